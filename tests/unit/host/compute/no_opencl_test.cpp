// A machine without any OpenCL driver: an executable of its own, because the loader looks for
// drivers once in a process.
#include <cstdlib>

#include <gtest/gtest.h>

#include "host/compute/engine_registry.hpp"

namespace assay::compute {
namespace {

class NoOpenCl : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        setenv("OCL_ICD_VENDORS", "/nonexistent/", 1);
        unsetenv("ASSAY_ENGINE");
    }
};

TEST_F(NoOpenCl, AutomaticChoiceFallsBackToTheProcessorAndSaysWhy) {
    Engines engines;
    const auto pow = engines.find_pow();
    ASSERT_TRUE(pow);
    EXPECT_TRUE(pow->engine->info().name.starts_with("cpu:"));
    EXPECT_NE(pow->reason.find("OpenCL"), std::string::npos) << pow->reason;
    EXPECT_TRUE(engines.find_hash());
}

TEST_F(NoOpenCl, AskingForItFailsWithTheReason) {
    Engines engines;
    const auto pow = engines.find_pow("opencl");
    ASSERT_FALSE(pow);
    EXPECT_NE(pow.error().context().find("no OpenCL platform is installed"), std::string::npos)
        << pow.error().to_string();
    EXPECT_NE(pow.error().context().find("cpu:portable"), std::string::npos);
}

}  // namespace
}  // namespace assay::compute
