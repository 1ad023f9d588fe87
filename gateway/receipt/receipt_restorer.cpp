#include "gateway/receipt/receipt_restorer.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/base_daemon/log.hpp"
#include "ledger/core/gateway_rules.hpp"

namespace assay::gateway {
namespace {

using std::chrono::steady_clock;

constexpr ledger::BlockHeight kBlocksAtOnce = 64;
constexpr std::chrono::seconds kLooksAgain{1};

Timestamp time_of(std::uint64_t seconds) {
    return Timestamp{std::chrono::seconds(static_cast<std::int64_t>(seconds))};
}

}  // namespace

void ReceiptRestorer::look() {
    if (parts_.chain.has_failed()) return;  // says nothing; what is held stays so
    const bool lacks = lacks_batches(parts_.store, parts_.chain, parts_.slot);
    if (lacks == parts_.store.is_held()) return;
    parts_.store.hold(lacks);
    if (lacks) {
        since_ = steady_clock::now();
        log::warning("receipts-held", {{"reason", "the ledger has batches that are not here"}});
        wakeup_.wake();
    } else {
        log::info("receipts-restored", {{"lost_batches", parts_.store.lost_batches().size()}});
        parts_.attest_again({});
    }
}

boost::asio::awaitable<void> ReceiptRestorer::run() {
    for (;;) {
        look();
        if (parts_.store.is_held()) {
            const auto done = co_await restore_some();
            if (!done) log::warning("receipts-not-restored", {{"reason", done.error().to_string()}});
            if (done && *done) look();
        } else if (steady_clock::now() >= asked_ + parts_.asks_again) {
            asked_ = steady_clock::now();
            const auto sought = co_await seek_lost();
            if (!sought) log::warning("receipts-not-restored", {{"reason", sought.error().to_string()}});
        }
        co_await wakeup_.sleep(kLooksAgain);
    }
}

boost::asio::awaitable<Result<bool>> ReceiptRestorer::restore_some() {
    auto dropped = drop_overtaken();
    if (!dropped || !*dropped) co_return dropped;
    const auto last = ledger::last_batch(parts_.chain.state(), parts_.slot);
    if (!last) co_return true;
    const auto& newest = parts_.store.newest_batch();
    std::uint64_t next = newest ? newest->batch_no + 1 : 1;
    for (const LostBatch& lost : parts_.store.lost_batches()) next = std::max(next, lost.batch_no + 1);
    const Found found = co_await find_from(next);
    for (; next <= last->batch_no; ++next) {
        const auto batch = read_batch(found, next);
        Error why(std::make_error_code(std::errc::no_such_file_or_directory), "its block is not kept");
        if (batch) {
            const auto restored = co_await restore(*batch);
            if (restored) continue;
            why = Error(restored.error());
        }
        const bool may_come = batch && has_others() && since_ &&
                              steady_clock::now() < *since_ + parts_.patience;
        if (may_come) co_return false;
        if (auto noted = give_up(next, batch, why); !noted) co_return fail(std::move(noted).error());
    }
    co_return !lacks_batches(parts_.store, parts_.chain, parts_.slot);
}

bool ReceiptRestorer::has_others() const {
    const auto& members = parts_.chain.registry().members();
    return std::ranges::any_of(members, [this](const ledger::Member& member) {
        return member.slot != parts_.slot && member.is_active();
    });
}

// A batch that was made before the ledger was here again has a number that another has for good. False:
// that is not settled yet.
Result<bool> ReceiptRestorer::drop_overtaken() {
    const auto last = ledger::last_batch(parts_.chain.state(), parts_.slot);
    const auto& newest = parts_.store.newest_batch();
    if (!last || !newest || newest->batch_no > last->batch_no) return true;
    if (newest->batch_no == last->batch_no && newest->root == last->root) return true;
    if (parts_.chain.place_of(newest->leaf)) return true;
    if (parts_.chain.has_failed() || last->log_index >= parts_.final_size()) return false;
    log::warning("receipt-batch-dropped", {{"batch", newest->batch_no}});
    if (auto dropped = parts_.store.drop_newest_batch(); !dropped) {
        return fail(std::move(dropped).error());
    }
    return drop_overtaken();
}

boost::asio::awaitable<ReceiptRestorer::Found> ReceiptRestorer::find_from(std::uint64_t first) {
    Found found;
    ledger::BlockHeight height = parts_.chain.tip().height;
    for (ledger::BlockHeight looked = 1; height > 0; --height, ++looked) {
        for (const LedgerBatch& batch : batches_of_block(parts_.chain, height)) {
            if (batch.slot == parts_.slot) found.emplace(batch.record.batch_no, height);
        }
        if (!found.empty() && found.begin()->first <= first) break;
        if (height <= parts_.chain.first_block()) break;
        if (looked % kBlocksAtOnce == 0) {
            co_await boost::asio::post(parts_.executor, boost::asio::use_awaitable);
            height = std::min(height, parts_.chain.tip().height);
        }
    }
    co_return found;
}

std::optional<LedgerBatch> ReceiptRestorer::read_batch(const Found& found,
                                                       std::uint64_t batch_no) const {
    const auto place = found.find(batch_no);
    if (place == found.end() || place->second > parts_.chain.tip().height) return std::nullopt;
    for (LedgerBatch& batch : batches_of_block(parts_.chain, place->second)) {
        if (batch.slot == parts_.slot && batch.record.batch_no == batch_no) return std::move(batch);
    }
    return std::nullopt;
}

boost::asio::awaitable<Result<void>> ReceiptRestorer::restore(const LedgerBatch& batch) {
    const auto waiting = restore_from_waiting(batch);
    if (!waiting) co_return fail(Error(waiting.error()));
    if (*waiting) co_return Result<void>{};
    if (const auto blob = parts_.blobs.read(batch.batch.blob_sha256)) co_return put_back(batch, *blob);
    const auto fetched = co_await parts_.fetch(batch.batch.blob_sha256, batch.batch.blob_bytes);
    if (!fetched) co_return fail(Error(fetched.error()));
    co_return put_back(batch, *fetched);
}

// An older copy of the store has the receipts of the next batch, and only never heard of it.
Result<bool> ReceiptRestorer::restore_from_waiting(const LedgerBatch& batch) {
    const ReceiptNumber first = parts_.store.batched_end();
    if (parts_.store.stored() + 1 - first < batch.batch.count) return false;
    const auto stored = parts_.store.read(first, batch.batch.count);
    if (!stored) return fail(Error(stored.error()));
    std::vector<Bytes> receipts;
    for (const StoredReceipt& each : *stored) receipts.push_back(each.bytes);
    if (ledger::receipt_root(receipts) != batch.batch.root) return false;
    const std::vector<ByteView> views(receipts.begin(), receipts.end());
    if (auto done = put_back(batch, views); !done) return fail(std::move(done).error());
    return true;
}

Result<void> ReceiptRestorer::put_back(const LedgerBatch& batch, ByteView blob) {
    const auto receipts = ledger::decode_receipt_blob(blob);
    if (!receipts) return fail(Error(receipts.error()));
    std::vector<Bytes> copies;
    for (const ByteView receipt : *receipts) copies.push_back(to_bytes(receipt));
    if (receipts->size() != batch.batch.count || ledger::receipt_root(copies) != batch.batch.root) {
        return fail(Refusal::kMalformed, "the blob of batch " + std::to_string(batch.record.batch_no) +
                                             " does not hold its receipts");
    }
    return put_back(batch, std::span<const ByteView>(*receipts));
}

Result<void> ReceiptRestorer::put_back(const LedgerBatch& batch, std::span<const ByteView> receipts) {
    auto again =
        parts_.store.restore(batch.record, receipts, time_of(batch.batch.last_time));
    if (!again) return fail(std::move(again).error());
    log::info("receipt-batch-restored",
              {{"batch", batch.record.batch_no}, {"receipts", batch.batch.count}});
    parts_.attest_again(std::move(*again));
    return {};
}

Result<void> ReceiptRestorer::give_up(std::uint64_t batch_no,
                                      const std::optional<LedgerBatch>& batch,
                                      const Error& why) {
    LostBatch lost;
    lost.batch_no = batch_no;
    if (batch) {
        lost.leaf = batch->record.leaf;
        lost.count = batch->batch.count;
        lost.first_time = batch->batch.first_time;
        lost.last_time = batch->batch.last_time;
    }
    log::error("receipt-batch-lost",
               {{"batch", batch_no}, {"receipts", lost.count}, {"reason", why.to_string()}});
    return parts_.store.note_lost(lost);
}

boost::asio::awaitable<Result<void>> ReceiptRestorer::seek_lost() {
    for (const LostBatch& lost : parts_.store.lost_batches()) {
        const auto place = parts_.chain.place_of(lost.leaf);
        if (!place) continue;
        Found found;
        found.emplace(lost.batch_no, place->height);
        const auto batch = read_batch(found, lost.batch_no);
        if (!batch) continue;
        auto blob = parts_.blobs.read(batch->batch.blob_sha256);
        if (!blob) {
            auto fetched = co_await parts_.fetch(batch->batch.blob_sha256, batch->batch.blob_bytes);
            if (!fetched) continue;
            blob = std::move(*fetched);
        }
        // It is put behind the batches that are here: none may be on its way.
        const auto& newest = parts_.store.newest_batch();
        const auto newest_place = newest ? parts_.chain.place_of(newest->leaf) : std::nullopt;
        const bool is_settled =
            !newest || (newest_place && newest_place->log_index < parts_.final_size());
        if (!is_settled || parts_.store.is_held()) co_return Result<void>{};
        if (auto done = put_back(*batch, *blob); !done) co_return done;
    }
    co_return Result<void>{};
}

}  // namespace assay::gateway
