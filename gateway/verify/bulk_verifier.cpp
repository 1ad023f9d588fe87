#include "gateway/verify/bulk_verifier.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include "host/base/text_encoding.hpp"
#include "host/compute/async.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::gateway {
namespace {

constexpr std::uint64_t kWindowBytes = 32ULL << 20U;

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

Result<void> verify_image(const ipfs::ImageReader& image,
                          const ledger::ReleaseImage& record,
                          compute::HashEngine& engine,
                          ipfs::BlockStore& store) {
    if (auto shape = check_shape(image.image(), record); !shape) return shape;
    const std::uint64_t chunk_bytes = record.import.chunk_bytes;
    const std::uint64_t window_bytes =
        std::max(kWindowBytes / chunk_bytes, std::uint64_t{1}) * chunk_bytes;
    Bytes window;
    crypto::Sha256 whole;
    std::vector<Sha256Digest> digests;
    for (std::uint64_t at = 0; at < record.bytes; at += window_bytes) {
        window.resize(std::min(window_bytes, record.bytes - at));
        if (auto read = image.read_at(at, window); !read) return read;
        auto hashed = hash_chunks(window, chunk_bytes, engine);
        if (!hashed) return fail(std::move(hashed).error());
        digests.insert(digests.end(), hashed->begin(), hashed->end());
        whole.update(window);
    }

    if (auto intact = drop_changed_blocks(image, digests, chunk_bytes, store);
        !intact) {
        return intact;
    }
    if (ledger::chunk_root(digests) != record.chunk_root) {
        return fail(Refusal::kChunkHashMismatch, "chunk root of the image");
    }
    if (const Sha256Digest digest = whole.finish(); digest != record.sha256) {
        return fail(Refusal::kImageDigestMismatch, "image has SHA-256 " + to_hex(digest.view()) +
                                                       ", released with " +
                                                       to_hex(record.sha256.view()));
    }
    return {};
}

boost::asio::awaitable<Result<void>> BulkVerifier::verify(ipfs::ImageReader image,
                                                          ledger::ReleaseImage record) {
    auto work = [&image, &record, this] {
        return verify_image(image, record, *engine_, *store_);
    };
    co_return co_await compute::run_blocking(*pool_, std::move(work));
}

}  // namespace assay::gateway
