// The difficulty kernel against the vectors of Bitcoin Cash.

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "ledger/core/difficulty.hpp"
#include "tests/support/bitcoin_data.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::ledger {
namespace {

std::uint32_t bits_of(const boost::json::value& text) {
    return static_cast<std::uint32_t>(std::stoul(std::string(text.as_string()), nullptr, 16));
}

// 12 runs of bchd: steady, random, up- and down-ramping, 32- and 64-bit edges, negative times.
TEST(Asert, ReproducesAllVectors) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/asert/aserti3-2d_vectors.json");
    const Bytes text = test::fixture_bytes(path);
    const auto vectors = boost::json::parse(as_text(text));
    AsertParams params;
    params.target_interval_s = vectors.at("params").at("target_spacing").to_number<std::int64_t>();
    params.half_life_s = vectors.at("params").at("half_life").to_number<std::int64_t>();
    params.pow_limit = bits_of(vectors.at("params").at("pow_limit_bits"));
    int steps = 0;
    for (const auto& run : vectors.at("runs").as_array()) {
        params.anchor_bits = bits_of(run.at("anchor_bits"));
        const auto anchor_height = run.at("anchor_height").to_number<std::uint64_t>();
        const auto anchor_time = run.at("anchor_time").to_number<std::int64_t>();
        for (const auto& step : run.at("blocks").as_array()) {
            const auto height = step.at(0).to_number<std::uint64_t>() - anchor_height;
            const auto time = step.at(1).to_number<std::int64_t>() - anchor_time;
            ASSERT_EQ(aserti3_2d(params, time, static_cast<std::int64_t>(height)),
                      bits_of(step.at(2)))
                << "run " << run.at("run") << " height " << step.at(0);
            ++steps;
        }
    }
    EXPECT_EQ(steps, 13'998);
    test::count_vectors("aserti3-2d-steps", static_cast<std::size_t>(steps));
}

}  // namespace
}  // namespace assay::ledger
