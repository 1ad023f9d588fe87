#include "host/compute/miner.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>

#include <sys/resource.h>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// A real engine that also adds up how long it was busy.
class TimedEngine final : public PowEngine {
  public:
    explicit TimedEngine(PowEngine& engine) : engine_{engine} {}
    [[nodiscard]] const EngineInfo& info() const noexcept override { return engine_.info(); }
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override {
        const auto started = Clock::now();
        auto result = engine_.search(work, std::move(stop));
        busy += Clock::now() - started;
        ++calls;
        return result;
    }
    Clock::duration busy{};
    int calls = 0;

  private:
    PowEngine& engine_;
};

PowWork easy_work(std::uint8_t top) {
    PowWork work;
    for (std::size_t i = 0; i < work.header.size(); ++i) work.header[i] = static_cast<std::byte>(i);
    work.target[29] = static_cast<std::byte>(top);
    return work;
}

// `work` with its Merkle root marked by the extranonce.
PowWork with_extranonce(PowWork work, std::uint64_t extranonce) {
    for (std::size_t i = 0; i < 8; ++i) {
        work.header[36 + i] = static_cast<std::byte>(extranonce >> (8 * i));
    }
    return work;
}

// As many extranonces as asked for, each with the ranges of `work`.
WorkSource work_source(const PowWork& work, std::uint64_t extranonces = 1) {
    return [=](std::uint64_t extranonce) -> std::optional<PowWork> {
        if (extranonce >= extranonces) return std::nullopt;
        return with_extranonce(work, extranonce);
    };
}

bool meets_target(const PowWork& work, const PowHit& hit) {
    const Sha256Digest hash = crypto::sha256d(header_with(work.header, hit));
    return std::lexicographical_compare(hash.bytes.rbegin(), hash.bytes.rend(),
                                        work.target.rbegin(), work.target.rend());
}

TEST(Miner, FindsAHitWithinTheRangesOfTheWork) {
    CpuEngine engine(*usable_backends().front());
    for (const std::uint64_t rolls : {1, 5, 300}) {
        PowWork work = easy_work(20);  // one hash in 800,000
        work.version_mask = 0x1fffe000;
        work.first_version_roll = 7;
        work.version_roll_count = rolls;
        Miner miner(engine, 1.0);
        const auto mined = miner.mine(work_source(work), 0, {});
        ASSERT_TRUE(mined && mined->hit) << rolls;
        EXPECT_EQ(mined->hit->extranonce, 0U);
        EXPECT_EQ(mined->next_extranonce, 1U);
        EXPECT_TRUE(meets_target(with_extranonce(work, 0), mined->hit->pow));
        bool is_rolled = false;
        for (std::uint32_t roll = 7; roll < 7 + rolls; ++roll) {
            is_rolled = is_rolled || mined->hit->pow.version ==
                                         rolled_version(0x03020100, work.version_mask, roll);
        }
        EXPECT_TRUE(is_rolled) << rolls;
        EXPECT_EQ(miner.hashes_total(), mined->hashes_tried);
        EXPECT_GT(miner.hashes_per_second(), 0);
    }
}

TEST(Miner, PassesNoHitOver) {
    CpuEngine engine(*usable_backends().front());
    PowWork work = easy_work(60);
    work.version_mask = 0x1fffe000;
    work.version_roll_count = 90;  // few enough to be searched together
    Miner miner(engine, 1.0);
    const auto mined = miner.mine(work_source(work), 0, {});
    const auto direct = engine.search(with_extranonce(work, 0), {});
    ASSERT_TRUE(mined && mined->hit && direct && direct->hit);
    EXPECT_EQ(mined->hit->pow, *direct->hit);
}

