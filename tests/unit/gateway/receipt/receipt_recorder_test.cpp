// The promise under test: every acknowledged receipt ends up on the gateway ledger exactly once,
// wherever the process is stopped. Store and chain are real ones on disk; the stop is an exception
// thrown at a chosen write or submission, after which everything is opened anew.

#include "gateway/receipt/receipt_recorder.hpp"

#include <gtest/gtest.h>

#include "gateway/receipt/receipt_audit.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt.hpp"
#include "ledger/core/registry_change.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

struct Stop {};

// Stops the process at the n-th point where something durable is about to happen or has happened.
class StopPoints {
  public:
    explicit StopPoints(int stop_at) : left_{stop_at} {}
    void pass() {
        if (--left_ == 0) throw Stop{};
    }
    [[nodiscard]] bool stopped() const { return left_ <= 0; }

  private:
    int left_;
};

class StoppingStore final : public ledger::KeyValueStore {
  public:
    StoppingStore(std::unique_ptr<KeyValueStore> store, StopPoints& points)
        : store_{std::move(store)}, points_{&points} {}
    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override { return store_->get(key); }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        store_->for_each(prefix, visit);
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        points_->pass();
        auto written = store_->write_synced(batch);
        points_->pass();
        return written;
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return store_->failure();
    }

  private:
    std::unique_ptr<KeyValueStore> store_;
    StopPoints* points_;
};

// A ledger's database whose disk fails when a transaction is read from its block.
class FailsAtRead final : public ledger::KeyValueStore {
  public:
    explicit FailsAtRead(bool& fails) : fails_{&fails} {}
    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override { return store_.get(key); }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        store_.for_each(prefix, visit);
    }
    [[nodiscard]] std::optional<Bytes> get_part(ByteView key,
                                                std::size_t offset,
                                                std::size_t size) const override {
        if (*fails_) store_.break_down();
        return store_.get_part(key, offset, size);
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        return store_.write_synced(batch);
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return store_.failure();
    }

  private:
    bool* fails_;
    mutable test::MemoryStore store_;
};

// One gateway (slot 0) of two, its store and its ledger.
class Gateway {
  public:
    Gateway(const std::filesystem::path& dir, test::Founders& founders, StopPoints& points)
        : Gateway(dir,
                  founders,
                  points,
                  ledger::Chain::open(dir / "chain", founders.genesis_bytes, ledger::gateway_rules())
                      .value()) {}
    Gateway(const std::filesystem::path& dir,
            test::Founders& founders,
            StopPoints& points,
            std::unique_ptr<ledger::Chain> chain)
        : founders_{founders},
          points_{points},
          store_{ledger::open_leveldb(dir / "store").value(), points},
          receipts_{ReceiptStore::open(store_).value()},
          chain_{std::move(chain)},
          recorder_{receipts_, ledger(), {0, "m0", founders.members[0].tx}, options()} {}

    [[nodiscard]] ReceiptStore& receipts() { return receipts_; }
    [[nodiscard]] ReceiptRecorder& recorder() { return recorder_; }
    [[nodiscard]] ledger::Chain& chain() { return *chain_; }
    void mine(std::uint32_t& now) { founders_.extend_and_vote(*chain_, now); }

    void see_consortium(ledger::BlockHeight height) {
        head_ = {height, crypto::sha256(as_bytes(std::to_string(height))).as<ledger::BlockId>(), height};
    }

    [[nodiscard]] std::uint64_t final_size() const {
        return chain_->at_height(chain_->final_block().height).log_size;
    }

  private:
    RecorderLedger ledger() {
        const auto submit = [this](ByteView transaction) -> Result<void> {
            points_.pass();
            const auto accepted = chain_->accept_transaction(transaction);
            points_.pass();
            if (!accepted) return fail(Error(accepted.error()));
            return {};
        };
        return {*chain_, submit, [this] { return final_size(); }, [this] { return head_; }};
    }
    static RecorderOptions options() {
        RecorderOptions options;
        options.flush_age = std::chrono::seconds(60);
        options.flush_count = 2;
        return options;
    }

    test::Founders& founders_;
    StopPoints& points_;
    ledger::ConsortiumHead head_;
    StoppingStore store_;
    ReceiptStore receipts_;
    std::unique_ptr<ledger::Chain> chain_;
    ReceiptRecorder recorder_;
};

class Recorder : public testing::Test {
  protected:
    Recorder() {
        founders_.genesis.kind = ledger::LedgerKind::kGateway;
        founders_.genesis.consortium.emplace();
        founders_.seal_genesis();
        EXPECT_TRUE(std::filesystem::create_directories(dir_.path() / "store"));
        EXPECT_TRUE(std::filesystem::create_directories(dir_.path() / "chain"));
    }

