#include "gateway/enrolment/request_book.hpp"

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

TEST(RequestBook, RemembersWhoAskedAndWhatTheOperatorSaid) {
    const test::TempDir dir;
    EnrolmentEntry entry;
    entry.id = "device-1";
    entry.key.bytes[4] = std::byte{9};
    entry.vendor = "acme.example";
    entry.device_class = "edge-x64";
    entry.component = "firmware";
    entry.hardware = "rev \"C\"";
    entry.asked = Timestamp{std::chrono::seconds(1'800'000'000)};
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        auto book = RequestBook::open(*store).value();
        ASSERT_TRUE(book.save(entry));
        entry.standing = Standing::kBlocked;
        ASSERT_TRUE(book.save(entry));
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = RequestBook::open(*store).value();
    ASSERT_NE(book.find("device-1"), nullptr);
    EXPECT_EQ(*book.find("device-1"), entry);
    EXPECT_EQ(book.find("device"), nullptr);
    ASSERT_TRUE(book.forget("device-1"));
    ASSERT_TRUE(book.forget("device-1"));
    EXPECT_TRUE(RequestBook::open(*store)->entries().empty());
}

TEST(RequestBook, ForgetsWhatNobodyDecidedAndWhatWasRefusedAfterAWeek) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = RequestBook::open(*store).value();
    const Timestamp asked{std::chrono::seconds(1'800'000'000)};
    using enum Standing;
    for (const Standing standing : {kPending, kAccepted, kRefused, kBlocked}) {
        EnrolmentEntry entry;
        entry.id = to_string(standing);
        entry.standing = standing;
        entry.asked = asked;
        ASSERT_TRUE(book.save(entry));
    }
    EnrolmentEntry later;
    later.id = "later";
    later.asked = asked + std::chrono::seconds(1);
    ASSERT_TRUE(book.save(later));

    ASSERT_TRUE(book.forget_expired(asked + kRequestAgeMax - std::chrono::seconds(1)));
    EXPECT_EQ(book.entries().size(), 5U);
    ASSERT_TRUE(book.forget_expired(asked + kRequestAgeMax));
    book = RequestBook::open(*store).value();
    std::vector<std::string> left;
    for (const auto& [id, entry] : book.entries()) left.push_back(id);
    EXPECT_EQ(left, (std::vector<std::string>{"accepted", "blocked", "later"}));
}

TEST(RequestBook, HasAnEnd) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    ledger::WriteBatch batch;
    auto book = RequestBook::open(*store).value();
    EnrolmentEntry entry;
    entry.id = "0";
    ASSERT_TRUE(book.save(entry));
    const Bytes value = store->get(as_bytes("q0")).value();
    for (std::size_t i = 1; i < kRequestsMax; ++i) {
        batch.put(as_bytes("q" + std::to_string(i)), value);
    }
    ASSERT_TRUE(store->write_synced(batch));
    book = RequestBook::open(*store).value();
    entry.id = "one more";
    EXPECT_TRUE(book.save(entry).error().is(Refusal::kLimitExceeded));
    entry.id = "17";
    EXPECT_TRUE(book.save(entry)) << "known already";
}

}  // namespace
}  // namespace assay::gateway
