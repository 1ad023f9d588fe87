#include "host/compute/miner.hpp"

#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"

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

TEST(Miner, FindsWhatTheEngineFinds) {
    CpuEngine engine(*usable_backends().front());
    for (const std::uint64_t rolls : {1, 5, 300}) {
        PowWork work = easy_work(20);  // one hash in 800,000
        work.version_mask = 0x1fffe000;
        work.version_roll_count = rolls;
        const auto direct = engine.search(work, {});
        ASSERT_TRUE(direct && direct->hit);
        Miner miner(engine, 1.0);
        const auto mined = miner.mine(work, {});
        ASSERT_TRUE(mined);
        EXPECT_EQ(mined->hit, direct->hit) << rolls;
        EXPECT_EQ(miner.hashes_total(), mined->hashes_tried);
        EXPECT_GT(miner.hashes_per_second(), 0);
    }
}

TEST(Miner, EndsWithoutAHitWhenTheWorkHasNone) {
    CpuEngine engine(*usable_backends().front());
    PowWork work;
    work.nonce_count = 3'000'000;
    Miner miner(engine, 1.0);
    const auto mined = miner.mine(work, {});
    ASSERT_TRUE(mined);
    EXPECT_FALSE(mined->hit);
    EXPECT_EQ(mined->hashes_tried, work.nonce_count);
}

TEST(Miner, RefusesWorkThatNoEngineWouldTake) {
    CpuEngine engine(portable_backend());
    PowWork work;
    work.first_nonce = 1;
    EXPECT_FALSE(Miner(engine, 1.0).mine(work, {}));
}

TEST(Miner, LeavesTheEngineIdleForTheRestOfItsShare) {
    CpuEngine engine(portable_backend());
    TimedEngine timed(engine);
    Miner miner(timed, 0.3);
    PowWork work;
    work.nonce_count = 300'000;
    const auto started = Clock::now();
    ASSERT_TRUE(miner.mine(work, {}));
    const std::chrono::duration<double> all = Clock::now() - started;
    const std::chrono::duration<double> busy = timed.busy;
    ASSERT_GT(timed.calls, 1);
    EXPECT_LE(busy / all, 0.33);
}

TEST(Miner, AStopEndsARestAtOnce) {
    CpuEngine engine(portable_backend());
    Miner miner(engine, 0.0001);  // rests for minutes after the first slice
    std::stop_source stop;
    auto mined = std::async(std::launch::async, [&] { return miner.mine({}, stop.get_token()); });
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