    // Acknowledged means that add() returned: a receipt whose writing was stopped is sent again.
    void deliver(Gateway& gateway, std::uint32_t upto) {
        for (std::uint32_t counter = 1; counter <= upto; ++counter) {
            const auto added =
                gateway.receipts().add(crypto::KeyId{}, counter, receipt(counter), test::at(now_));
            ASSERT_TRUE(added) << added.error().to_string();
        }
    }
    const Bytes& receipt(std::uint32_t counter) {
        Bytes& bytes = signed_[counter];
        if (bytes.empty()) {
            ledger::ReceiptBody body;
            body.counter = counter;
            body.event = ledger::ReceiptEvent::kConfirmed;
            bytes = ledger::sign_receipt(body, device_).value();
        }
        return bytes;
    }
    // Steps and blocks until there is nothing left to record.
    void settle(Gateway& gateway) {
        for (int round = 0; round < 100; ++round) {
            const auto step = gateway.recorder().step(test::at(now_));
            ASSERT_TRUE(step) << step.error().to_string();
            if (gateway.recorder().on_ledger() == gateway.receipts().stored()) return;
            if (*step != ReceiptRecorder::Step::kBatchMade) gateway.mine(now_);
            now_ += 20;
        }
        FAIL() << "the recorder does not come to an end";
    }
    // The whole story: five receipts come in two lots and are recorded in batches of at most two.
    void live(Gateway& gateway) {
        deliver(gateway, 3);
        settle(gateway);
        deliver(gateway, 5);
        settle(gateway);
    }

    static void make_folders(const std::filesystem::path& world) {
        ASSERT_TRUE(std::filesystem::create_directories(world / "store"));
        ASSERT_TRUE(std::filesystem::create_directories(world / "chain"));
    }
    void copy(const ledger::Chain& from, ledger::Chain& to) const {
        for (ledger::BlockHeight height = 1; height <= from.tip().height; ++height) {
            const auto block = from.block(from.id_at(height).value()).value();
            ASSERT_EQ(to.accept_block(block, test::at(now_)).verdict, ledger::BlockVerdict::kValid);
        }
    }

    test::TempDir dir_{test::memory_folder()};
    test::Founders founders_{2};
    crypto::PrivateKey device_ = test::new_key(crypto::Algorithm::kEcdsaP256);
    std::map<std::uint32_t, Bytes> signed_;
    std::uint32_t now_ = test::kGenesisTime + 100;
};

TEST_F(Recorder, RecordsInOrderAndInBatches) {
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    live(gateway);
    const auto audit = audit_receipts(gateway.receipts(), gateway.chain(), 0).value();
    EXPECT_EQ(audit.stored, 5U);
    EXPECT_EQ(audit.on_ledger, 5U);
    EXPECT_EQ(audit.missing, 0U);
    EXPECT_EQ(audit.on_ledger_twice, 0U);
    EXPECT_EQ(audit.batches, 3U);  // of 2, 1 and 2
    const auto batches = gateway.receipts().batches().value();
    EXPECT_EQ(batches[1].first, 3U);
    EXPECT_EQ(ledger::last_batch(gateway.chain().state(), 0)->batch_no, audit.batches);
}

TEST_F(Recorder, WaitsForAgeOrCount) {
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    using Step = ReceiptRecorder::Step;
    EXPECT_EQ(gateway.recorder().step(test::at(now_)), Step::kIdle);
    deliver(gateway, 1);
    EXPECT_EQ(gateway.recorder().step(test::at(now_ + 59)), Step::kIdle);
    EXPECT_EQ(gateway.recorder().step(test::at(now_ + 60)), Step::kBatchMade);
    EXPECT_EQ(gateway.recorder().step(test::at(now_ + 60)), Step::kSubmitted);
    EXPECT_EQ(gateway.recorder().step(test::at(now_ + 60)), Step::kWaiting);
    deliver(gateway, 5);
    EXPECT_EQ(gateway.receipts().newest_batch()->end(), 2U) << "one unconfirmed batch at most";
    settle(gateway);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->missing, 0U);
}

TEST_F(Recorder, DoesNotWaitForATimeThatTheClockOnlySeemedToBe) {
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    ASSERT_TRUE(gateway.receipts().add(crypto::KeyId{}, 1, receipt(1),
                                       test::at(now_ + 300'000'000)));
    EXPECT_EQ(gateway.recorder().step(test::at(now_)), ReceiptRecorder::Step::kBatchMade);
}

