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

TEST(Engines, TheStatusSaysHowThoseAreThatWereFound) {
    Engines engines(forced(""));
    for (const EngineReport& report : engines.status()) {
        EXPECT_EQ(report.health.state, EngineState::kUntested) << report.name;
        EXPECT_EQ(report.self_test, "not run");
        EXPECT_FALSE(report.mine || report.hash);
    }
    ASSERT_TRUE(engines.find_hash("cpu:portable"));
    for (const EngineReport& report : engines.status()) {
        EXPECT_EQ(report.hash, report.name == "cpu:portable") << report.name;
    }
}

TEST(Engines, ExplainsWithMeasuredNumbersWhereBatchesGo) {
    Engines engines(forced("cpu"));
    const auto explanation = engines.explain();
    ASSERT_TRUE(explanation) << explanation.error().to_string();
    EXPECT_NE(explanation->mine_reason.find("H/s"), std::string::npos);
    EXPECT_NE(explanation->hash_reason.find("B/s"), std::string::npos);
    for (const EngineReport& report : explanation->engines) {
        ASSERT_TRUE(report.rates) << report.name;
        EXPECT_GT(report.rates->hashes_per_s, 0U);
    }
    ASSERT_FALSE(explanation->batches.empty());
    for (const BatchChoice& choice : explanation->batches) {
        EXPECT_TRUE(choice.engines.starts_with("cpu:")) << choice.engines;
        EXPECT_EQ(choice.alone.size(), explanation->engines.size());
        for (const auto& [name, seconds] : choice.alone) EXPECT_GE(seconds, choice.seconds);
    }
}

TEST(Engines, ABinaryThatCannotBeReadIsAnErrorForAutomaticChoiceToo) {
    EngineOptions options = forced("");
    options.binary = "/nonexistent/engines.bin";
    Engines engines(options);
    const auto found = engines.find_hash();
    ASSERT_FALSE(found);
    EXPECT_NE(found.error().context().find("/nonexistent/engines.bin"), std::string::npos)
        << found.error().to_string();
    EXPECT_TRUE(engines.find_hash("cpu")) << "which needs none";
}

}  // namespace
}  // namespace assay::compute
