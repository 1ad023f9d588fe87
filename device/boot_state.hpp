// What a boot loader knows about the two slots: which one is active, and which one to try how many
// times more; and where that is kept. Back ends: a file (here), U-Boot's environment
// (uboot_env.hpp), a script (boot_script.hpp).

#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>

#include "device/storage.hpp"

namespace assay::device {

inline constexpr std::string_view kBootFile = "boot.cbor";
inline constexpr std::uint64_t kBootTriesMax = 255;

using SlotIndex = std::uint64_t;  // 0 A, 1 B
[[nodiscard]] constexpr SlotIndex other_slot(SlotIndex slot) noexcept { return 1 - slot; }
[[nodiscard]] constexpr std::string_view slot_name(SlotIndex slot) noexcept {
    return slot == 0 ? "a" : "b";
}
[[nodiscard]] constexpr std::optional<SlotIndex> slot_from_name(std::string_view name) noexcept {
    if (name == "a" || name == "A") return 0;
    if (name == "b" || name == "B") return 1;
    return std::nullopt;
}

struct BootState {
    SlotIndex active = 0;            // what starts if nothing is to be tried
    std::optional<SlotIndex> trial;  // a new slot, not yet committed
    std::uint64_t tries_left = 0;

    friend bool operator==(const BootState&, const BootState&) = default;
};

// Reads and replaces the boot state; what is written is durable, whole or not at all.
class BootStore {
  public:
    BootStore() = default;
    BootStore(const BootStore&) = delete;
    BootStore& operator=(const BootStore&) = delete;
    virtual ~BootStore() = default;
    [[nodiscard]] virtual Result<BootState> read() = 0;
    [[nodiscard]] virtual Result<void> write(const BootState& state) = 0;
};

[[nodiscard]] Bytes encode_boot_state(const BootState& state);
[[nodiscard]] Result<BootState> decode_boot_state(ByteView input);

class FileBootStore final : public BootStore {
  public:
    FileBootStore(std::filesystem::path path, Storage& storage)
        : path_{std::move(path)}, storage_{&storage} {}
    // A fresh state if there is no file yet.
    [[nodiscard]] Result<BootState> read() override;
    [[nodiscard]] Result<void> write(const BootState& state) override;

  private:
    std::filesystem::path path_;
    Storage* storage_;
};

}  // namespace assay::device
