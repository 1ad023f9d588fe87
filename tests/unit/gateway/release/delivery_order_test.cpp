#include "gateway/release/delivery_order.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

using ledger::Urgency;

// What begins, by its place in `due`.
std::vector<int> begun(const std::vector<Urgency>& due, std::size_t running) {
    std::vector<DueDelivery> deliveries;
    for (std::size_t i = 0; i < due.size(); ++i) {
        DueDelivery& next = deliveries.emplace_back();
        next.release.bytes[0] = static_cast<std::byte>(i);
        next.urgency = due[i];
    }
    std::vector<int> out;
    for (const DueDelivery& next : begin_now(std::move(deliveries), running)) {
        out.push_back(std::to_integer<int>(next.release.bytes[0]));
    }
    return out;
}

TEST(DeliveryOrder, TheMostUrgentBeginsFirst) {
    EXPECT_EQ(begun({Urgency::kRoutine, Urgency::kRecommended, Urgency::kEmergency, Urgency::kUrgent}, 0),
              (std::vector{2, 3, 1}));
}

TEST(DeliveryOrder, OnePlaceIsKeptForUrgentOnes) {
    const std::vector routine(6, Urgency::kRoutine);
    EXPECT_EQ(begun(routine, 0), (std::vector{0, 1, 2}));
    EXPECT_EQ(begun(routine, 3), std::vector<int>());
    EXPECT_EQ(begun({Urgency::kRoutine, Urgency::kUrgent}, 3), std::vector{1});
    EXPECT_EQ(begun({Urgency::kRoutine, Urgency::kEmergency}, 4), std::vector<int>());
    EXPECT_EQ(begun(std::vector(6, Urgency::kUrgent), 0), (std::vector{0, 1, 2, 3}));
}

}  // namespace
}  // namespace assay::gateway
