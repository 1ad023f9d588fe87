#include "gateway/enrolment/token_book.hpp"

#include <set>

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

constexpr Timestamp kNow{std::chrono::seconds(1'800'000'000)};

TokenTerms terms() { return {"acme.example", "edge-x64", kNow + std::chrono::hours(1)}; }

TokenUser device(const std::string& id, std::uint8_t key = 1) {
    TokenUser user;
    user.id = id;
    user.key.bytes.fill(static_cast<std::byte>(key));
    user.vendor = "acme.example";
    user.device_class = "edge-x64";
    return user;
}

TEST(TokenBook, EachTokenWorksOnceAlsoAfterARestart) {
    const test::TempDir dir;
    std::vector<std::string> secrets;
    {
        auto store = ledger::open_leveldb(dir.path()).value();
        auto book = TokenBook::open(*store).value();
        secrets = book.make(3, terms(), kNow).value();
        EXPECT_EQ(std::set(secrets.begin(), secrets.end()).size(), 3U);
        ASSERT_EQ(book.use(secrets[0], device("a"), kNow).value(), TokenVerdict::kGood);
    }
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = TokenBook::open(*store).value();
    const auto use = [&](const std::string& secret, const TokenUser& user, Timestamp now) {
        return book.use(secret, user, now).value();
    };
    EXPECT_EQ(use(secrets[0], device("a"), kNow), TokenVerdict::kGood) << "its answer may be lost";
    EXPECT_EQ(use(secrets[0], device("a"), kNow + std::chrono::hours(9)), TokenVerdict::kGood);
    EXPECT_EQ(use(secrets[0], device("b"), kNow), TokenVerdict::kUsed);
    EXPECT_EQ(use(secrets[0], device("a", 2), kNow), TokenVerdict::kUsed);
    EXPECT_EQ(use(secrets[1], device("b"), kNow), TokenVerdict::kGood);
    EXPECT_EQ(book.count(kNow).used, 2U);
    EXPECT_EQ(book.count(kNow).unused, 1U);
}

TEST(TokenBook, TakesNoTokenThatIsNotOneOrNotForThisDevice) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = TokenBook::open(*store).value();
    const std::string secret = book.make(1, terms(), kNow).value()[0];
    const auto use = [&](const std::string& shown, const TokenUser& user, Timestamp now) {
        return to_word(book.use(shown, user, now).value());
    };
    EXPECT_EQ(use("00", device("a"), kNow), "token-unknown");
    EXPECT_EQ(use("", device("a"), kNow), "token-unknown");
    TokenUser other = device("a");
    other.device_class = "edge-arm";
    EXPECT_EQ(use(secret, other, kNow), "class-mismatch");
    other = device("a");
    other.vendor = "other.example";
    EXPECT_EQ(use(secret, other, kNow), "vendor-mismatch");
    EXPECT_EQ(use(secret, device("a"), kNow + std::chrono::hours(1)), "token-expired");
    EXPECT_EQ(use(secret, device("a"), kNow), "good") << "none of these has used it up";
}

TEST(TokenBook, KeepsNoSecret) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = TokenBook::open(*store).value();
    const std::string secret = book.make(1, terms(), kNow).value()[0];
    store->for_each({}, [&](ByteView key, ByteView value) {
        EXPECT_EQ(as_text(key).find(secret), std::string_view::npos);
        EXPECT_EQ(as_text(value).find(secret), std::string_view::npos);
        return true;
    });
}

TEST(TokenBook, ForgetsWhatExpiredWhenMoreAreMade) {
    const test::TempDir dir;
    auto store = ledger::open_leveldb(dir.path()).value();
    auto book = TokenBook::open(*store).value();
    ASSERT_TRUE(book.make(5, terms(), kNow));
    const Timestamp later = kNow + std::chrono::hours(2);
    EXPECT_EQ(book.count(later).expired, 5U);
    EXPECT_FALSE(book.make(1, terms(), later)) << "already expired";
    TokenTerms longer = terms();
    longer.expires = later + std::chrono::hours(1);
    ASSERT_TRUE(book.make(1, longer, later));
    EXPECT_EQ(book.count(later).expired, 0U);
    EXPECT_EQ(book.count(later).unused, 1U);
    EXPECT_FALSE(book.make(0, longer, later));
    EXPECT_FALSE(book.make(kTokensAtOnceMax + 1, longer, later));
}

}  // namespace
}  // namespace assay::gateway
