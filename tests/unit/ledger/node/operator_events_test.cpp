#include "ledger/node/operator_events.hpp"

#include <gtest/gtest.h>

#include "ledger/node/life_watch.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using std::chrono::seconds;
using test::at;

TEST(OperatorEvents, OneMemberThatRepeatsItselfPushesNobodyOut) {
    OperatorEvents events("consortium");
    events.note(at(5), log::Level::kWarning, "peer-misbehaved", "member lab", "block 1");
    for (std::uint32_t i = 0; i < 1'000; ++i) {
        events.note(at(10 + i), log::Level::kWarning, "peer-misbehaved", "member eve",
                    "vote " + std::to_string(i));
    }
    ASSERT_EQ(events.events().size(), 2U);
    EXPECT_EQ(events.events().front().subject, "member lab");
    const OperatorEvent& eve = events.events().back();
    EXPECT_EQ(eve.count, 1'000U);
    EXPECT_EQ(eve.what, "vote 999");
    EXPECT_EQ(eve.first, at(10));
    EXPECT_EQ(eve.last, at(1'009));
}

TEST(OperatorEvents, KeepsTheNewest) {
    OperatorEvents events("gateway");
    for (std::uint32_t i = 0; i < 300; ++i) {
        events.note(at(i), log::Level::kInfo, "peer-lost", "member " + std::to_string(i), "gone");
    }
    ASSERT_EQ(events.events().size(), kOperatorEventsMax);
    EXPECT_EQ(events.events().front().subject, "member 44");
    EXPECT_EQ(events.events().back().subject, "member 299");
}

class Life : public testing::Test {
  protected:
    void tick(std::uint32_t wall, int steady) {
        watch.on_tick(*chain, at(wall), LifeWatch::SteadyTime{seconds{1'000 + steady}});
    }
    [[nodiscard]] std::vector<std::string> names() const {
        std::vector<std::string> out;
        for (const OperatorEvent& event : events.events()) out.push_back(event.name);
        return out;
    }
    // Puts a block with one transaction onto the chain.
    void add_busy_block() {
        const auto tx = chain->accept_transaction(test::make_policy_tx(
            founders.chain_id, founders.members[0], test::PolicyOptions{}));
        ASSERT_TRUE(tx.has_value()) << tx.error().to_string();
        ASSERT_FALSE(founders.extend(*chain, now).empty());
    }

    test::TempDir dir;
    test::Founders founders{4};
    std::unique_ptr<Chain> chain = founders.open(dir / "chain");
    std::uint32_t now = founders.genesis.time + 1;
    OperatorEvents events{"consortium"};
    LifeWatch watch{events};
};

TEST_F(Life, AClockThatJumpsIsReportedWithItsStep) {
    tick(5'000, 0);
    tick(5'009, 1);  // a slow tick, or a slewed clock
    EXPECT_TRUE(events.events().empty());
    tick(8'610, 2);
    tick(8'611, 3);
    tick(5'012, 4);
    ASSERT_EQ(names(), (std::vector<std::string>{"clock-jumped"}));
    EXPECT_EQ(events.events().back().count, 2U);
    EXPECT_NE(events.events().back().what.find("back by 3600 s"), std::string::npos)
        << events.events().back().what;
}

TEST_F(Life, AnIdleLedgerNeverStalls) {
    for (int i = 0; i < 10'000; i += 100) tick(5'000 + static_cast<std::uint32_t>(i), i);
    EXPECT_TRUE(events.events().empty());
}

TEST_F(Life, WhatWaitsTooLongForFinalityIsReportedAndSoIsItsEnd) {
    add_busy_block();
    const int limit = 20 * static_cast<int>(founders.genesis.params.target_interval_s);
    const int stall = std::max(limit, 60);
    tick(now, 0);
    tick(now + static_cast<std::uint32_t>(stall) - 1, stall - 1);
    EXPECT_TRUE(events.events().empty());
    tick(now + static_cast<std::uint32_t>(stall), stall);
    ASSERT_EQ(names(), (std::vector<std::string>{"finality-stalls"}));
    EXPECT_NE(events.events().back().what.find("3 of 4 nodes"), std::string::npos)
        << events.events().back().what;

    // Votes for the block, then for an empty one on it, make the first of them final.
    const auto certify = [&] {
        (void)chain->accept_certificate(founders.certificate_for(*chain, chain->tip().id, 4));
    };
    certify();
    ASSERT_FALSE(founders.extend(*chain, now).empty());
    certify();
    ASSERT_GT(chain->final_block().height, 0U);
    tick(now, stall + 1);
    EXPECT_EQ(events.events().back().name, "finality-resumed");
}

}  // namespace
}  // namespace assay::ledger
