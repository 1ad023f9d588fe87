#include "gateway/dispatch/pace_queue.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

using std::chrono::milliseconds;

class Pace : public testing::Test {
  protected:
    void ask(PaceQueue& queue,
             std::uint64_t id,
             const std::string& site = "",
             ledger::Urgency urgency = ledger::Urgency::kRoutine,
             bool begins = false) {
        PieceRequest request;
        request.id = id;
        request.site = site;
        request.urgency = urgency;
        request.bytes = 1000;
        request.begins = begins;
        queue.ask(std::move(request));
    }
    // Lets time pass to where something may go, `rounds` times.
    std::vector<std::uint64_t> run(PaceQueue& queue, int rounds) {
        std::vector<std::uint64_t> order;
        for (int i = 0; i < rounds; ++i) {
            for (const std::uint64_t id : queue.grant(now_)) order.push_back(id);
            if (!queue.next()) break;
            now_ = *queue.next();
        }
        return order;
    }

    PaceTime now_ = PaceTime() + std::chrono::hours(1);
};

PaceLimits rate_of(std::uint64_t bytes_per_s) {
    PaceLimits limits;
    limits.bytes_per_s = bytes_per_s;
    return limits;
}

TEST_F(Pace, KeepsToTheRateOverTime) {
    PaceQueue queue(rate_of(100'000));
    const PaceTime begin = now_;
    std::uint64_t pieces = 0;
    while (now_ < begin + std::chrono::seconds(10)) {
        ask(queue, pieces);
        pieces += queue.grant(now_).size();
        if (queue.next()) now_ = *queue.next();
    }
    EXPECT_NEAR(static_cast<double>(pieces), 1000 + 12.5, 2) << "100 pieces a second, and the burst";
}

TEST_F(Pace, DevicesTakeTurns) {
    PaceQueue queue(rate_of(1000));
    std::array<int, 5> sent{};
    for (std::uint64_t id = 0; id < sent.size(); ++id) ask(queue, id);
    for (int i = 0; i < 100; ++i) {
        for (const std::uint64_t id : queue.grant(now_)) {
            ++sent[id];
            ask(queue, id);  // wants its next piece as soon as the last has gone
        }
        ASSERT_TRUE(queue.next());
        now_ = *queue.next();
    }
    for (const int count : sent) EXPECT_NEAR(count, sent[0], 1);
}

TEST_F(Pace, TheMostUrgentGoesFirst) {
    PaceQueue queue(rate_of(1000));
    ask(queue, 0);
    ASSERT_EQ(queue.grant(now_).size(), 1U);
    ask(queue, 1);
    ask(queue, 2, "", ledger::Urgency::kRecommended);
    ask(queue, 3, "", ledger::Urgency::kEmergency);
    ask(queue, 4, "", ledger::Urgency::kEmergency);
    EXPECT_EQ(run(queue, 10), (std::vector<std::uint64_t>{3, 4, 2, 1}));
}

TEST_F(Pace, ASlowSiteHoldsNobodyElseUp) {
    PaceLimits limits;
    limits.site_bytes_per_s = 1000;
    PaceQueue queue(limits);
    for (std::uint64_t id = 0; id < 4; ++id) ask(queue, id, "hamburg");
    ask(queue, 10, "kiel");
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{0, 10}));
    EXPECT_EQ(queue.waiting(), 3U);
    EXPECT_EQ(run(queue, 10), (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(Pace, ASiteHasSoManyDownloadsAtATime) {
    PaceLimits limits;
    limits.site_downloads_max = 2;
    PaceQueue queue(limits);
    for (std::uint64_t id = 0; id < 4; ++id) ask(queue, id, "kiel", ledger::Urgency::kRoutine, true);
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{0, 1}));
    ask(queue, 0, "kiel");
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{0})) << "one that began goes on";
    EXPECT_FALSE(queue.next()) << "only an end helps";
    queue.end("kiel");
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{2}));
    queue.end("kiel");
    queue.end("kiel");
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{3}));
}

TEST_F(Pace, PiecesAreSmallWhereItIsSlow) {
    EXPECT_EQ(PaceLimits().piece_bytes(), 256U * 1024);
    EXPECT_EQ(rate_of(1'000'000'000).piece_bytes(), 256U * 1024);
    EXPECT_EQ(rate_of(160'000).piece_bytes(), 10'000U);
    EXPECT_EQ(rate_of(1).piece_bytes(), 4'096U);
    EXPECT_FALSE(PaceLimits().any());
    EXPECT_TRUE(rate_of(1).any());
}

}  // namespace
}  // namespace assay::gateway
