#include "ledger/net/flood_guard.hpp"

#include <gtest/gtest.h>

namespace assay::ledger {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using SteadyTime = FloodGuard::SteadyTime;

const SteadyTime kStart{seconds{1'000}};

TEST(FloodGuard, LetsAnHonestMemberSayAllItHas) {
    FloodGuard guard(kStart);
    for (int i = 0; i < 1'024; ++i) {  // every vote it knows, when it connects
        guard.charge(FloodGuard::charge_of(VoteMessage{}), kStart);
        EXPECT_EQ(guard.pause(kStart), milliseconds{0}) << i;
    }
    // A busy second: votes of 64 members, transactions announced every 20 ms, some checkpoints.
    SteadyTime now = kStart;
    for (int second = 0; second < 100; ++second) {
        for (int i = 0; i < 64; ++i) guard.charge(FloodGuard::charge_of(VoteMessage{}), now);
        for (int i = 0; i < 50; ++i) {
            Announce news;
            news.items.resize(30);
            guard.charge(FloodGuard::charge_of(news), now);
        }
        for (int i = 0; i < 8; ++i) {
            guard.charge(FloodGuard::charge_of(CheckpointMessage{"text"}), now);
        }
        EXPECT_EQ(guard.pause(now), milliseconds{0}) << second;
        EXPECT_FALSE(guard.is_flood(now));
        now += seconds{1};
    }
}

TEST(FloodGuard, LetsAMemberThatCatchesUpAskForAllBlocks) {
    FloodGuard guard(kStart);
    GetData request;
    request.items.resize(1);
    for (int i = 0; i < 50'000; ++i) guard.charge(FloodGuard::charge_of(request), kStart);
    EXPECT_EQ(guard.pause(kStart), milliseconds{0});
    EXPECT_FALSE(guard.is_flood(kStart + seconds{10}));
}

TEST(FloodGuard, HoldsAFloodToItsRateAndReportsItAgainAndAgain) {
    FloodGuard guard(kStart);
    SteadyTime now = kStart;
    int said = 0, reported = 0;
    while (now < kStart + seconds{20}) {
        guard.charge(FloodGuard::charge_of(Ping{}), now);
        ++said;
        if (guard.is_flood(now)) ++reported;
        now += guard.pause(now) + std::chrono::microseconds{1};
    }
    EXPECT_LE(said, kUnaskedMessagesBurst + 20 * kUnaskedMessagesPerSecond + 1);
    EXPECT_GE(said, kUnaskedMessagesBurst + 19 * kUnaskedMessagesPerSecond);
    EXPECT_GE(reported, 15) << "about once a second";
    EXPECT_LE(reported, 20);
}

TEST(FloodGuard, HoldsBytesToTheirRate) {
    FloodGuard guard(kStart);
    const FloodGuard::Charge block = FloodGuard::charge_of(BlockMessage{Bytes(2 << 20)});
    for (int i = 0; i < 8; ++i) guard.charge(block, kStart);
    EXPECT_EQ(guard.pause(kStart), milliseconds{0});
    guard.charge(block, kStart);
    EXPECT_EQ(guard.pause(kStart), milliseconds{251}) << "2 MiB at 8 MiB a second";
    EXPECT_EQ(guard.pause(kStart + seconds{1}), milliseconds{0});
}

TEST(FloodGuard, WhatIsDearToJudgeCostsMore) {
    const auto cost = [](const PeerMessage& message) {
        return FloodGuard::charge_of(message).messages;
    };
    Announce full;
    full.items.resize(kAnnounceMax);
    EXPECT_GT(cost(full), 50);
    EXPECT_GT(cost(CheckpointMessage{"text"}), 10);
    EXPECT_GT(cost(GetHeaders{}), 10);
    EXPECT_EQ(cost(VoteMessage{}), 1);
}

TEST(FloodGuard, AMomentOfTooMuchIsForgotten) {
    FloodGuard guard(kStart);
    SteadyTime now = kStart;
    for (int i = 0; i < 2'001; ++i) guard.charge(FloodGuard::charge_of(Ping{}), now);
    EXPECT_GT(guard.pause(now), milliseconds{0});
    for (int i = 0; i < 60; ++i) {
        now += seconds{10};
        guard.charge(FloodGuard::charge_of(Ping{}), now);
        EXPECT_FALSE(guard.is_flood(now));
    }
}

}  // namespace
}  // namespace assay::ledger
