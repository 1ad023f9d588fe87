// Makes the writes of many requests durable with one fsync. Writes made under a Deferral are seen by
// reads at once and are on disk, all of a request together, when settled() returns; what the process
// is ready to do meanwhile adds its writes to the same fsync. Any other write is on disk when it
// returns, and takes along what waits, so that no later write is ever on disk without an earlier one.
//
//     {
//         const GroupCommit::Deferral together(store);
//         ...  // write_synced() by whoever uses the store
//     }
//     co_await store.settled();  // now it may be acknowledged
//
// Io thread only. A store that failed once stays failed (key_value_store.hpp).

#pragma once

#include <map>
#include <memory>
#include <set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

class GroupCommit final : public ledger::KeyValueStore {
  public:
    GroupCommit(boost::asio::any_io_executor executor, std::unique_ptr<ledger::KeyValueStore> disk)
        : executor_{std::move(executor)}, disk_{std::move(disk)} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override;
    void for_each(ByteView prefix, const Visitor& visit) const override;
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override;
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return disk_->failure();
    }

    // For a scope without co_await.
    class Deferral {
      public:
        explicit Deferral(GroupCommit& store) : store_{store} { store_.deferring_ = true; }
        ~Deferral() { store_.deferring_ = false; }
        Deferral(const Deferral&) = delete;
        Deferral& operator=(const Deferral&) = delete;

      private:
        GroupCommit& store_;
    };
    // How many writes were deferred so far: to see whether a scope made any.
    [[nodiscard]] std::uint64_t deferred() const noexcept { return deferred_; }
    // Returns when all of them are on disk; fails if they cannot be.
    [[nodiscard]] boost::asio::awaitable<Result<void>> settled();

  private:
    void defer(const ledger::WriteBatch& batch);
    [[nodiscard]] Result<void> flush(const ledger::WriteBatch& last);

    boost::asio::any_io_executor executor_;
    std::unique_ptr<ledger::KeyValueStore> disk_;
    bool deferring_ = false;
    bool flush_is_due_ = false;
    std::map<Bytes, std::optional<Bytes>> pending_;  // none: erased
    std::uint64_t deferred_ = 0;
    std::uint64_t durable_ = 0;  // of those
    std::set<boost::asio::steady_timer*> waiting_;
};

}  // namespace assay::gateway
