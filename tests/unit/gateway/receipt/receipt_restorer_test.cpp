// A gateway whose store was lost or restored from an older copy, over a real ledger: what was
// acknowledged ends up on the ledger exactly once, and what is lost is said.

#include "gateway/receipt/receipt_restorer.hpp"

#include <gtest/gtest.h>

#include "gateway/receipt/blob_copier.hpp"
#include "gateway/receipt/receipt_audit.hpp"
#include "gateway/receipt/receipt_recorder.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;

// What members would give: the blobs that a test has put here.
using Blobs = std::map<Sha256Digest, Bytes>;

// All that a store holds.
ledger::WriteBatch backup_of(const test::MemoryStore& store) {
    ledger::WriteBatch copy;
    store.for_each({}, [&copy](ByteView key, ByteView value) {
        copy.put(key, value);
        return true;
    });
    return copy;
}

// The gateway in slot 0, over what is left of a disk.
struct RestoredGateway {
    RestoredGateway(test::Founders& all,
                    const ledger::WriteBatch& backup,
                    ledger::Chain& its_chain,
                    const std::filesystem::path& dir,
                    const Blobs& others)
        : founders{all},
          receipts{open(disk, backup)},
          chain{its_chain},
          blobs{BlobFiles::open(dir).value()},
          restorer{parts(others)},
          copier{{io.get_executor(), pool, receipts, chain, 0, [this] { return final_size(); }, blobs,
                  fetch_from(others)}},
          recorder{receipts, recorder_ledger(), {0, "m0", founders.members[0].tx}, options()} {}
    ~RestoredGateway() { pool.join(); }

    static ReceiptStore open(test::MemoryStore& disk, const ledger::WriteBatch& backup) {
        EXPECT_TRUE(disk.write_synced(backup));
        return ReceiptStore::open(disk).value();
    }
    static FetchBlob fetch_from(const Blobs& others) {
        return [&others](Sha256Digest hash, std::size_t) -> boost::asio::awaitable<Result<Bytes>> {
            const auto found = others.find(hash);
            if (found == others.end()) co_return fail(std::errc::no_such_file_or_directory, "none");
            co_return found->second;
        };
    }
    RestorerParts parts(const Blobs& others) {
        const auto again = [this](std::vector<ledger::ReceiptBody> bodies) {
            for (ledger::ReceiptBody& body : bodies) attest_again.push_back(std::move(body));
        };
        return {io.get_executor(), receipts,          chain, 0, [this] { return final_size(); },
                blobs,             fetch_from(others), again, patience};
    }
    RecorderLedger recorder_ledger() {
        const auto submit = [this](ByteView transaction) -> Result<void> {
            const auto accepted = chain.accept_transaction(transaction);
            if (!accepted) return fail(Error(accepted.error()));
            return {};
        };
        return {chain, submit, [this] { return final_size(); }, [] { return ledger::ConsortiumHead{}; }};
    }
    static RecorderOptions options() {
        RecorderOptions options;
        options.flush_count = 2;
        return options;
    }
    [[nodiscard]] std::uint64_t final_size() const {
        return chain.at_height(chain.final_block().height).log_size;
    }
    [[nodiscard]] bool restore_some() {
        restorer.look();
        const auto done = test::run_awaitable(io, restorer.restore_some());
        EXPECT_TRUE(done) << done.error().to_string();
        restorer.look();
        return done.value_or(false);
    }
    // Steps and blocks until nothing waits.
    void settle(std::uint32_t& now) {
        for (int round = 0; round < 100; ++round) {
            const auto step = recorder.step(test::at(now));
            ASSERT_TRUE(step) << step.error().to_string();
            if (recorder.on_ledger() == receipts.stored()) return;
            if (*step != ReceiptRecorder::Step::kBatchMade) founders.extend_and_vote(chain, now);
            now += 20;
        }
        FAIL() << "the recorder does not come to an end";
    }
    void expect_each_once(std::uint64_t count) const {
        const auto audit = audit_receipts(receipts, chain, 0).value();
        EXPECT_EQ(audit.stored, count);
        EXPECT_EQ(audit.on_ledger, count);
        EXPECT_EQ(audit.missing, 0U);
        EXPECT_EQ(audit.on_ledger_twice, 0U);
        EXPECT_EQ(audit.batches_lost, 0U);
    }