// Its newest batch is final and valid no more when the disk fails as it is read.
TEST_F(Recorder, AnUnreadableLedgerOverwritesNoBatch) {
    founders_.genesis.params.validity_blocks_max = 3;
    founders_.genesis.params.heartbeat_s = 60;
    founders_.seal_genesis();
    StopPoints never(-1);
    bool fails = false;
    Gateway gateway(dir_.path(), founders_, never,
                    ledger::Chain::open(std::make_unique<FailsAtRead>(fails),
                                        founders_.genesis_bytes, ledger::gateway_rules())
                        .value());
    deliver(gateway, 2);
    settle(gateway);
    deliver(gateway, 4);
    settle(gateway);
    const auto before = gateway.receipts().batches().value();
    ASSERT_EQ(before.size(), 2U);
    while (gateway.chain().final_block().height <= before.back().valid_until) gateway.mine(now_);

    fails = true;
    EXPECT_FALSE(gateway.recorder().step(test::at(now_)));
    ASSERT_TRUE(gateway.chain().has_failed());
    EXPECT_FALSE(gateway.recorder().step(test::at(now_))) << "also once it is known to have failed";
    const auto after = gateway.receipts().batches().value();
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < before.size(); ++i) {
        EXPECT_EQ(after[i].first, before[i].first);
        EXPECT_EQ(after[i].leaf, before[i].leaf);
    }
}

TEST_F(Recorder, EachReceiptCountsOnceWhereverTheProcessStops) {
    for (int stop_at = 1;; ++stop_at) {
        const test::TempDir world(test::memory_folder());
        ASSERT_TRUE(std::filesystem::create_directories(world.path() / "store"));
        ASSERT_TRUE(std::filesystem::create_directories(world.path() / "chain"));
        StopPoints points(stop_at);
        bool stopped = false;
        try {
            Gateway gateway(world.path(), founders_, points);
            live(gateway);
        } catch (const Stop&) {
            stopped = true;
        }
        StopPoints never(-1);
        Gateway gateway(world.path(), founders_, never);
        live(gateway);
        const auto audit = audit_receipts(gateway.receipts(), gateway.chain(), 0).value();
        ASSERT_EQ(audit.stored, 5U) << "stopped at " << stop_at;
        ASSERT_EQ(audit.missing, 0U) << "stopped at " << stop_at;
        ASSERT_EQ(audit.on_ledger_twice, 0U) << "stopped at " << stop_at;
        ASSERT_EQ(ledger::last_batch(gateway.chain().state(), 0)->batch_no, audit.batches)
            << "a batch is on the ledger that the store does not know; stopped at " << stop_at;
        if (!stopped) {
            EXPECT_GT(stop_at, 15) << "too few points to prove anything";
            return;
        }
    }
}

TEST_F(Recorder, SignsAnewOnlyWhenTheOldSignatureCanCountNoMore) {
    founders_.genesis.params.validity_blocks_max = 3;
    founders_.genesis.params.heartbeat_s = 60;
    founders_.seal_genesis();
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    deliver(gateway, 2);
    using Step = ReceiptRecorder::Step;
    ASSERT_EQ(gateway.recorder().step(test::at(now_)), Step::kBatchMade);
    const BatchRecord first = *gateway.receipts().newest_batch();
    // It is never submitted, and the chain goes on without it.
    while (gateway.chain().final_block().height <= first.valid_until) {
        const auto before = gateway.chain().tip().height;
        gateway.mine(now_);
        ASSERT_GT(gateway.chain().tip().height, before);
    }
    ASSERT_EQ(gateway.recorder().step(test::at(now_)), Step::kBatchMade);
    const BatchRecord second = *gateway.receipts().newest_batch();
    EXPECT_EQ(second.batch_no, first.batch_no);
    EXPECT_EQ(second.first, first.first);
    EXPECT_EQ(second.count, first.count);
    EXPECT_NE(second.leaf, first.leaf);
    settle(gateway);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->on_ledger, 2U);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->on_ledger_twice, 0U);
}

