#include "gateway/dispatch/pace_queue.hpp"

#include <array>
#include <queue>
#include <random>

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
        request.turn_bytes = 1000;
        queue.ask(std::move(request), now_);
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
    EXPECT_EQ(queue.next(), now_ + kTurnOverdue) << "only an end helps";
    queue.end("kiel", now_);
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{2}));
    queue.end("kiel", now_);
    queue.end("kiel", now_);
    EXPECT_EQ(queue.grant(now_), (std::vector<std::uint64_t>{3}));
}

TEST_F(Pace, ATurnThatHasBegunGoesOnBeforeOthersBegin) {
    PaceQueue queue(rate_of(1000));
    ask(queue, 0);
    ASSERT_EQ(queue.grant(now_).size(), 1U);
    ask(queue, 1);
    PieceRequest on;
    on.id = 0;
    on.bytes = on.turn_bytes = 1000;
    on.goes_on = true;
    queue.ask(on, now_);
    ask(queue, 2, "", ledger::Urgency::kUrgent);
    EXPECT_EQ(run(queue, 10), (std::vector<std::uint64_t>{2, 0, 1}));
}

TEST_F(Pace, WhoHasWaitedTooLongIsDroppedAndNotCharged) {
    PaceQueue queue(rate_of(1000));
    for (std::uint64_t id = 0; id < 10'000; ++id) ask(queue, id, id % 2 == 0 ? "kiel" : "hamburg");
    const PaceTime begin = now_;
    std::size_t granted = 0;
    while (now_ < begin + kTurnOverdue) {
        EXPECT_TRUE(queue.drop_overdue(now_).empty());
        granted += queue.grant(now_).size();
        now_ = *queue.next();
    }
    EXPECT_EQ(queue.drop_overdue(now_).size(), 10'000 - granted);
    EXPECT_NEAR(static_cast<double>(granted), 25, 1);
    EXPECT_EQ(queue.waiting(), 0U);
    EXPECT_EQ(queue.next(), std::nullopt);
    EXPECT_LE(queue.expected_wait("kiel", ledger::Urgency::kRoutine, now_), std::chrono::seconds(1));
    now_ += std::chrono::seconds(1);
    ask(queue, 1);
    EXPECT_EQ(queue.grant(now_), std::vector<std::uint64_t>{1});
}

TEST_F(Pace, ExpectsTheWaitForWhatIsAsUrgent) {
    PaceLimits limits = rate_of(1000);
    limits.site_bytes_per_s = 100;
    PaceQueue queue(limits);
    const auto wait = [&](const std::string& site, ledger::Urgency urgency) {
        return queue.expected_wait(site, urgency, now_).count();
    };
    EXPECT_EQ(wait("kiel", ledger::Urgency::kRoutine), 0);
    for (std::uint64_t id = 0; id < 5; ++id) ask(queue, id, "kiel");
    ask(queue, 5, "hamburg", ledger::Urgency::kUrgent);
    EXPECT_DOUBLE_EQ(wait("kiel", ledger::Urgency::kRoutine), 50);
    EXPECT_DOUBLE_EQ(wait("bremen", ledger::Urgency::kRoutine), 6);
    EXPECT_DOUBLE_EQ(wait("bremen", ledger::Urgency::kUrgent), 1);
    EXPECT_DOUBLE_EQ(wait("bremen", ledger::Urgency::kEmergency), 0);
}

// Devices as agents are: each fetches chunks of 1 MiB, gives up after 30 s without a byte, and comes
// back after 1 s, 2 s, 4 s... up to 5 minutes.
class PacedFleet : public Pace {
  protected:
    static constexpr std::uint64_t kChunk = 1024 * 1024;
    struct Agent {
        std::uint64_t chunk_left = 0;  // 0: between chunks
        bool waits = false;
        PaceTime last_byte{};
        unsigned failures = 0;
    };

    // The bytes of whole chunks that arrived within that time.
    std::uint64_t serve(const PaceLimits& limits, std::size_t agents, std::chrono::seconds time) {
        PaceQueue queue(limits);
        agents_.assign(agents, {});
        due_ = {};
        for (std::size_t id = 0; id < agents; ++id) due_.emplace(now_, id);
        const PaceTime end = now_ + time;
        for (std::uint64_t arrived = 0;;) {
            for (const std::uint64_t id : queue.drop_overdue(now_)) come_back(id);
            for (const std::uint64_t id : queue.grant(now_)) {
                Agent& agent = agents_[id];
                EXPECT_LE(now_ - agent.last_byte, std::chrono::seconds(30)) << "it has given up";
                const std::uint64_t piece = std::min(agent.chunk_left, limits.piece_bytes());
                agent.chunk_left -= piece;
                if (agent.chunk_left == 0) {
                    arrived += kChunk;
                    agent.failures = 0;
                    agent.waits = false;
                    queue.end("", now_);
                }
                ask_on(queue, limits, id);
            }
            while (!due_.empty() && due_.top().first <= now_) {
                const std::size_t id = due_.top().second;
                due_.pop();
                ask_on(queue, limits, id);
            }
            PaceTime next = queue.next().value_or(PaceTime::max());
            if (!due_.empty()) next = std::min(next, due_.top().first);
            now_ = std::max(next, now_ + std::chrono::microseconds(1));
            if (now_ >= end) return arrived;
        }
    }

  private:
    void ask_on(PaceQueue& queue, const PaceLimits& limits, std::size_t id) {
        Agent& agent = agents_[id];
        PieceRequest request;
        request.begins = agent.chunk_left == 0;
        if (request.begins) {
            if (queue.expected_wait("", ledger::Urgency::kRoutine, now_) > kTurnFarOff) return come_back(id);
            agent.chunk_left = kChunk;
        }
        agent.last_byte = now_;
        request.id = id;
        request.goes_on = !request.begins;
        request.bytes = std::min(agent.chunk_left, limits.piece_bytes());
        request.turn_bytes = agent.chunk_left;
        queue.ask(std::move(request), now_);
    }
    void come_back(std::size_t id) {
        Agent& agent = agents_[id];
        agent.chunk_left = 0;
        const std::chrono::milliseconds pause(1000U << std::min(agent.failures++, 8U));
        due_.emplace(now_ + std::min<std::chrono::milliseconds>(pause, std::chrono::minutes(5)) +
                         std::chrono::milliseconds(random_() % 1000),
                     id);
    }

    using Due = std::pair<PaceTime, std::size_t>;
    std::vector<Agent> agents_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    std::minstd_rand random_{1};
};

TEST_F(PacedFleet, TenThousandDevicesGetWhatALowRateCanCarry) {
    constexpr std::chrono::minutes kTime{10};
    for (const std::uint64_t rate : {64ULL * 1024, 1024ULL * 1024}) {
        const std::uint64_t arrived = serve(rate_of(rate), 10'000, kTime);
        const double possible = static_cast<double>(rate) * 600;
        EXPECT_GE(static_cast<double>(arrived), 0.95 * possible) << rate;
        EXPECT_LE(static_cast<double>(arrived), 1.05 * possible) << rate;
    }
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