    test::Founders& founders;
    boost::asio::io_context io;
    boost::asio::thread_pool pool{1};
    test::MemoryStore disk;
    ReceiptStore receipts;
    ledger::Chain& chain;
    BlobFiles blobs;
    std::chrono::milliseconds patience{0};
    std::vector<ledger::ReceiptBody> attest_again;
    ReceiptRestorer restorer;
    BlobCopier copier;
    ReceiptRecorder recorder;
};

class Restorer : public testing::Test {
  protected:
    Restorer() {
        founders_.genesis.kind = ledger::LedgerKind::kGateway;
        founders_.genesis.consortium.emplace();
        founders_.seal_genesis();
        chain_ = open_chain();
    }
    std::unique_ptr<ledger::Chain> open_chain() {
        return ledger::Chain::open(std::make_unique<test::MemoryStore>(), founders_.genesis_bytes,
                                   ledger::gateway_rules())
            .value();
    }
    RestoredGateway& start(const ledger::WriteBatch& backup, ledger::Chain& chain) {
        const std::string folder = "blobs" + std::to_string(gateways_.size());
        gateways_.push_back(std::make_unique<RestoredGateway>(founders_, backup, chain,
                                                              dir_.path() / folder, others_));
        return *gateways_.back();
    }
    const Bytes& receipt(std::uint32_t counter) {
        Bytes& bytes = signed_[counter];
        if (bytes.empty()) {
            ledger::ReceiptBody body;
            body.counter = counter;
            body.event = ReceiptEvent::kConfirmed;
            bytes = ledger::sign_receipt(body, device_).value();
        }
        return bytes;
    }
    Result<ReceiptStore::Added> send(RestoredGateway& gateway, std::uint32_t counter) {
        return gateway.receipts.add(crypto::key_id(device_.public_key()), counter, receipt(counter),
                                    test::at(now_));
    }
    void deliver(RestoredGateway& gateway, std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t counter = from; counter <= to; ++counter) {
            const auto added = send(gateway, counter);
            ASSERT_TRUE(added) << added.error().to_string();
        }
    }
    // Other members have the blobs of all batches.
    void copy_blobs(const RestoredGateway& gateway) {
        const auto batches = gateway.receipts.batches().value();
        for (const BatchRecord& batch : batches) {
            const auto stored = gateway.receipts.read(batch.first, batch.count).value();
            std::vector<Bytes> receipts;
            for (const StoredReceipt& each : stored) receipts.push_back(each.bytes);
            Bytes blob = ledger::encode_receipt_blob(receipts);
            others_.emplace(crypto::sha256(blob), std::move(blob));
        }
    }
    void copy_chain(ledger::Chain& to) const {
        for (ledger::BlockHeight height = 1; height <= chain_->tip().height; ++height) {
            const auto block = chain_->block(chain_->id_at(height).value()).value();
            ASSERT_EQ(to.accept_block(block, test::at(now_)).verdict, ledger::BlockVerdict::kValid);
        }
        for (const auto& certificate : chain_->newest_certificates()) {
            (void)to.accept_certificate(certificate);
        }
    }
    static Bytes attested(const ledger::ReceiptBody& body, const crypto::PrivateKey& key) {
        return ledger::sign_receipt(body, key).value();
    }

    test::TempDir dir_{test::memory_folder()};
    test::Founders founders_{2};
    std::unique_ptr<ledger::Chain> chain_;
    Blobs others_;
    std::vector<std::unique_ptr<RestoredGateway>> gateways_;
    crypto::PrivateKey device_ = test::new_key(crypto::Algorithm::kEcdsaP256);
    std::map<std::uint32_t, Bytes> signed_;
    std::uint32_t now_ = test::kGenesisTime + 100;
};

