#include "gateway/release/release_lookup.hpp"

#include <map>

#include <gtest/gtest.h>

#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::gateway {
namespace {

// A consortium ledger in memory, by the real rules: releases are applied one after another.
class Lookup : public testing::Test {
  protected:
    Lookup() { put(consortium_.sign(consortium_.policy())); }

    ledger::LeafHash put(const Bytes& bytes) {
        const auto tx = ledger::decode_transaction(bytes).value();
        const auto registry = consortium_.registry();
        const ledger::TxContext context{1, registry, consortium_.chain_id};
        const auto checked = ledger::consortium_rules().check(tx, state_, context);
        EXPECT_TRUE(checked) << checked.error().to_string();
        ledger::consortium_rules().apply(tx, index_, state_);
        ledger::FoundTransaction found;
        found.bytes = bytes;
        found.height = static_cast<ledger::BlockHeight>(index_ + 1);
        found.log_index = index_++;
        transactions_[tx.leaf] = found;
        return tx.leaf;
    }
    ledger::LeafHash release(std::uint64_t sequence, const std::string& component = "firmware") {
        ledger::ReleaseRecord record = consortium_.release(sequence, as_bytes("image"));
        record.component = component;
        return put(consortium_.sign(record));
    }
    [[nodiscard]] ConsortiumView view(std::uint64_t final_size) const {
        return {state_, final_size,
                [this](const ledger::LeafHash& leaf) -> std::optional<ledger::FoundTransaction> {
                    const auto found = transactions_.find(leaf);
                    if (found == transactions_.end()) return std::nullopt;
                    return found->second;
                }};
    }

    test::TestConsortium consortium_;
    ledger::EmptyState nothing_;
    ledger::StateOverlay state_{nothing_};
    ledger::LogIndex index_ = 0;
    std::map<ledger::LeafHash, ledger::FoundTransaction> transactions_;
};

TEST_F(Lookup, FindsTheNewestFinalReleaseOfEachTarget) {
    release(1);
    const auto second = release(2);
    const auto radio = release(7, "radio");
    const auto found = newest_final_releases(view(4));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].leaf, second);
    EXPECT_TRUE(found[0].final);
    EXPECT_EQ(found[0].record.sequence, 2U);
    EXPECT_EQ(found[0].issuer, "oem");
    EXPECT_EQ(found[1].leaf, radio);
}

TEST_F(Lookup, KeepsToTheLastFinalOneWhileANewerOneIsNot) {
    const auto first = release(1);
    release(2);
    const auto found = newest_final_releases(view(2));  // policy and first release
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].leaf, first);
}

TEST_F(Lookup, FindsNothingBeforeAnythingIsFinal) {
    release(1);
    EXPECT_TRUE(newest_final_releases(view(0)).empty());
    EXPECT_TRUE(newest_final_releases(view(1)).empty());
    const auto all = all_releases(view(1));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_FALSE(all[0].final);
}

TEST_F(Lookup, TellsReleasesFromOtherTransactionsAndFromNone) {
    const auto leaf = release(1);
    ASSERT_TRUE(find_release(view(9), leaf));
    EXPECT_EQ(find_release(view(9), leaf)->log_index, 1U);
    ledger::LeafHash unknown;
    EXPECT_TRUE(find_release(view(9), unknown).error().is(Refusal::kReleaseUnknown));
    const auto policy = ledger::find_policy(state_, consortium_.vendor)->leaf;
    EXPECT_TRUE(find_release(view(9), policy).error().is(Refusal::kReleaseUnknown));
}

TEST(KnownReleases, TheFullImageIsTheOneToInstall) {
    KnownRelease release;
    EXPECT_EQ(release.full_image(), nullptr);
    ledger::ReleaseImage delta, full;
    delta.role = ledger::ImageRole::kDelta;
    full.bytes = 5;
    release.record.images = {delta, full};
    EXPECT_EQ(release.full_image()->bytes, 5U);
}

}  // namespace
}  // namespace assay::gateway
