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
};

// What a receipt makes of it; one that is sent again changes nothing. A failed device may still get
// there, and stays failed until then; done is done.
[[nodiscard]] RolloutProgress after_receipt(const RolloutProgress& before,
                                            ledger::ReceiptEvent event,
                                            std::string_view word,
                                            Timestamp now);

}  // namespace assay::gateway
