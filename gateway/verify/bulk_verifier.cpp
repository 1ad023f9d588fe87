#include "gateway/verify/bulk_verifier.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "host/base/text_encoding.hpp"
#include "host/compute/async.hpp"
#include "host/crypto/sha256.hpp"
#include "host/http/as_tuple.hpp"

namespace assay::gateway {
namespace {

constexpr std::uint64_t kWindowBytes = 32ULL << 20U;
// So much is worth a visit to the pool while more arrives.
constexpr std::uint64_t kAheadBytes = 8ULL << 20U;

// Cuts `window` into chunks and hashes them in one batch.
Result<std::vector<Sha256Digest>> hash_chunks(ByteView window,
                                              std::uint64_t chunk_bytes,
                                              compute::HashEngine& engine) {
    std::vector<ByteView> chunks;
    for (std::size_t at = 0; at < window.size(); at += chunk_bytes) {
        chunks.push_back(
            window.subspan(at, std::min<std::size_t>(chunk_bytes, window.size() - at)));
    }
    std::vector<Sha256Digest> digests(chunks.size());
    if (auto hashed = engine.hash_batch(chunks, digests); !hashed) {
        return fail(std::move(hashed).error().within("hash on " + engine.info().name));
    }
    return digests;
}

Result<void> check_shape(const ipfs::RetrievedImage& image, const ledger::ReleaseImage& record) {
    if (image.bytes > record.bytes) {
        return fail(Refusal::kContentTooLarge, "image of " + std::to_string(image.bytes) +
                                                   " bytes, released with " +
                                                   std::to_string(record.bytes));
    }
    if (image.bytes < record.bytes || image.chunk_digests.size() != record.chunk_count()) {
        return fail(Refusal::kContentIncomplete, "image of " + std::to_string(image.bytes) +
                                                     " bytes, released with " +
                                                     std::to_string(record.bytes));
    }
    return {};
}

// Blocks had the right hash when they were stored. One that has not any more is of no use; but no
// block is given up on the word of an engine alone.
Result<void> drop_changed_blocks(const ipfs::ImageReader& image,
                                 std::span<const Sha256Digest> digests,
                                 std::uint64_t chunk_bytes,
                                 ipfs::BlockStore& store) {
    const ipfs::RetrievedImage& known = image.image();
    std::optional<std::size_t> changed;
    for (std::size_t i = 0; i < digests.size(); ++i) {
        if (digests[i] == known.chunk_digests[i]) continue;
        Bytes chunk(std::min(chunk_bytes, known.bytes - i * chunk_bytes));
        if (auto read = image.read_at(i * chunk_bytes, chunk); !read) return read;
        if (crypto::sha256(chunk) == known.chunk_digests[i]) {
            return fail(std::errc::io_error, "the hash engine was wrong about block " +
                                                 known.leaves[i].to_string() +
                                                 "; see `assay engines`");
        }
        changed = i;
        if (auto removed = store.remove(known.leaves[i]); !removed) return removed;
    }
    if (!changed) return {};
    return fail(Refusal::kBlockHashMismatch, "block " + known.leaves[*changed].to_string() +
                                                 " changed on this disk; it will be fetched again");
}

}  // namespace

Result<void> ImageVerification::hash_window(const ipfs::ImageReader& image, std::uint64_t end) {
    Bytes window(end - hashed_);
    if (auto read = image.read_at(hashed_, window); !read) return read;
    auto hashed = hash_chunks(window, record_.import.chunk_bytes, *engine_);
    if (!hashed) return fail(std::move(hashed).error());
    digests_.insert(digests_.end(), hashed->begin(), hashed->end());
    whole_.update(window);
    hashed_ = end;
    return {};
}

Result<void> ImageVerification::hash_up_to(const ipfs::ImageReader& image, std::uint64_t end) {
    const std::uint64_t chunk_bytes = record_.import.chunk_bytes;
    if (end < record_.bytes) end -= end % chunk_bytes;
    const std::uint64_t window_bytes =
        std::max(kWindowBytes / chunk_bytes, std::uint64_t{1}) * chunk_bytes;
    while (hashed_ < end) {
        if (auto done = hash_window(image, std::min(end, hashed_ + window_bytes)); !done) {
            return done;
        }
    }
    return {};
}

Result<void> ImageVerification::finish(const ipfs::ImageReader& image) {
    if (auto shape = check_shape(image.image(), record_); !shape) return shape;
    if (auto hashed = hash_up_to(image, record_.bytes); !hashed) return hashed;
    if (auto intact = drop_changed_blocks(image, digests_, record_.import.chunk_bytes, *store_);
        !intact) {
        return intact;
    }
    if (ledger::chunk_root(digests_) != record_.chunk_root) {
        return fail(Refusal::kChunkHashMismatch, "chunk root of the image");
    }
    if (const Sha256Digest digest = whole_.finish(); digest != record_.sha256) {
        return fail(Refusal::kImageDigestMismatch, "image has SHA-256 " + to_hex(digest.view()) +
                                                       ", released with " +
                                                       to_hex(record_.sha256.view()));
    }
    return {};
}

void StreamedVerification::reached(std::shared_ptr<const ipfs::RetrievedImage> image,
                                   std::uint64_t bytes) {
    if (busy_ || bytes < asked_for_ + kAheadBytes) return;
    asked_for_ = bytes;
    busy_ = true;
    boost::asio::co_spawn(idle_.get_executor(),
                          hash(shared_from_this(), ipfs::ImageReader(*store_, std::move(image)), bytes),
                          boost::asio::detached);
}

boost::asio::awaitable<void> StreamedVerification::hash(std::shared_ptr<StreamedVerification> self,
                                                        ipfs::ImageReader image,
                                                        std::uint64_t end) {
    auto work = [&self, &image, end] { return self->verification_.hash_up_to(image, end); };
    // What failed was not hashed: finish() will meet it again, and say so.
    static_cast<void>(co_await compute::run_blocking(*self->pool_, std::move(work)));
    self->busy_ = false;
    self->idle_.cancel();
}

boost::asio::awaitable<Result<void>> StreamedVerification::finish(ipfs::ImageReader image) {
    asked_for_ = UINT64_MAX - kAheadBytes;  // nothing begins any more
    while (busy_) {
        idle_.expires_after(std::chrono::seconds(1));
        co_await idle_.async_wait(kAsTuple);
    }
    auto work = [this, &image] { return verification_.finish(image); };
    co_return co_await compute::run_blocking(*pool_, std::move(work));
}

std::shared_ptr<StreamedVerification> BulkVerifier::begin(boost::asio::any_io_executor executor,
                                                          const ledger::ReleaseImage& record) {
    return std::make_shared<StreamedVerification>(std::move(executor), *pool_, *store_,
                                                  ImageVerification(record, *engine_, *store_));
}

}  // namespace assay::gateway
