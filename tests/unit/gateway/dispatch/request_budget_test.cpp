#include "gateway/dispatch/request_budget.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr RequestBudget::Time kMoment{std::chrono::hours(1)};

// How many of `count` requests at once need not wait.
int served_at_once(const RequestBudget& budget, RequestBudget::Account& account, int count) {
    int served = 0;
    for (int i = 0; i < count; ++i) served += budget.charge(account, kMoment) <= kMoment ? 1 : 0;
    return served;
}

TEST(RequestBudget, LetsTenSecondsWorthPassAtOnce) {
    const RequestBudget budget(10);
    RequestBudget::Account account{};
    EXPECT_EQ(served_at_once(budget, account, 500), 101);
}

TEST(RequestBudget, ThenHoldsTheRate) {
    const RequestBudget budget(10);
    RequestBudget::Account account = kMoment + seconds(10);
    EXPECT_EQ(budget.charge(account, kMoment), kMoment);
    EXPECT_EQ(budget.charge(account, kMoment), kMoment + milliseconds(100));
    EXPECT_EQ(budget.charge(account, kMoment), kMoment + milliseconds(200));
    EXPECT_LE(budget.charge(account, kMoment + seconds(1)), kMoment + seconds(1)) << "time pays";
}

TEST(RequestBudget, ARefusalCountsTenfold) {
    const RequestBudget budget(10);
    RequestBudget::Account account = kMoment + seconds(10);
    EXPECT_EQ(budget.charge(account, kMoment), kMoment);
    budget.charge_refusal(account);
    EXPECT_EQ(budget.charge(account, kMoment), kMoment + seconds(1));
}

TEST(RequestBudget, WhatIsNotChargedComesBehindWhatWas) {
    const RequestBudget budget(10);
    RequestBudget::Account account = kMoment + seconds(10);
    EXPECT_EQ(budget.due(account), kMoment);
    budget.charge_refusal(account);
    EXPECT_EQ(budget.due(account), kMoment + milliseconds(900));
    EXPECT_EQ(budget.due(account), kMoment + milliseconds(900)) << "looking costs nothing";
}

TEST(RequestBudget, ZeroIsNoLimit) {
    const RequestBudget budget(0);
    RequestBudget::Account account{};
    EXPECT_EQ(served_at_once(budget, account, 10'000), 10'000);
    budget.charge_refusal(account);
    EXPECT_LE(budget.charge(account, kMoment), kMoment);
}

}  // namespace
}  // namespace assay::gateway