TEST_F(Restorer, AnOlderCopyGetsBackWhatTheLedgerHas) {
    RestoredGateway& before = start({}, *chain_);
    deliver(before, 1, 3);
    before.settle(now_);  // batches of 2 and 1
    deliver(before, 4, 4);
    const ledger::WriteBatch backup = backup_of(before.disk);
    deliver(before, 5, 9);
    before.settle(now_);
    copy_blobs(before);

    RestoredGateway& after = start(backup, *chain_);
    ASSERT_EQ(after.receipts.stored(), 4U);
    after.restorer.look();
    ASSERT_TRUE(after.receipts.is_held());
    EXPECT_EQ(*send(after, 2), ReceiptStore::Added::kKnown);
    const auto refused = send(after, 5);
    ASSERT_FALSE(refused);
    EXPECT_TRUE(refused.error().is(std::errc::resource_unavailable_try_again));
    using Step = ReceiptRecorder::Step;
    EXPECT_EQ(*after.recorder.step(test::at(now_ + 100)), Step::kWaiting) << "of receipt 4 no batch";

    EXPECT_TRUE(after.restore_some());
    EXPECT_FALSE(after.receipts.is_held());
    after.expect_each_once(9);
    for (std::uint32_t counter = 1; counter <= 9; ++counter) {
        EXPECT_EQ(*send(after, counter), ReceiptStore::Added::kKnown) << counter;
    }
    EXPECT_EQ(after.receipts.signed_by(crypto::key_id(device_.public_key())).size(), 9U);
    deliver(after, 10, 11);
    after.settle(now_);
    after.expect_each_once(11);
    const auto again = ReceiptStore::open(after.disk).value();
    EXPECT_EQ(again.stored(), 11U);
    EXPECT_EQ(again.newest_batch()->batch_no, after.receipts.newest_batch()->batch_no);
    EXPECT_EQ(again.batched_end(), 12U);
}

// Its ledger was lost with the store and came back later: meanwhile devices sent receipts, some of
// which are on the ledger, and a batch was made of them.
TEST_F(Restorer, WhatCameBeforeTheLedgerWasBackCountsOnce) {
    RestoredGateway& before = start({}, *chain_);
    deliver(before, 1, 6);
    before.settle(now_);
    copy_blobs(before);

    const auto chain = open_chain();
    RestoredGateway& after = start({}, *chain);
    EXPECT_TRUE(after.restore_some()) << "nothing is known to be lacking";
    deliver(after, 5, 7);
    ASSERT_EQ(*after.recorder.step(test::at(now_)), ReceiptRecorder::Step::kBatchMade);
    ASSERT_EQ(after.receipts.newest_batch()->batch_no, 1U);
    copy_chain(*chain);
    EXPECT_TRUE(after.restore_some());
    EXPECT_EQ(after.receipts.stored(), 7U);
    now_ += 100;
    after.settle(now_);
    after.expect_each_once(7);
    EXPECT_EQ(ledger::last_batch(chain->state(), 0)->batch_no, 4U);
}

TEST_F(Restorer, WhatNobodyHasIsSaidToBeLostUntilSomebodyHasIt) {
    RestoredGateway& before = start({}, *chain_);
    deliver(before, 1, 2);
    before.settle(now_);
    copy_blobs(before);
    const Blobs first = others_;
    deliver(before, 3, 6);
    before.settle(now_);
    copy_blobs(before);
    Blobs all = others_;
    others_ = first;

    RestoredGateway& after = start({}, *chain_);
    EXPECT_TRUE(after.restore_some());
    const auto lost = after.receipts.lost_batches();
    ASSERT_EQ(lost.size(), 2U);
    EXPECT_EQ(lost.front().batch_no, 2U);
    EXPECT_EQ(lost.front().count, 2U);
    EXPECT_GT(lost.front().first_time, 0U);
    EXPECT_TRUE(chain_->find(lost.front().leaf));
    auto audit = audit_receipts(after.receipts, *chain_, 0).value();
    EXPECT_EQ(audit.on_ledger, 2U);
    EXPECT_EQ(audit.batches_lost, 2U);

    // It goes on, and after that a member is back.
    deliver(after, 7, 8);
    after.settle(now_);
    EXPECT_EQ(after.receipts.newest_batch()->batch_no, 4U);
    deliver(after, 9, 9);
    others_ = all;
    ASSERT_TRUE(test::run_awaitable(after.io, after.restorer.seek_lost()));
    EXPECT_TRUE(after.receipts.lost_batches().empty());
    now_ += 100;
    after.settle(now_);
    after.expect_each_once(9);
    EXPECT_EQ(ReceiptStore::open(after.disk)->newest_batch()->batch_no, 5U);
}

