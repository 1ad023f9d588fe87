// Makes the writes of many requests durable with one fsync. Writes made under a Deferral are seen by
// reads at once and are on disk, all of a request together, when settled() returns. A thread of its
// own writes them, a flight at a time; what the process does meanwhile goes with the next flight, so
// that nobody who only reads waits for the disk. Any other write is on disk when it returns, and
// takes along what waits, so that no later write is ever on disk without an earlier one.
//
//     {
//         const GroupCommit::Deferral together(store);
//         ...  // write_synced() by whoever uses the store
//     }
//     co_await store.settled();  // now it may be acknowledged; durably() does all of this
//
// What nobody has waited for is written when the store is destroyed.
//
// Io thread only; `disk` is read there and written to by the other thread, one flight at a time. A
// store that failed once stays failed (key_value_store.hpp).

#pragma once

#include <future>
#include <map>
#include <memory>
#include <set>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

class GroupCommit final : public ledger::KeyValueStore {
  public:
    GroupCommit(boost::asio::any_io_executor executor, std::unique_ptr<ledger::KeyValueStore> disk)
        : executor_{std::move(executor)}, disk_{std::move(disk)} {}
    GroupCommit(const GroupCommit&) = delete;
    GroupCommit& operator=(const GroupCommit&) = delete;
    ~GroupCommit() override;

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
    using Changes = std::map<Bytes, std::optional<Bytes>>;  // none: erased

    void defer(const ledger::WriteBatch& batch);
    [[nodiscard]] const std::optional<Bytes>* find_change(ByteView key) const;
    void begin_flight();
    void take_in();
    [[nodiscard]] Result<void> write_all(const ledger::WriteBatch& last);
    void settle(const Result<void>& written, std::uint64_t up_to);

    boost::asio::any_io_executor executor_;
    std::unique_ptr<ledger::KeyValueStore> disk_;
    bool deferring_ = false;
    bool flight_is_due_ = false;
    Changes pending_;                     // for the next flight
    Changes flying_;                      // being written
    std::future<Result<void>> flight_;    // valid while one is under way
    std::uint64_t flights_ = 0;           // begun
    std::uint64_t flight_up_to_ = 0;      // `deferred_` when the last one began
    std::uint64_t deferred_ = 0;
    std::uint64_t durable_ = 0;  // of those
    std::set<boost::asio::steady_timer*> waiting_;
    boost::asio::thread_pool writer_{1};  // last: ends before what it writes to
};

// What durably() waits for: writes of its own, if there are any; or all there were until then, since what
// `work` finds to be so may have been written by another request a moment before.
enum class WaitFor { kOwnWrites, kAll };

// Does `work` under a Deferral; what it has written is on disk when this returns.
template <typename Work>
boost::asio::awaitable<Result<void>> durably(GroupCommit& store, Work work, WaitFor wait_for) {
    const std::uint64_t before = store.deferred();
    Result<void> done;
    {
        const GroupCommit::Deferral together(store);
        done = work();
    }
    if (!done || (wait_for == WaitFor::kOwnWrites && store.deferred() == before)) co_return done;
    Result<void> settled = co_await store.settled();
    co_return settled;
}

}  // namespace assay::gateway
