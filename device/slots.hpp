// The two image slots, files or block devices. A slot is written chunk by chunk; each chunk was
// checked before it gets here and is durable before the next is asked for, so that a power cut costs
// one chunk at most. In the end the slot is read back as a whole.

#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

#include "device/agent_state.hpp"
#include "device/boot_state.hpp"

namespace assay::device {

// Of the first `bytes`; fails if there are fewer.
[[nodiscard]] Result<Sha256Digest> digest_of(const Volume& volume, std::uint64_t bytes);

// A volume open for the image of one pending release.
class ImageWriter {
  public:
    // Fails with Refusal::kSlotWriteFailed.
    [[nodiscard]] static Result<ImageWriter> open(Storage& storage,
                                                  const std::filesystem::path& path,
                                                  const PendingRelease& release);

    // Which chunks are there already, from before an interruption.
    [[nodiscard]] Result<std::vector<bool>> chunks_present(
        std::span<const Sha256Digest> chunk_digests) const;
    // Durable when it returns. Fails with Refusal::kSlotWriteFailed.
    [[nodiscard]] Result<void> write_chunk(std::uint64_t index, ByteView chunk) const;
    // Reads all back. kReadBackMismatch: it does not hold the chunks that were written;
    // kImageDigestMismatch: it does, but together they are not the signed image.
    [[nodiscard]] Result<void> check_whole(std::span<const Sha256Digest> chunk_digests) const;

  private:
    ImageWriter(std::unique_ptr<Volume> volume, PendingRelease release)
        : volume_{std::move(volume)}, release_{std::move(release)} {}
    [[nodiscard]] std::size_t chunk_size(std::uint64_t index) const noexcept;

    std::unique_ptr<Volume> volume_;
    PendingRelease release_;
};

class Slots {
  public:
    using Paths = std::array<std::filesystem::path, 2>;

    Slots(Paths paths, Storage& storage) : paths_{std::move(paths)}, storage_{&storage} {}
    // Files a.img and b.img.
    [[nodiscard]] static Paths files_in(const std::filesystem::path& folder) {
        return {folder / "a.img", folder / "b.img"};
    }

    [[nodiscard]] const std::filesystem::path& path_of(SlotIndex slot) const {
        return paths_.at(slot);
    }
    // SHA-256 of the first `bytes` of the slot; a shorter slot is an error.
    [[nodiscard]] Result<Sha256Digest> digest(SlotIndex slot, std::uint64_t bytes) const;

  private:
    Paths paths_;
    Storage* storage_;
};

}  // namespace assay::device
