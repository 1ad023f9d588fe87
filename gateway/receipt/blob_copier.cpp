#include "gateway/receipt/blob_copier.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/base_daemon/log.hpp"
#include "host/compute/async.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::gateway {
namespace {

constexpr ledger::BlockHeight kBlocksLookedAt = 64;  // before others have their turn
constexpr std::uint64_t kReceiptsRead = 1'024;
constexpr std::size_t kWantedMax = 1'024;
constexpr std::chrono::seconds kAsksAgain{10};
// How far the note of what is complete may be behind: looking again costs little.
constexpr ledger::BlockHeight kBlocksUnnoted = 256;

}  // namespace

boost::asio::awaitable<void> BlobCopier::run() {
    for (;;) {
        if (!parts_.chain.has_failed()) co_await copy_some();
        if (wanted_.empty()) {
            co_await wakeup_.sleep(std::chrono::minutes(10));
        } else {
            boost::asio::steady_timer timer(parts_.executor, kAsksAgain);
            co_await timer.async_wait(kAsTuple);
        }
    }
}

boost::asio::awaitable<void> BlobCopier::copy_some() {
    co_await look_for_new();
    const auto all = wanted_;
    for (const auto& [hash, wanted] : all) {
        auto blob = co_await get(hash, wanted);
        if (!blob) continue;  // its gateway is away, and nobody else has it yet
        const auto written = co_await write(hash, std::move(*blob));
        if (!written) {
            log::warning("receipt-blob-not-kept", {{"reason", written.error().to_string()}});
            break;
        }
        ++copied_;
        wanted_.erase(hash);
    }
    note_progress();
}

boost::asio::awaitable<void> BlobCopier::look_for_new() {
    const auto is_final = [this](ledger::BlockHeight height) {
        return height <= parts_.chain.final_block().height &&
               parts_.chain.at_height(height).log_size <= parts_.final_size();
    };
    ledger::BlockHeight looked = 0;
    while (wanted_.size() < kWantedMax && !parts_.chain.has_failed() && is_final(looked_to_ + 1)) {
        for (const LedgerBatch& found : batches_of_block(parts_.chain, looked_to_ + 1)) {
            const Sha256Digest& hash = found.batch.blob_sha256;
            if (!parts_.blobs.has(hash)) wanted_.emplace(hash, Wanted(found, looked_to_ + 1));
        }
        ++looked_to_;
        if (++looked % kBlocksLookedAt == 0) {
            co_await boost::asio::post(parts_.executor, boost::asio::use_awaitable);
        }
    }
}

boost::asio::awaitable<Result<Bytes>> BlobCopier::get(Sha256Digest hash, Wanted wanted) {
    if (wanted.slot == parts_.slot) {
        auto own = co_await encode_own(wanted.batch_no);
        if (own && crypto::sha256(*own) == hash) co_return own;
    }
    co_return co_await parts_.fetch(hash, wanted.bytes);
}

boost::asio::awaitable<Result<Bytes>> BlobCopier::encode_own(std::uint64_t batch_no) {
    const auto batch = parts_.store.batch(batch_no);
    if (!batch) co_return fail(std::errc::no_such_file_or_directory, "the batch is not here");
    std::vector<Bytes> receipts;
    for (std::uint64_t done = 0; done < batch->count; done += kReceiptsRead) {
        const std::uint64_t count = std::min(kReceiptsRead, batch->count - done);
        auto some = parts_.store.read(batch->first + done, count);
        if (!some) co_return fail(std::move(some).error());
        for (StoredReceipt& each : *some) receipts.push_back(std::move(each.bytes));
        co_await boost::asio::post(parts_.executor, boost::asio::use_awaitable);
    }
    auto encode = [&receipts]() -> Result<Bytes> { return ledger::encode_receipt_blob(receipts); };
    co_return co_await compute::run_blocking(parts_.pool, std::move(encode));
}

boost::asio::awaitable<Result<void>> BlobCopier::write(Sha256Digest hash, Bytes blob) {
    auto work = [this, &hash, &blob] { return parts_.blobs.write(hash, blob); };
    co_return co_await compute::run_blocking(parts_.pool, std::move(work));
}

void BlobCopier::note_progress() {
    ledger::BlockHeight complete = looked_to_;
    for (const auto& [hash, wanted] : wanted_) complete = std::min(complete, wanted.height - 1);
    if (complete < parts_.blobs.complete_to() + kBlocksUnnoted) return;
    if (const auto noted = parts_.blobs.set_complete_to(complete); !noted) {
        log::warning("receipt-blob-not-kept", {{"reason", noted.error().to_string()}});
    }
}

}  // namespace assay::gateway
