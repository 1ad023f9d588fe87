// The health check after a start from a new slot. By default the slot must still hold what was
// installed; a device integrator configures a command that knows better.

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "device/slots.hpp"

namespace assay::device {

struct HealthCheck {
    std::vector<std::string> command;  // empty: the default check
    std::chrono::seconds deadline{60};
    // Whether the slot holds the signed image as it is; if an installer unpacked it, the default
    // check has nothing to compare with and passes.
    bool slot_is_image = true;
};

// Fails with Refusal::kHealthCheckFailed. The command gets the path of the slot in ASSAY_SLOT, and
// is killed at the deadline.
[[nodiscard]] Result<void> check_health(const HealthCheck& check,
                                        const Slots& slots,
                                        const PendingRelease& release);

}  // namespace assay::device
