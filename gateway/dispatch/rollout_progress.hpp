// How far one device is in one rollout. Part of the device's record (device_registry.hpp), so that
// a receipt and the step it stands for are one write.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

enum class RolloutStep { kOffered, kVerified, kInstalled, kDone, kFailed };
// "offered", "verified", "installed", "done", "failed"
[[nodiscard]] std::string_view to_string(RolloutStep step) noexcept;
[[nodiscard]] std::optional<RolloutStep> parse_rollout_step(std::string_view text) noexcept;

struct RolloutProgress {
    RolloutStep step = RolloutStep::kOffered;
    Timestamp since{};
    std::string word;  // why it failed: a refusal, "rolled-back", "failed" or "deadline"
    bool is_retry = false;  // it failed before: counts against the release until it confirms

    [[nodiscard]] bool under_way() const noexcept {
        return step != RolloutStep::kDone && step != RolloutStep::kFailed;
    }
    friend bool operator==(const RolloutProgress&, const RolloutProgress&) = default;
};

// The word of a device that was late, and may still get there.
inline constexpr std::string_view kLateWord = "deadline";

// What a receipt that was not known makes of it. A failed device stays failed until it confirms; one that
// was late goes on, and counts as failed until then. One that falls back after it had confirmed has failed.
[[nodiscard]] RolloutProgress after_receipt(const RolloutProgress& before,
                                            ledger::ReceiptEvent event,
                                            std::string_view word,
                                            Timestamp now);

}  // namespace assay::gateway