TEST(Miner, CountsTheExtranonceUpWhenNoncesAndVersionsAreUsedUp) {
    CpuEngine engine(*usable_backends().front());
    PowWork work;  // target zero: nothing is found
    work.version_mask = 0x1fffe000;
    work.first_version_roll = 65'000;
    work.version_roll_count = 200;
    work.first_nonce = 0xffff'ff00;
    work.nonce_count = 256;
    Miner miner(engine, 1.0);
    const auto mined = miner.mine(work_source(work, 20), 3, {});
    ASSERT_TRUE(mined);
    EXPECT_FALSE(mined->hit);
    EXPECT_EQ(mined->next_extranonce, 20U);
    EXPECT_EQ(mined->hashes_tried, 17 * 200 * 256U);
}

TEST(Miner, FindsTheHitOfALaterExtranonce) {
    CpuEngine engine(*usable_backends().front());
    PowWork work = easy_work(20);
    work.nonce_count = 1 << 12;
    Miner miner(engine, 1.0);
    const auto mined = miner.mine(work_source(work, 100'000), 0, {});
    ASSERT_TRUE(mined && mined->hit);
    EXPECT_GT(mined->hit->extranonce, 0U);
    EXPECT_TRUE(meets_target(with_extranonce(work, mined->hit->extranonce), mined->hit->pow));
}

TEST(Miner, FailsWhenItsEngineDoes) {
    class LostEngine final : public PowEngine {
      public:
        [[nodiscard]] const EngineInfo& info() const noexcept override { return info_; }
        [[nodiscard]] Result<PowResult> search(const PowWork&, std::stop_token) override {
            return fail(std::errc::no_such_device, "device lost");
        }

      private:
        EngineInfo info_{"opencl:9", "gone"};
    };
    LostEngine lost;
    const auto mined = Miner(lost, 1.0).mine(work_source(PowWork()), 0, {});
    ASSERT_FALSE(mined);
    EXPECT_NE(mined.error().to_string().find("device lost"), std::string::npos);
}

TEST(Miner, RefusesWorkThatNoEngineWouldTake) {
    CpuEngine engine(portable_backend());
    PowWork work;
    work.first_nonce = 1;
    EXPECT_FALSE(Miner(engine, 1.0).mine(work_source(work), 0, {}));
}

TEST(Miner, LeavesTheEngineIdleForTheRestOfItsShare) {
    CpuEngine engine(portable_backend());
    TimedEngine timed(engine);
    Miner miner(timed, 0.3);
    PowWork work;
    work.nonce_count = 300'000;
    const auto started = Clock::now();
    ASSERT_TRUE(miner.mine(work_source(work), 0, {}));
    const std::chrono::duration<double> all = Clock::now() - started;
    const std::chrono::duration<double> busy = timed.busy;
    ASSERT_GT(timed.calls, 1);
    EXPECT_LE(busy / all, 0.33);
}

TEST(Miner, RunsAtALowPriorityAndLeavesThatOfItsCallerAlone) {
    class Niceness final : public PowEngine {
      public:
        [[nodiscard]] const EngineInfo& info() const noexcept override { return info_; }
        [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token) override {
            seen = ::getpriority(PRIO_PROCESS, 0);
            PowResult result;
            result.hit = PowHit(0, work.first_nonce);
            return result;
        }
        int seen = 0;

      private:
        EngineInfo info_{"niceness", "reads its own priority"};
    };
    Niceness engine;
    const int own = ::getpriority(PRIO_PROCESS, 0);
    ASSERT_TRUE(Miner(engine, 1.0).mine(work_source(PowWork()), 0, {}));
    EXPECT_EQ(engine.seen, std::min(own + 10, 19));
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own);
}

TEST(Miner, AStopEndsARestAtOnce) {
    CpuEngine engine(portable_backend());
    Miner miner(engine, 0.0001);  // rests for minutes after the first slice
    std::stop_source stop;
    const WorkSource source = work_source(PowWork());
    auto mined =
        std::async(std::launch::async, [&] { return miner.mine(source, 0, stop.get_token()); });
    while (miner.hashes_total() == 0) std::this_thread::yield();
    const auto asked = Clock::now();
    stop.request_stop();
    const auto result = mined.get();
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->hit);
    EXPECT_LT(Clock::now() - asked, 500ms);
}

}  // namespace
}  // namespace assay::compute
