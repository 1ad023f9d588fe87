#include "gateway/verify/verdict_store.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

TEST(VerdictStore, RemembersVerdictsOverARestart) {
    const test::TempDir dir;
    ledger::LeafHash good, bad, other;
    good.bytes[0] = std::byte{1};
    bad.bytes[0] = std::byte{2};
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        VerdictStore verdicts(*store);
        EXPECT_FALSE(verdicts.is_verified(good));
        ASSERT_TRUE(verdicts.mark_verified(good));
        ASSERT_TRUE(verdicts.mark_refused(bad, Refusal::kImageDigestMismatch, "not the image"));
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    const VerdictStore verdicts(*store);
    EXPECT_TRUE(verdicts.is_verified(good));
    EXPECT_FALSE(verdicts.refusal(good));
    EXPECT_FALSE(verdicts.is_verified(bad));
    ASSERT_TRUE(verdicts.refusal(bad));
    EXPECT_TRUE(verdicts.refusal(bad)->is(Refusal::kImageDigestMismatch));
    EXPECT_EQ(verdicts.refusal(bad)->context(), "not the image");
    EXPECT_FALSE(verdicts.is_verified(other));
    EXPECT_FALSE(verdicts.refusal(other));
}

}  // namespace
}  // namespace assay::gateway