TEST_F(Recorder, ABatchByAReplacedKeyIsSignedAnewUnderItsNumber) {
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    deliver(gateway, 2);
    using Step = ReceiptRecorder::Step;
    ASSERT_EQ(gateway.recorder().step(test::at(now_)), Step::kBatchMade);
    const BatchRecord first = *gateway.receipts().newest_batch();

    test::TestMember& self = founders_.members[0];
    crypto::PrivateKey next = test::new_key();
    ledger::RegistryChange change;
    change.kind = ledger::ChangeKind::kRotateKey;
    change.purpose = ledger::KeyPurpose::kTx;
    ASSERT_TRUE(sign_rotation(change, founders_.chain_id, next));
    const Bytes encoded = encode_change(change);
    ledger::TxBody body;
    body.type = ledger::TxType::kRotateKey;
    body.chain_id = founders_.chain_id;
    body.valid_until = 1'000;
    body.body = encoded;
    const Bytes rotation = test::sign(body, self, rotation_subject(change), self.root);
    ASSERT_TRUE(gateway.chain().accept_transaction(rotation));
    gateway.mine(now_);
    ASSERT_EQ(gateway.chain().registry().find(0)->tx, next.public_key());
    EXPECT_FALSE(gateway.recorder().step(test::at(now_))) << "the key that it has is not good any more";

    self.tx = std::move(next);
    ASSERT_EQ(gateway.recorder().step(test::at(now_)), Step::kBatchMade);
    const BatchRecord second = *gateway.receipts().newest_batch();
    EXPECT_EQ(second.batch_no, first.batch_no);
    EXPECT_EQ(second.root, first.root);
    EXPECT_NE(second.leaf, first.leaf);
    settle(gateway);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->on_ledger, 2U);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->on_ledger_twice, 0U);
}

// Its consortium ledger was lost with the disk, and is being fetched again.
TEST_F(Recorder, WaitsUntilItKnowsTheConsortiumAsWellAsBefore) {
    StopPoints never(-1);
    Gateway gateway(dir_.path(), founders_, never);
    gateway.see_consortium(9);
    deliver(gateway, 2);
    settle(gateway);
    gateway.see_consortium(8);
    deliver(gateway, 4);
    using Step = ReceiptRecorder::Step;
    EXPECT_EQ(gateway.recorder().step(test::at(now_)), Step::kWaiting);
    EXPECT_EQ(gateway.receipts().newest_batch()->batch_no, 1U);
    gateway.see_consortium(10);
    settle(gateway);
    EXPECT_EQ(audit_receipts(gateway.receipts(), gateway.chain(), 0)->on_ledger, 4U);
    EXPECT_EQ(ledger::last_batch(gateway.chain().state(), 0)->consortium.height, 10U);
}

// A gateway that lost all its data made its first batch before its node had the ledger back.
TEST_F(Recorder, ABatchWhoseNumberIsTakenGetsTheNextOne) {
    StopPoints never(-1);
    Gateway before(dir_.path(), founders_, never);
    live(before);
    const test::TempDir world(test::memory_folder());
    make_folders(world.path());
    Gateway after(world.path(), founders_, never);
    for (std::uint32_t counter = 11; counter <= 14; ++counter) {
        ASSERT_TRUE(after.receipts().add(crypto::KeyId{}, counter, receipt(counter),
                                         test::at(now_)));
    }
    ASSERT_EQ(after.recorder().step(test::at(now_)), ReceiptRecorder::Step::kBatchMade);
    ASSERT_EQ(after.receipts().newest_batch()->batch_no, 1U);
    copy(before.chain(), after.chain());
    EXPECT_EQ(after.recorder().step(test::at(now_)), ReceiptRecorder::Step::kWaiting);
    // Nobody has what it lost (receipt_restorer_test.cpp).
    ASSERT_TRUE(after.receipts().drop_newest_batch());
    for (std::uint64_t batch_no = 1; batch_no <= 3; ++batch_no) {
        EXPECT_EQ(after.recorder().step(test::at(now_ + 100)), ReceiptRecorder::Step::kWaiting);
        LostBatch lost;
        lost.batch_no = batch_no;
        ASSERT_TRUE(after.receipts().note_lost(lost));
    }
    now_ += 100;
    settle(after);
    EXPECT_EQ(after.receipts().newest_batch()->batch_no, 5U);
    const auto audit = audit_receipts(after.receipts(), after.chain(), 0).value();
    EXPECT_EQ(audit.on_ledger, 4U);
    EXPECT_EQ(audit.missing, 0U);
    EXPECT_EQ(audit.on_ledger_twice, 0U);
}

// The same, but the devices sent the very receipts that were recorded before.
TEST_F(Recorder, ABatchThatIsOnTheLedgerAlreadyIsNotRecordedAgain) {
    StopPoints never(-1);
    Gateway before(dir_.path(), founders_, never);
    deliver(before, 2);
    settle(before);
    const test::TempDir world(test::memory_folder());
    make_folders(world.path());
    Gateway after(world.path(), founders_, never);
    deliver(after, 2);
    ASSERT_EQ(after.recorder().step(test::at(now_)), ReceiptRecorder::Step::kBatchMade);
    copy(before.chain(), after.chain());
    settle(after);
    EXPECT_EQ(ledger::last_batch(after.chain().state(), 0)->batch_no, 1U);
    EXPECT_EQ(audit_receipts(after.receipts(), after.chain(), 0)->on_ledger, 2U);
}

}  // namespace
}  // namespace assay::gateway
