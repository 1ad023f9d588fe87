// One search on several engines at once, against the same search on one.
#include "host/compute/shared_search.hpp"

#include <atomic>
#include <future>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"

namespace assay::compute {
namespace {

PowWork work_with_one_hit_in(unsigned zero_bits, std::uint64_t seed) {
    PowWork work;
    for (std::size_t i = 0; i < work.header.size(); ++i) {
        work.header[i] = static_cast<std::byte>((i * 31 + seed * 17) & 0xff);
    }
    work.target.fill(std::byte{0xff});
    for (unsigned bit = 0; bit < zero_bits; ++bit) {
        work.target[31 - bit / 8] &= ~std::byte(0x80U >> (bit % 8));
    }
    work.version_mask = 0x1fffe000;
    work.version_roll_count = 8;
    work.nonce_count = 1 << 17;
    return work;
}

// Fails after some searches, as a device that vanishes.
class FailingEngine final : public PowEngine {
  public:
    explicit FailingEngine(int searches) : left_{searches} {}
    const EngineInfo& info() const noexcept override { return info_; }
    Result<PowResult> search(const PowWork& work, std::stop_token stop) override {
        if (left_-- <= 0) return fail(std::errc::no_such_device, "gone");
        return engine_.search(work, stop);
    }

  private:
    EngineInfo info_{"failing", ""};
    CpuEngine engine_{*usable_backends().front(), 1};
    std::atomic<int> left_;
};

TEST(SharedSearch, SeveralEnginesFindWhatOneFinds) {
    CpuEngine alone(*usable_backends().front(), 1);
    CpuEngine other(portable_backend(), 1);
    CpuEngine third(portable_backend(), 1);
    PowEngine* const engines[] = {&alone, &other, &third};
    const std::uint64_t rates[] = {20'000'000, 3'000'000, 1'000'000};
    for (std::uint64_t seed = 0; seed < 8; ++seed) {
        const PowWork work = work_with_one_hit_in(12 + static_cast<unsigned>(seed) / 2, seed);
        const auto expected = alone.search(work, {});
        ASSERT_TRUE(expected);
        SharedSearch search(work, {});
        EXPECT_EQ(search.run(engines, rates), "");
        ASSERT_TRUE(search.finished());
        EXPECT_EQ(search.result().hit, expected->hit) << "seed " << seed;
    }
}

TEST(SharedSearch, TriesEverythingOnceWhenThereIsNoHit) {
    CpuEngine one(portable_backend(), 1);
    CpuEngine two(portable_backend(), 1);
    PowEngine* const engines[] = {&one, &two};
    const std::uint64_t rates[] = {3'000'000, 3'000'000};
    PowWork work = work_with_one_hit_in(0, 1);
    work.target.fill(std::byte{0});
    work.nonce_count = 12'345;
    SharedSearch search(work, {});
    EXPECT_EQ(search.run(engines, rates), "");
    EXPECT_TRUE(search.finished());
    EXPECT_FALSE(search.result().hit);
    EXPECT_EQ(search.result().hashes_tried, 8U * 12'345);
}

TEST(SharedSearch, WhatAnEngineFailedToDoIsDoneByTheOthers) {
    CpuEngine steady(portable_backend(), 1);  // slow, so that the other gets its turn
    for (int searches = 0; searches < 4; ++searches) {
        FailingEngine failing(searches);
        PowEngine* const engines[] = {&steady, &failing};
        const std::uint64_t rates[] = {3'000'000, 3'000'000};
        PowWork work = work_with_one_hit_in(0, 1);
        work.target.fill(std::byte{0});
        work.nonce_count = 20'000;
        SharedSearch search(work, {});
        std::string problems = search.run(engines, rates);
        EXPECT_NE(problems.find("gone"), std::string::npos);
        // The steady one may have ended before the other failed.
        while (!search.finished()) problems += search.run(std::span(engines).first(1), rates);
        EXPECT_EQ(search.result().hashes_tried, 8U * 20'000);
    }
}

TEST(SharedSearch, StopsAllEnginesWhenAsked) {
    CpuEngine one(portable_backend(), 1);
    CpuEngine two(portable_backend(), 1);
    PowEngine* const engines[] = {&one, &two};
    const std::uint64_t rates[] = {3'000'000, 3'000'000};
    PowWork work = work_with_one_hit_in(0, 1);
    work.target.fill(std::byte{0});
    work.nonce_count = std::uint64_t{1} << 32;
    std::stop_source stop;
    SharedSearch search(work, stop.get_token());
    auto done = std::async(std::launch::async, [&] { return search.run(engines, rates); });
    stop.request_stop();
    const auto asked = std::chrono::steady_clock::now();
    EXPECT_EQ(done.get(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - asked, std::chrono::seconds(1));
    EXPECT_TRUE(search.finished());
}

}  // namespace
}  // namespace assay::compute
