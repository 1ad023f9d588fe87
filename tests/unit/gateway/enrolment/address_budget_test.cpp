#include "gateway/enrolment/address_budget.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

constexpr RequestBudget::Time kInstant{std::chrono::hours(1)};

http::Origin address(std::uint32_t number) {
    return http::origin_of(boost::asio::ip::address_v4(number));
}

// How many of `count` requests at once are worked on.
int admitted(AddressBudget& budget, const http::Origin& origin, int count) {
    int admitted = 0;
    for (int i = 0; i < count; ++i) admitted += budget.try_charge(origin, kInstant) ? 1 : 0;
    return admitted;
}

TEST(AddressBudget, OneAddressDoesNotUseUpAnothers) {
    AddressBudget budget(10);
    EXPECT_EQ(admitted(budget, address(1), 500), 101);
    EXPECT_EQ(admitted(budget, address(2), 50), 50);
}

TEST(AddressBudget, WhoeverIsRefusedIsNotChargedForAskingOn) {
    AddressBudget budget(10);
    EXPECT_EQ(admitted(budget, address(1), 5000), 101);
    EXPECT_TRUE(budget.try_charge(address(1), kInstant + std::chrono::milliseconds(100)));
    EXPECT_FALSE(budget.try_charge(address(1), kInstant + std::chrono::milliseconds(100)));
}

TEST(AddressBudget, ARefusedAnswerCountsTenfold) {
    AddressBudget budget(10);
    int served = 0;
    while (budget.try_charge(address(1), kInstant)) {
        budget.charge_refusal(address(1), kInstant);
        ++served;
    }
    EXPECT_EQ(served, 11);
}

TEST(AddressBudget, AddressesBeyondItsMemoryShareOneAccountUntilOthersHavePaid) {
    AddressBudget budget(10);
    constexpr auto kMany = static_cast<std::uint32_t>(AddressBudget::kAddressesMax);
    for (std::uint32_t i = 0; i < kMany; ++i) ASSERT_TRUE(budget.try_charge(address(i), kInstant));
    int served = 0;
    for (std::uint32_t i = 0; i < 500; ++i) {
        served += budget.try_charge(address(kMany + i), kInstant) ? 1 : 0;
    }
    EXPECT_EQ(served, 101);
    const auto later = kInstant + std::chrono::seconds(1);
    for (std::uint32_t i = 0; i < 500; ++i) {
        EXPECT_TRUE(budget.try_charge(address(2 * kMany + i), later)) << i;
    }
}

TEST(AddressBudget, AnIpv6NetworkIsOneAddress) {
    AddressBudget budget(10);
    const auto in_network = [](const char* text) {
        return http::origin_of(boost::asio::ip::make_address(text));
    };
    EXPECT_EQ(admitted(budget, in_network("2001:db8::1"), 500), 101);
    EXPECT_EQ(admitted(budget, in_network("2001:db8::2"), 500), 0);
    EXPECT_EQ(admitted(budget, in_network("2001:db8:0:1::1"), 500), 101);
    EXPECT_EQ(in_network("::ffff:192.0.2.1"), in_network("192.0.2.1"));
}

}  // namespace
}  // namespace assay::gateway
