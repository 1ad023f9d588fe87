#include "gateway/group_commit.hpp"

#include <atomic>
#include <semaphore>
#include <thread>

#include <gtest/gtest.h>

#include "tests/support/memory_store.hpp"
#include "tests/support/run_awaitable.hpp"

namespace assay::gateway {
namespace {

// Counts what reaches the disk.
class CountingStore final : public ledger::KeyValueStore {
  public:
    ~CountingStore() override {
        if (left == nullptr) return;
        memory.for_each({}, [&](ByteView key, ByteView value) {
            *left += std::string(as_text(key)) + "=" + std::string(as_text(value)) + " ";
            return true;
        });
    }
    std::optional<Bytes> get(ByteView key) const override { return memory.get(key); }
    void for_each(ByteView prefix, const Visitor& visit) const override { memory.for_each(prefix, visit); }
    Result<void> write_synced(const ledger::WriteBatch& batch) override {
        ++writes;
        if (is_slow) allowed.acquire();
        return memory.write_synced(batch);
    }
    const std::optional<Error>& failure() const noexcept override { return memory.failure(); }

    test::MemoryStore memory;
    std::atomic<int> writes{0};
    bool is_slow = false;  // a write waits until it is `allowed`
    std::counting_semaphore<> allowed{0};
    std::string* left = nullptr;  // what is on it in the end
};

class GroupCommits : public testing::Test {
  protected:
    GroupCommits() {
        auto disk = std::make_unique<CountingStore>();
        disk_ = disk.get();
        store_ = std::make_unique<GroupCommit>(io_.get_executor(), std::move(disk));
    }
    static ledger::WriteBatch put(std::string_view key, std::string_view value) {
        ledger::WriteBatch batch;
        batch.put(as_bytes(key), as_bytes(value));
        return batch;
    }
    void write(std::string_view key, std::string_view value) {
        EXPECT_TRUE(store_->write_synced(put(key, value)));
    }
    void defer(std::string_view key, std::string_view value) {
        const GroupCommit::Deferral together(*store_);
        write(key, value);
    }
    std::string at(const ledger::StateView& store, std::string_view key) const {
        const auto value = store.get(as_bytes(key));
        return value ? std::string(as_text(*value)) : "none";
    }
    std::string all() const {
        std::string out;
        store_->for_each(as_bytes("k"), [&](ByteView key, ByteView value) {
            out += std::string(as_text(key)) + "=" + std::string(as_text(value)) + " ";
            return true;
        });
        return out;
    }

