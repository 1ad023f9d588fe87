#include "device/slots.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

tl::unexpected<Error> write_failed(const Error& cause) {
    return fail(Refusal::kSlotWriteFailed, cause.to_string());
}

}  // namespace

Result<Sha256Digest> digest_of(const Volume& volume, std::uint64_t bytes) {
    crypto::Sha256 hash;
    Bytes buffer(kReadBytes);
    for (std::uint64_t offset = 0; offset < bytes;) {
        const auto want =
            static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, bytes - offset));
        const auto have = volume.read_at(offset, std::span(buffer).first(want));
        if (!have) return fail(have.error());
        if (*have == 0) return fail(std::errc::io_error, "the slot holds less than the image");
        hash.update(ByteView(buffer).first(*have));
        offset += *have;
    }
    return hash.finish();
}

Result<Sha256Digest> Slots::digest(SlotIndex slot, std::uint64_t bytes) const {
    const auto volume = storage_->open(path_of(slot));
    if (!volume) return fail(volume.error());
    return digest_of(**volume, bytes);
}

Result<ImageWriter> ImageWriter::open(Storage& storage,
                                      const std::filesystem::path& path,
                                      const PendingRelease& release) {
    auto volume = storage.open_sized(path, release.bytes);
    if (!volume) return write_failed(volume.error());
    return ImageWriter(std::move(*volume), release);
}

std::size_t ImageWriter::chunk_size(std::uint64_t index) const noexcept {
    return static_cast<std::size_t>(
        std::min(release_.chunk_bytes, release_.bytes - index * release_.chunk_bytes));
}

Result<std::vector<bool>> ImageWriter::chunks_present(
    std::span<const Sha256Digest> chunk_digests) const {
    std::vector<bool> present(chunk_digests.size());
    Bytes buffer;
    for (std::size_t i = 0; i < present.size(); ++i) {
        buffer.resize(chunk_size(i));
        const auto have = volume_->read_at(i * release_.chunk_bytes, buffer);
        if (!have) return write_failed(have.error());
        present[i] = *have == buffer.size() && crypto::sha256(buffer) == chunk_digests[i];
    }
    return present;
}

Result<void> ImageWriter::write_chunk(std::uint64_t index, ByteView chunk) const {
    if (auto written = volume_->write_at(index * release_.chunk_bytes, chunk); !written) {
        return write_failed(written.error());
    }
    if (auto synced = volume_->sync(); !synced) return write_failed(synced.error());
    return {};
}

Result<void> ImageWriter::check_whole(std::span<const Sha256Digest> chunk_digests) const {
    // Chunks that were there before an interruption may not be durable yet.
    if (auto synced = volume_->sync(); !synced) return write_failed(synced.error());
    volume_->forget_cached();
    const auto digest = digest_of(*volume_, release_.bytes);
    if (digest && *digest == release_.sha256) return {};
    const auto present = chunks_present(chunk_digests);
    if (!present) return fail(present.error());
    for (std::size_t i = 0; i < present->size(); ++i) {
        if (!(*present)[i]) return fail(Refusal::kReadBackMismatch, "chunk " + std::to_string(i));
    }
    return fail(Refusal::kImageDigestMismatch, "the chunks are not the signed image");
}

}  // namespace assay::device
