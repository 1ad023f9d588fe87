// The registry as far as it needs no OpenCL; tests/conformance has the rest.
#include "host/compute/engine_registry.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace assay::compute {
namespace {

EngineOptions forced(std::string name) {
    EngineOptions options;
    options.forced = std::move(name);
    return options;
}

// Whether a driver (of which the loader is no part) has been mapped into this process.
bool opencl_driver_loaded() {
    std::ifstream maps("/proc/self/maps");
    const std::string text(std::istreambuf_iterator<char>(maps), {});
    return text.find("libpocl") != std::string::npos;
}

TEST(Engines, ForcingACpuEngineTouchesNoOpenCl) {
    for (const char* name : {"cpu", "cpu:portable"}) {
        Engines engines(forced(name));
        EXPECT_FALSE(engines.list().empty());
        EXPECT_TRUE(engines.find_hash());
        EXPECT_TRUE(engines.find_pow());
    }
    Engines engines(forced(""));
    EXPECT_TRUE(engines.find_pow("cpu"));
    EXPECT_FALSE(engines.find_hash("cpu:abacus"));
    EXPECT_FALSE(opencl_driver_loaded());
}

TEST(Engines, TheForcedEngineOverridesTheNameAskedFor) {
    Engines engines(forced("cpu:portable"));
    const auto hash = engines.find_hash("opencl");
    ASSERT_TRUE(hash);
    EXPECT_EQ(hash->engine->info().name, "cpu:portable");
    EXPECT_EQ(hash->reason, "forced by ASSAY_ENGINE");
    const auto reports = engines.list();
    ASSERT_EQ(reports.size(), 1U);
    EXPECT_EQ(reports[0].name, "cpu:portable");
    EXPECT_EQ(reports[0].self_test, "passed");
    EXPECT_TRUE(reports[0].hash && reports[0].mine);
}

TEST(Engines, AMissingEngineIsAnErrorThatNamesWhatThereIs) {
    Engines engines(forced("cpu:abacus"));
    const auto pow = engines.find_pow();
    ASSERT_FALSE(pow);
    EXPECT_TRUE(pow.error().is(std::errc::no_such_device));
    EXPECT_NE(pow.error().context().find("cpu:abacus"), std::string::npos);
    EXPECT_NE(pow.error().context().find("cpu:portable"), std::string::npos);
    EXPECT_TRUE(engines.list().empty());
}

TEST(Engines, TheKindMeansTheBestOfTheKind) {
    Engines engines(forced(""));
    const auto best = engines.find_pow("cpu");
    ASSERT_TRUE(best);
    EXPECT_EQ(best->engine->info().name, engines.find_hash("cpu")->engine->info().name);
    EXPECT_TRUE(best->engine->info().name.starts_with("cpu:"));
}

}  // namespace
}  // namespace assay::compute
