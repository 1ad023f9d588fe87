// What a boot loader knows about the two slots, kept in a file: which one is active, and which one
// to try how many times more. The file back end stands where U-Boot's environment or another boot
// loader's store would; the agent's own start is the boot.

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "device/durable_writes.hpp"

namespace assay::device {

inline constexpr std::string_view kBootFile = "boot.cbor";

using SlotIndex = std::uint64_t;  // 0 A, 1 B
[[nodiscard]] constexpr SlotIndex other_slot(SlotIndex slot) noexcept { return 1 - slot; }
[[nodiscard]] constexpr std::string_view slot_name(SlotIndex slot) noexcept {
    return slot == 0 ? "a" : "b";
}

struct BootState {
    SlotIndex active = 0;            // what starts if nothing is to be tried
    std::optional<SlotIndex> trial;  // a new slot, not yet committed
    std::uint64_t tries_left = 0;

    friend bool operator==(const BootState&, const BootState&) = default;
};

[[nodiscard]] Bytes encode_boot_state(const BootState& state);
[[nodiscard]] Result<BootState> decode_boot_state(ByteView input);

class BootLoader {
  public:
    BootLoader(std::filesystem::path path, const DurableWrites& writes)
        : path_{std::move(path)}, writes_{&writes} {}

    // A start of the device. Uses up one try of a trial slot; without tries left the trial is over
    // and the active slot starts. Returns the slot that runs.
    [[nodiscard]] Result<SlotIndex> boot() const;

    // The next start is from `slot`, at most `tries` times.
    [[nodiscard]] Result<void> try_slot(SlotIndex slot, std::uint64_t tries) const;
    // `slot` is active from now on; nothing is tried any more.
    [[nodiscard]] Result<void> commit(SlotIndex slot) const;
    // Ends the trial; the next start is from the active slot.
    [[nodiscard]] Result<void> abandon() const;

    [[nodiscard]] Result<BootState> read() const;

  private:
    [[nodiscard]] Result<void> write(const BootState& state) const;

    std::filesystem::path path_;
    const DurableWrites* writes_;
};

}  // namespace assay::device
