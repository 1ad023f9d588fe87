#include "host/compute/engine_rates.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::compute {
namespace {

constexpr EngineRates kRates{1'500, 1'900'000'000, 6'300'000'000, 47'000'000};

EngineInfo info(std::string name) { return {std::move(name), "a device"}; }

TEST(EngineRates, AProcessorIsMeasuredWithinReason) {
    CpuEngine engine(portable_backend(), 1);
    const auto rates = measure_rates(engine, engine);
    ASSERT_TRUE(rates) << rates.error().to_string();
    EXPECT_GT(rates->launch_ns, 0U);
    EXPECT_LT(rates->launch_ns, 50'000'000U);
    for (const std::uint64_t rate : {rates->lane_bytes_per_s, rates->bytes_per_s}) {
        EXPECT_GT(rate, 1'000'000U);
        EXPECT_LT(rate, 100'000'000'000U);
    }
    EXPECT_GT(rates->hashes_per_s, 10'000U);
}

TEST(EngineRates, TheFileIsReadBackAndNothingElseIs) {
    const Bytes file = encode_rates(kRates);
    EXPECT_EQ(decode_rates(file).value(), kRates);
    test::expect_only_whole_input(file, decode_rates);
}

TEST(RateCache, KeepsRatesByEngineAndDevice) {
    const test::TempDir dir;
    const RateCache cache(dir / "cache");
    EXPECT_FALSE(cache.find(info("opencl:0")));
    cache.keep(info("opencl:0"), kRates);
    EXPECT_EQ(cache.find(info("opencl:0")), kRates);
    EXPECT_FALSE(cache.find(info("opencl:1")));
    EXPECT_FALSE(cache.find(EngineInfo{"opencl:0", "another driver"}));
    EXPECT_FALSE(RateCache().find(info("opencl:0")));
}

TEST(RateCache, DamageIsAsIfNothingWereThere) {
    const test::TempDir dir;
    const RateCache cache(dir.path());
    cache.keep(info("opencl:0"), kRates);
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
        std::ofstream(entry.path(), std::ios::trunc) << "not rates";
    }
    EXPECT_FALSE(cache.find(info("opencl:0")));
    cache.keep(info("opencl:0"), kRates);
    EXPECT_EQ(cache.find(info("opencl:0")), kRates);
}

TEST(RateCache, RatesAreMeasuredAgainAfterADay) {
    const test::TempDir dir;
    const RateCache cache(dir.path());
    cache.keep(info("opencl:0"), kRates);
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
        std::filesystem::last_write_time(entry.path(),
                                         entry.last_write_time() - std::chrono::hours(25));
    }
    EXPECT_FALSE(cache.find(info("opencl:0")));
}

TEST(CacheFolder, DeletesTheOldestBeyondItsBound) {
    const test::TempDir dir;
    const CacheFolder cache(dir.path(), ".x", 3);
    for (unsigned i = 0; i < 6; ++i) {
        Sha256Digest key;
        key.bytes[0] = static_cast<std::byte>(i);
        ASSERT_TRUE(cache.keep(key, as_bytes("content")));
        EXPECT_TRUE(cache.find(key, 100)) << i;
        EXPECT_FALSE(cache.find(key, 3)) << "larger than is wanted";
    }
    const auto files = std::filesystem::directory_iterator(dir.path());
    EXPECT_EQ(std::distance(begin(files), end(files)), 3);
}

}  // namespace
}  // namespace assay::compute
