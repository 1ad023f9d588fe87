// When a device may restart into its new slot: within its maintenance window, and not while its owner
// has postponed it. Downloading and installing wait for neither: the running slot is not touched.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "device/protocol/device_config.hpp"
#include "device/storage.hpp"
#include "ledger/core/ids.hpp"

namespace assay::device {

inline constexpr std::string_view kPostponedFile = "postponed";

struct RestartPlan {
    std::optional<protocol::DailyWindow> window;  // UTC
    std::uint64_t postpone_max_s = 7 * 24 * 3600;
};

// Until when the owner wants to be left alone, since when he has wanted it, and which release it is about
// (none: whichever comes next): "until since leaf\n" in a file, seconds since 1970, leaf or "next".
struct Postponement {
    std::uint64_t until = 0;
    std::uint64_t since = 0;
    std::optional<ledger::LeafHash> release;

    [[nodiscard]] bool is_about(const ledger::LeafHash& pending) const {
        return !release || *release == pending;
    }
    friend bool operator==(const Postponement&, const Postponement&) = default;
};

// Nothing if there is none, or none that can be read.
[[nodiscard]] std::optional<Postponement> read_postponement(const std::filesystem::path& folder,
                                                            Storage& storage);
// The restart into `pending`, if there is one, for `seconds` from now, all times for one release together
// at most plan.postpone_max_s; 0 ends it. Returns what holds now.
[[nodiscard]] Result<Postponement> postpone(const std::filesystem::path& folder,
                                            Storage& storage,
                                            const RestartPlan& plan,
                                            const std::optional<ledger::LeafHash>& pending,
                                            std::uint64_t now,
                                            std::uint64_t seconds);

// Nothing: restart. Else what it waits for, for people.
[[nodiscard]] std::optional<std::string> why_to_wait(const RestartPlan& plan,
                                                     const std::optional<Postponement>& postponed,
                                                     std::uint64_t now);

}  // namespace assay::device
