#include "gateway/receipt/receipt_recorder.hpp"

#include <algorithm>

#include "gateway/receipt/ledger_batches.hpp"
#include "host/base_daemon/log.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway {
namespace {

// Long enough for any outage that a gateway is meant to survive without a new signature: a week
// at 15 s a block would be 40,000, above what most ledgers allow.
constexpr ledger::BlockHeight kValidityBlocks = 10'000;

std::uint64_t seconds_of(Timestamp time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

ledger::ReceiptBatch describe(std::span<const StoredReceipt> stored,
                              std::span<const Bytes> receipts) {
    ledger::ReceiptBatch batch;
    batch.count = receipts.size();
    batch.root = ledger::receipt_root(receipts);
    for (const Bytes& bytes : receipts) {
        // It was decoded and its signature checked before it was stored.
        if (const auto receipt = ledger::decode_receipt(bytes)) {
            ++batch.events[static_cast<std::size_t>(receipt->body.event)];
        }
    }
    const auto [first, last] = std::ranges::minmax(
        stored, {}, [](const StoredReceipt& receipt) { return receipt.received; });
    batch.first_time = seconds_of(first.received);
    batch.last_time = seconds_of(last.received);
    const Bytes blob = ledger::encode_receipt_blob(receipts);
    batch.blob_sha256 = crypto::sha256(blob);
    batch.blob_bytes = blob.size();
    return batch;
}

}  // namespace

ReceiptRecorder::ReceiptRecorder(ReceiptStore& store,
                                 RecorderLedger ledger,
                                 BatchSigner signer,
                                 const RecorderOptions& options)
    : store_{&store}, ledger_{std::move(ledger)}, signer_{std::move(signer)}, options_{options} {}

bool ReceiptRecorder::is_final(const BatchRecord& batch) const {
    const auto found = ledger_.chain.find(batch.leaf);
    return found && found->log_index < ledger_.final_size();
}

std::uint64_t ReceiptRecorder::on_ledger() const {
    const auto& newest = store_->newest_batch();
    if (!newest) return 0;
    // Batches are made in order and one at a time: all before the newest are final.
    const ReceiptNumber batched = store_->batched_end() - 1;
    return is_final(*newest) ? batched : batched - newest->count;
}

// A failed database finds nothing: neither our newest batch nor that there is one.
Result<void> ReceiptRecorder::check_ledger() const {
    if (!ledger_.chain.has_failed()) return {};
    return fail(std::errc::resource_unavailable_try_again,
                "the gateway ledger cannot be read: " + ledger_.chain.failure());
}

Result<ReceiptRecorder::Step> ReceiptRecorder::step(Timestamp now) {
    if (auto readable = check_ledger(); !readable) return fail(std::move(readable).error());
    const auto& newest = store_->newest_batch();
    if (newest && !is_final(*newest)) return push(*newest);
    return make_batch(now);
}

// The ledger takes that signature no more, and we have the key that it asks for.
bool ReceiptRecorder::is_by_former_key(const BatchRecord& batch) const {
    const ledger::Member* self = ledger_.chain.registry().find(signer_.slot);
    if (self == nullptr || self->tx != signer_.key.public_key()) return false;
    const auto tx = ledger::decode_transaction(batch.transaction);
    return tx && tx->signatures.front().key_id != crypto::key_id(self->tx);
}

Result<ReceiptRecorder::Step> ReceiptRecorder::push(const BatchRecord& batch) {
    if (ledger_.chain.find(batch.leaf)) return Step::kWaiting;
    const auto last = ledger::last_batch(ledger_.chain.state(), signer_.slot);
    const bool taken = last && last->batch_no >= batch.batch_no;
    const bool overtaken = taken && last->log_index < ledger_.final_size();
    if (overtaken && last->root == batch.root) {
        BatchRecord recorded = batch;
        recorded.leaf = last->leaf;
        if (auto written = store_->put_batch(recorded); !written) {
            return fail(std::move(written).error());
        }
        return Step::kWaiting;
    }
    if (taken) return Step::kWaiting;  // the restorer drops it once that is final
    const bool expired = ledger_.chain.final_block().height > batch.valid_until;
    if (expired || is_by_former_key(batch)) {
        const auto receipts = store_->read(batch.first, batch.count);
        if (!receipts) return fail(Error(receipts.error()));
        return sign_next(*receipts);
    }
    const auto submitted = ledger_.submit(batch.transaction);
    if (submitted) return Step::kSubmitted;
    if (submitted.error().is(Refusal::kDuplicateTransaction)) return Step::kWaiting;
    return fail(Error(submitted.error()).within("receipt batch " + std::to_string(batch.batch_no)));
}

Result<ReceiptRecorder::Step> ReceiptRecorder::make_batch(Timestamp now) {
    const ReceiptNumber first = store_->batched_end();
    const std::uint64_t waiting = store_->stored() + 1 - first;
    if (waiting == 0) return Step::kIdle;
    const std::uint64_t count =
        std::min({waiting, options_.flush_count, std::uint64_t{ledger::kBatchReceiptsMax}});
    if (count < options_.flush_count) {
        const auto oldest = store_->read(first, 1);
        if (!oldest) return fail(Error(oldest.error()));
        // One that came while the clock was ahead does not wait for that time to come again.
        const Timestamp received = oldest->front().received;
        if (received <= now && now < received + options_.flush_age) return Step::kIdle;
    }
    const auto receipts = store_->read(first, count);
    if (!receipts) return fail(Error(receipts.error()));
    return sign_next(*receipts);
}

Result<ReceiptRecorder::Step> ReceiptRecorder::sign_next(std::span<const StoredReceipt> stored) {
    // Of the receipts that wait some may be in a batch that this store lost.
    if (lacks_batches(*store_, ledger_.chain, signer_.slot)) return Step::kWaiting;
    const auto last = ledger::last_batch(ledger_.chain.state(), signer_.slot);
    // The reads before this one may have been the first to fail.
    if (auto readable = check_ledger(); !readable) return fail(std::move(readable).error());
    const std::uint64_t batch_no = last ? last->batch_no + 1 : 1;
    const ledger::ConsortiumHead head = ledger_.consortium_head();
    // Our consortium ledger was lost, and has not caught up: the gateway ledger would refuse it (G4).
    if (last && !ledger::may_follow(head, last->consortium)) return Step::kWaiting;
    std::vector<Bytes> receipts;
    for (const StoredReceipt& receipt : stored) receipts.push_back(receipt.bytes);
    ledger::ReceiptBatch batch = describe(stored, receipts);
    batch.batch_no = batch_no;
    batch.previous_root = last ? last->root : LogHash{};
    batch.consortium = head;
    const Bytes encoded = ledger::encode_receipt_batch(batch);

    const auto validity_max = ledger_.chain.genesis().params.validity_blocks_max;
    ledger::TxBody body;
    body.type = ledger::TxType::kReceiptBatch;
    body.chain_id = ledger_.chain.chain_id();
    body.slot = signer_.slot;
    body.valid_until = ledger_.chain.tip().height + std::min(kValidityBlocks, validity_max);
    body.body = encoded;
    const crypto::PrivateKey* const keys[] = {&signer_.key};
    ledger::TxSigning signing;
    signing.issuer = signer_.issuer;
    signing.subject = ledger::receipt_batch_subject(signer_.slot, batch_no);
    signing.keys = keys;
    auto transaction = ledger::sign_transaction(body, signing);
    if (!transaction) return fail(std::move(transaction).error().within("sign receipt batch"));

    BatchRecord record;
    record.batch_no = batch_no;
    record.first = stored.front().number;
    record.count = receipts.size();
    record.root = batch.root;
    record.leaf = crypto::leaf_hash(*transaction);
    record.valid_until = body.valid_until;
    record.transaction = std::move(*transaction);
    if (auto written = store_->put_batch(record); !written) return fail(std::move(written).error());
    return Step::kBatchMade;
}

boost::asio::awaitable<void> ReceiptRecorder::run(Wakeup& wakeup, const Clock& clock) {
    for (;;) {
        const auto done = step(clock.now());
        if (!done) log::warning("receipts-not-recorded", {{"reason", done.error().to_string()}});
        if (done && *done == Step::kBatchMade) {
            const BatchRecord& batch = *store_->newest_batch();
            log::info("receipt-batch-made", {{"batch", batch.batch_no}, {"receipts", batch.count}});
            continue;
        }
        // Receipts do not wake it: a batch waits for its age or for thousands of them, not for one.
        co_await wakeup.sleep(std::chrono::seconds(1));
    }
}

}  // namespace assay::gateway