    boost::asio::io_context io_;
    CountingStore* disk_ = nullptr;
    std::unique_ptr<GroupCommit> store_;
};

TEST_F(GroupCommits, OneFsyncForManyRequests) {
    for (int i = 0; i < 100; ++i) defer("k" + std::to_string(i), "v");
    EXPECT_EQ(disk_->writes, 0);
    EXPECT_EQ(at(*store_, "k7"), "v") << "seen at once";
    EXPECT_EQ(at(*disk_, "k7"), "none") << "but not on disk";
    EXPECT_TRUE(test::run_awaitable(io_, store_->settled()));
    EXPECT_EQ(disk_->writes, 1);
    EXPECT_EQ(at(*disk_, "k7"), "v");
    EXPECT_TRUE(test::run_awaitable(io_, store_->settled())) << "nothing waits";
    EXPECT_EQ(disk_->writes, 1);
}

TEST_F(GroupCommits, NothingIsAcknowledgedBeforeItIsOnDisk) {
    bool acknowledged = false;
    const auto request = [&]() -> boost::asio::awaitable<void> {
        defer("k", "v");
        const Result<void> settled = co_await store_->settled();
        acknowledged = settled && at(*disk_, "k") == "v";
    };
    test::run_awaitable(io_, request());
    EXPECT_TRUE(acknowledged);
}

TEST_F(GroupCommits, AWriteThatDoesNotWaitTakesAlongWhatDoes) {
    defer("k1", "old");
    defer("k1", "new");
    write("k2", "v");
    EXPECT_EQ(disk_->writes, 1) << "one write: never the second without the first";
    EXPECT_EQ(at(*disk_, "k1"), "new");
    EXPECT_EQ(at(*disk_, "k2"), "v");
}

TEST_F(GroupCommits, ReadsSeeDiskAndWaitingWritesAsOne) {
    write("k1", "a");
    write("k3", "c");
    defer("k2", "b");
    defer("k3", "C");
    {
        const GroupCommit::Deferral together(*store_);
        ledger::WriteBatch erase;
        erase.erase(as_bytes("k1"));
        EXPECT_TRUE(store_->write_synced(erase));
    }
    EXPECT_EQ(all(), "k2=b k3=C ");
    EXPECT_EQ(at(*store_, "k1"), "none");
    EXPECT_TRUE(test::run_awaitable(io_, store_->settled()));
    EXPECT_EQ(all(), "k2=b k3=C ");
    EXPECT_EQ(at(*disk_, "k1"), "none");
}

TEST_F(GroupCommits, NobodyButWhoWritesWaitsForTheDisk) {
    disk_->is_slow = true;
    defer("k1", "a");
    io_.poll();  // under way, and not there yet
    EXPECT_EQ(at(*store_, "k1"), "a");
    defer("k1", "b");
    defer("k2", "c");
    EXPECT_EQ(all(), "k1=b k2=c ");
    disk_->allowed.release(2);
    EXPECT_TRUE(test::run_awaitable(io_, store_->settled()));
    EXPECT_EQ(disk_->writes, 2) << "what came meanwhile went together";
    EXPECT_EQ(at(*disk_, "k1"), "b");
    EXPECT_EQ(at(*disk_, "k2"), "c");
}

TEST_F(GroupCommits, AWriteThatDoesNotWaitComesAfterThatUnderWay) {
    disk_->is_slow = true;
    defer("k1", "a");
    io_.poll();
    defer("k1", "b");
    std::thread disk([this] { disk_->allowed.release(2); });
    write("k2", "v");
    disk.join();
    EXPECT_EQ(disk_->writes, 2);
    EXPECT_EQ(at(*disk_, "k1"), "b");
    EXPECT_EQ(at(*disk_, "k2"), "v");
    EXPECT_TRUE(test::run_awaitable(io_, store_->settled())) << "nothing waits";
    EXPECT_EQ(disk_->writes, 2);
}

// What a request finds written may have been written by another one a moment before.
TEST_F(GroupCommits, WhoAcknowledgesWhatIsKnownWaitsForItsFirstWriting) {
    disk_->is_slow = true;
    defer("k", "v");
    io_.poll();  // under way, and not there yet
    const auto finds_it = [&]() -> Result<void> {
        EXPECT_EQ(at(*store_, "k"), "v");
        return {};
    };
    std::optional<Result<void>> poll, receipt;
    const auto into = [](auto& out) {
        return [&out](const std::exception_ptr&, Result<void> done) { out = std::move(done); };
    };
    boost::asio::co_spawn(io_, durably(*store_, finds_it, WaitFor::kOwnWrites), into(poll));
    boost::asio::co_spawn(io_, durably(*store_, finds_it, WaitFor::kAll), into(receipt));
    io_.restart();
    io_.poll();
    EXPECT_TRUE(poll) << "it has written nothing";
    EXPECT_FALSE(receipt);
    disk_->allowed.release(1);
    test::run_until(io_, [&] { return receipt.has_value(); });
    EXPECT_TRUE(*receipt);
    EXPECT_EQ(at(*disk_, "k"), "v");
}

TEST_F(GroupCommits, WhatNobodyWaitsForIsWrittenInTheEnd) {
    std::string kept;
    disk_->left = &kept;
    disk_->is_slow = true;
    defer("k1", "a");
    io_.poll();  // under way
    defer("k2", "b");
    disk_->allowed.release(2);
    store_.reset();
    EXPECT_EQ(kept, "k1=a k2=b ");
}

TEST_F(GroupCommits, ABrokenDiskIsSaidToEveryoneWhoWaits) {
    defer("k", "v");
    disk_->memory.break_down();
    EXPECT_FALSE(test::run_awaitable(io_, store_->settled()));
    const GroupCommit::Deferral together(*store_);
    EXPECT_FALSE(store_->write_synced(put("k", "v")));
    EXPECT_EQ(at(*store_, "k"), "none");
}

}  // namespace
}  // namespace assay::gateway
