#include <gtest/gtest.h>

#include "gateway/api/status_api.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"

namespace assay::gateway {
namespace {

// A database on a disk that has failed, or not yet.
class DiskStore final : public ledger::KeyValueStore {
  public:
    [[nodiscard]] std::optional<Bytes> get(ByteView) const override { return std::nullopt; }
    void for_each(ByteView, const Visitor&) const override {}
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch&) override {
        return fail(std::errc::io_error, "write");
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return error; }

    std::optional<Error> error;
};

TEST(Readiness, NeedsAStoreThatWorks) {
    DiskStore store;
    EXPECT_EQ(readiness(false, {}, &store).status, 503U);
    EXPECT_EQ(readiness(true, {}, &store).status, 200U);
    EXPECT_EQ(readiness(true, {}, nullptr).status, 200U);
    store.error.emplace(std::make_error_code(std::errc::io_error), "read block 7");
    const http::Response response = readiness(true, {}, &store);
    EXPECT_EQ(response.status, 503U);
    EXPECT_NE(as_text(response.body).find("read block 7"), std::string_view::npos);
}

TEST(Readiness, NeedsLedgersThatWork) {
    const test::Founders founders(1);
    auto database = std::make_unique<test::MemoryStore>();
    test::MemoryStore& disk = *database;
    const auto chain = ledger::Chain::open(std::move(database), founders.genesis_bytes,
                                           ledger::consortium_rules()).value();
    const ledger::Chain* const ledgers[] = {chain.get()};
    EXPECT_EQ(readiness(true, ledgers, nullptr).status, 200U);
    disk.break_down();
    const http::Response response = readiness(true, ledgers, nullptr);
    EXPECT_EQ(response.status, 503U);
    EXPECT_NE(as_text(response.body).find("consortium ledger"), std::string_view::npos);
}

}  // namespace
}  // namespace assay::gateway
