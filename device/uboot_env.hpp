// The boot state in U-Boot's environment, which U-Boot's boot script reads: variables assay_active,
// assay_trial (a slot, or empty) and assay_tries. The environment must be redundant (U-Boot's
// CONFIG_SYS_REDUNDAND_ENVIRONMENT): two copies, each CRC32 (little endian), one byte of flags and
// "name=value" texts, all ended by zeros. The newer copy is the one whose flags are one ahead,
// modulo 256. A write goes to the older copy, so a power cut leaves one that is whole.
//
// Format and choice of the copy as in U-Boot's tools/env/fw_env.c for devices that are no raw flash.

#pragma once

#include <array>
#include <string>
#include <vector>

#include "device/boot_state.hpp"

namespace assay::device {

inline constexpr std::size_t kUBootEnvBytesMax = 1024 * 1024;

struct UBootEnvOptions {
    struct Copy {
        std::filesystem::path path;
        std::uint64_t offset = 0;
    };
    std::array<Copy, 2> copies;
    std::size_t bytes = 0;  // of one copy
};

// One copy, decoded: all its variables in their order.
struct UBootEnv {
    std::uint8_t flags = 0;
    std::vector<std::string> variables;  // "name=value"

    [[nodiscard]] std::string_view value(std::string_view name) const;  // empty if not there
    void set(std::string_view name, std::string_view value);            // empty: removed
};
// Exactly `bytes` long. Fails with kLimitExceeded if the variables have no room.
[[nodiscard]] Result<Bytes> encode_uboot_env(const UBootEnv& env, std::size_t bytes);
[[nodiscard]] Result<UBootEnv> decode_uboot_env(ByteView copy);

class UBootEnvStore final : public BootStore {
  public:
    UBootEnvStore(UBootEnvOptions options, Storage& storage)
        : options_{std::move(options)}, storage_{&storage} {}
    // Fails with kMalformed if neither copy is whole: what else is in there is not ours to invent.
    [[nodiscard]] Result<BootState> read() override;
    [[nodiscard]] Result<void> write(const BootState& state) override;

  private:
    struct Current {
        UBootEnv env;
        std::size_t copy = 0;
    };
    [[nodiscard]] Result<Bytes> read_copy(std::size_t index);
    [[nodiscard]] Result<Current> current();

    UBootEnvOptions options_;
    Storage* storage_;
};

}  // namespace assay::device
