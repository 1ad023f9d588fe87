// The two image slots as files, slots/a.img and slots/b.img. A slot is written chunk by chunk, each
// chunk checked before it gets here, made durable, and read back as a whole.

#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <vector>

#include "device/agent_state.hpp"
#include "device/boot_state.hpp"

namespace assay::device {

class Slots {
  public:
    Slots(std::filesystem::path folder, const DurableWrites& writes)
        : folder_{std::move(folder)}, writes_{&writes} {}

    [[nodiscard]] std::filesystem::path path_of(SlotIndex slot) const {
        return folder_ / (std::string(slot_name(slot)) + ".img");
    }
    // SHA-256 of all that is in the slot.
    [[nodiscard]] Result<Sha256Digest> digest(SlotIndex slot) const;

    // A slot open for one pending release.
    class Writing {
      public:
        // Which chunks the slot holds already, from before an interruption.
        [[nodiscard]] Result<std::vector<bool>> chunks_present(
            std::span<const Sha256Digest> chunk_digests) const;
        // Fails with Refusal::kSlotWriteFailed.
        [[nodiscard]] Result<void> write_chunk(std::uint64_t index, ByteView chunk) const;
        [[nodiscard]] Result<void> sync() const;
        // Reads the slot back. kReadBackMismatch: it does not hold the chunks that were written;
        // kImageDigestMismatch: it does, but together they are not the signed image.
        [[nodiscard]] Result<void> check_whole(std::span<const Sha256Digest> chunk_digests) const;

      private:
        friend class Slots;
        Writing(FileHandle file, PendingRelease release, const DurableWrites& writes)
            : file_{std::move(file)}, release_{std::move(release)}, writes_{&writes} {}
        [[nodiscard]] std::size_t chunk_size(std::uint64_t index) const noexcept;

        FileHandle file_;
        PendingRelease release_;
        const DurableWrites* writes_;
    };
    // Creates the slot if needed and gives it the size of the image.
    [[nodiscard]] Result<Writing> open(const PendingRelease& release) const;

  private:
    std::filesystem::path folder_;
    const DurableWrites* writes_;
};

}  // namespace assay::device