TEST_F(Restorer, ABlobThatDoesNotHoldTheReceiptsIsNotBelieved) {
    RestoredGateway& before = start({}, *chain_);
    deliver(before, 1, 2);
    before.settle(now_);
    copy_blobs(before);
    const Bytes other[] = {receipt(8), receipt(9)};
    for (auto& [hash, blob] : others_) blob = ledger::encode_receipt_blob(other);
    RestoredGateway& after = start({}, *chain_);
    EXPECT_TRUE(after.restore_some());
    EXPECT_EQ(after.receipts.stored(), 0U);
    EXPECT_EQ(after.receipts.lost_batches().size(), 1U);
}

TEST_F(Restorer, WhatTheGatewayAttestedMeanwhileIsAttestedAgain) {
    ledger::ReceiptBody offer;
    offer.device[0] = std::byte{7};
    offer.event = ReceiptEvent::kOffered;
    offer.counter = 1;
    offer.attested_by_gateway = true;
    offer.salt.emplace();
    const crypto::PrivateKey& key = founders_.members[0].tx;
    RestoredGateway& before = start({}, *chain_);
    ASSERT_TRUE(before.receipts.add_attested(offer, attested(offer, key), test::at(now_)));
    deliver(before, 1, 1);
    before.settle(now_);
    copy_blobs(before);

    const auto chain = open_chain();
    RestoredGateway& after = start({}, *chain);
    ledger::ReceiptBody same = offer;
    same.salt->front() = std::byte{1};
    ledger::ReceiptBody download = same;
    download.event = ReceiptEvent::kDownloaded;
    download.counter = 2;
    ASSERT_TRUE(after.receipts.add_attested(same, attested(same, key), test::at(now_)));
    ASSERT_TRUE(after.receipts.add_attested(download, attested(download, key), test::at(now_)));
    copy_chain(*chain);
    EXPECT_TRUE(after.restore_some());
    EXPECT_EQ(after.attest_again.size(), 2U);
    EXPECT_EQ(after.receipts.stored(), 2U);
    EXPECT_EQ(after.receipts.attested_count(), 1U);
    EXPECT_EQ(after.receipts.attested(offer.device, offer.release, ReceiptEvent::kOffered), 1U);
    EXPECT_FALSE(after.receipts.attested(offer.device, offer.release, ReceiptEvent::kDownloaded));
    EXPECT_EQ(after.receipts.next_attested_counter(offer.device), 2U);
    after.expect_each_once(2);
}

TEST_F(Restorer, EveryFinalBatchIsCopiedAndFoundOnTheOwnDisk) {
    RestoredGateway& before = start({}, *chain_);
    deliver(before, 1, 4);
    before.settle(now_);
    test::run_awaitable(before.io, before.copier.copy_some());
    EXPECT_EQ(before.copier.wanted(), 0U);
    EXPECT_EQ(before.copier.copied(), 2U);

    // Another gateway, which has none of them yet.
    const std::filesystem::path dir = dir_.path() / "other";
    BlobFiles blobs = BlobFiles::open(dir).value();
    test::MemoryStore disk;
    const ReceiptStore none = ReceiptStore::open(disk).value();
    BlobCopier copier({before.io.get_executor(), before.pool, none, *chain_, 1,
                       [&before] { return before.final_size(); }, blobs,
                       RestoredGateway::fetch_from(others_)});
    test::run_awaitable(before.io, copier.copy_some());
    EXPECT_EQ(copier.wanted(), 2U);
    copy_blobs(before);
    test::run_awaitable(before.io, copier.copy_some());
    EXPECT_EQ(copier.wanted(), 0U);
    for (const auto& [hash, blob] : others_) {
        EXPECT_EQ(blobs.read(hash), blob);
        const std::string name = to_hex(hash.view());
        const auto path = dir / name.substr(0, 2) / name;
        ASSERT_TRUE(std::filesystem::exists(path));
        std::filesystem::resize_file(path, blob.size() - 1);
        EXPECT_FALSE(blobs.read(hash)) << "damaged";
        EXPECT_FALSE(blobs.has(hash)) << "to be fetched again";
    }
}

}  // namespace
}  // namespace assay::gateway
