#include "device/slots.hpp"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "host/crypto/sha256.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kReadBytes = 1024 * 1024;

tl::unexpected<Error> write_failed(const Error& cause) {
    return fail(Refusal::kSlotWriteFailed, cause.to_string());
}

}  // namespace

Result<Sha256Digest> Slots::digest(SlotIndex slot) const {
    auto file = FileHandle::open(path_of(slot), O_RDONLY);
    if (!file) return fail(std::move(file).error());
    crypto::Sha256 hash;
    Bytes buffer(kReadBytes);
    for (std::uint64_t offset = 0;;) {
        const auto have = file->read_at(offset, buffer);
        if (!have) return fail(have.error());
        if (*have == 0) return hash.finish();
        hash.update(ByteView(buffer).first(*have));
        offset += *have;
    }
}

Result<Slots::Writing> Slots::open(const PendingRelease& release) const {
    if (auto made = create_directories_durable(folder_, 0700); !made) {
        return write_failed(made.error());
    }
    auto file = FileHandle::open(path_of(release.slot), O_RDWR | O_CREAT, 0600);
    if (!file) return write_failed(file.error());
    if (::ftruncate(file->fd(), static_cast<off_t>(release.bytes)) != 0) {
        return fail(Refusal::kSlotWriteFailed, "no room for " + std::to_string(release.bytes) +
                                                   " bytes in " + path_of(release.slot).string() +
                                                   ": " + std::generic_category().message(errno));
    }
    if (auto synced = sync_directory(folder_); !synced) return write_failed(synced.error());
    return Writing(std::move(*file), release, *writes_);
}

std::size_t Slots::Writing::chunk_size(std::uint64_t index) const noexcept {
    return static_cast<std::size_t>(
        std::min(release_.chunk_bytes, release_.bytes - index * release_.chunk_bytes));
}

Result<std::vector<bool>> Slots::Writing::chunks_present(
    std::span<const Sha256Digest> chunk_digests) const {
    std::vector<bool> present(chunk_digests.size());
    Bytes buffer;
    for (std::size_t i = 0; i < present.size(); ++i) {
        buffer.resize(chunk_size(i));
        const auto have = file_.read_at(i * release_.chunk_bytes, buffer);
        if (!have) return write_failed(have.error());
        present[i] = *have == buffer.size() && crypto::sha256(buffer) == chunk_digests[i];
    }
    return present;
}

Result<void> Slots::Writing::write_chunk(std::uint64_t index, ByteView chunk) const {
    if (auto written = file_.write_at(index * release_.chunk_bytes, chunk); !written) {
        return write_failed(written.error());
    }
    writes_->done("chunk");
    return {};
}

Result<void> Slots::Writing::sync() const {
    if (auto synced = file_.sync(); !synced) return write_failed(synced.error());
    writes_->done("slot");
    return {};
}

Result<void> Slots::Writing::check_whole(std::span<const Sha256Digest> chunk_digests) const {
    // What is read back comes from the medium, not from our own pages.
    ::posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_DONTNEED);
    crypto::Sha256 whole;
    Bytes buffer;
    for (std::size_t i = 0; i < chunk_digests.size(); ++i) {
        buffer.resize(chunk_size(i));
        const auto have = file_.read_at(i * release_.chunk_bytes, buffer);
        if (!have || *have != buffer.size() || crypto::sha256(buffer) != chunk_digests[i]) {
            return fail(Refusal::kReadBackMismatch, "chunk " + std::to_string(i));
        }
        whole.update(buffer);
    }
    if (whole.finish() != release_.sha256) {
        return fail(Refusal::kImageDigestMismatch, "the chunks are not the signed image");
    }
    return {};
}

}  // namespace assay::device
