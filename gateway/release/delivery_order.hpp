// Which releases are fetched and verified next when more are due than can be at a time.

#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "ledger/core/ids.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::gateway {

inline constexpr std::size_t kDeliveriesMax = 4;  // at once; each holds a window of 32 MiB

struct DueDelivery {
    ledger::LeafHash release;
    ledger::Urgency urgency = ledger::Urgency::kRoutine;
};

// Those that begin now, beside `running` others: the most urgent first, and the last place is for urgent
// ones alone, so that an emergency waits for no routine release that is large or comes slowly.
[[nodiscard]] inline std::vector<DueDelivery> begin_now(std::vector<DueDelivery> due, std::size_t running) {
    std::ranges::stable_sort(due, std::ranges::greater(), &DueDelivery::urgency);
    std::size_t begun = 0;
    const auto has_place = [&](const DueDelivery& delivery) {
        const bool is_urgent = delivery.urgency >= ledger::Urgency::kUrgent;
        return running + begun < kDeliveriesMax - (is_urgent ? 0 : 1);
    };
    while (begun < due.size() && has_place(due[begun])) ++begun;
    due.resize(begun);
    return due;
}

}  // namespace assay::gateway
