#include "host/compute/cpu_engine.hpp"

#include <chrono>
#include <future>
#include <thread>

#include <gtest/gtest.h>

#include "host/compute/self_test.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;

TEST(CpuEngine, PassesItsSelfTest) {
    for (const Sha256Backend* backend : usable_backends()) {
        CpuEngine engine(*backend, 2);
        const Result<void> hash = self_test(static_cast<HashEngine&>(engine));
        EXPECT_TRUE(hash) << hash.error().to_string();
        const Result<void> pow = self_test(static_cast<PowEngine&>(engine));
        EXPECT_TRUE(pow) << pow.error().to_string();
    }
}

TEST(CpuEngine, IsNamedAfterItsInstructionSet) {
    EXPECT_EQ(CpuEngine(portable_backend()).info().name, "cpu:portable");
    EXPECT_NE(CpuEngine(portable_backend(), 1).info().description.find("1 thread"),
              std::string::npos);
}

TEST(CpuEngine, HonoursAStopBeforeAndDuringASearch) {
    CpuEngine engine(portable_backend());
    PowWork work;  // target zero: no hit in the lifetime of the universe
    std::stop_source stopped;
    stopped.request_stop();
    const auto none = engine.search(work, stopped.get_token());
    ASSERT_TRUE(none);
    EXPECT_EQ(none->hashes_tried, 0U);

    std::stop_source stop;
    auto search =
        std::async(std::launch::async, [&] { return engine.search(work, stop.get_token()); });
    // Another search and a batch go through while the first has every thread.
    PowWork small;
    small.nonce_count = 1000;
    const auto done = engine.search(small, {});
    ASSERT_TRUE(done);
    EXPECT_EQ(done->hashes_tried, 1000U);
    const auto asked = std::chrono::steady_clock::now();
    stop.request_stop();
    const auto result = search.get();
    ASSERT_TRUE(result);
    EXPECT_FALSE(result->hit);
    EXPECT_LT(std::chrono::steady_clock::now() - asked, 500ms);
}

}  // namespace
}  // namespace assay::compute
