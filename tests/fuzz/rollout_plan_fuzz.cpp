// What an operator's rollout is made of: its JSON, its windows, its time zone. Whatever is accepted means
// the same when it is written and read again, and no instant is out of range.

#include <boost/json/serialize.hpp>

#include "gateway/dispatch/rollout_json.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    const std::string_view text = as_text(input);
    if (const auto plan = gateway::parse_rollout_plan(text)) {
        const std::string written = boost::json::serialize(gateway::to_json(*plan));
        const auto again = gateway::parse_rollout_plan(written);
        ASSAY_ASSERT(again && boost::json::serialize(gateway::to_json(*again)) == written);
    }
    gateway::MaintenanceWindows windows;
    if (auto zone = gateway::TimeZone::parse(text)) windows.zone = std::move(*zone);
    if (auto window = gateway::WeeklyWindow::parse(text)) windows.windows.push_back(std::move(*window));
    for (const std::int64_t time : {0LL, 1'800'000'000LL, 4'102'444'799LL}) {
        const Timestamp now{std::chrono::seconds(time)};
        ASSAY_ASSERT(std::abs(windows.zone.offset_at(now)) < 26 * 3600);
        (void)windows.is_open(now);
    }
}

std::vector<Bytes> seeds() {
    const std::string plan =
        R"({"id":"a","release":")" + std::string(64, 'a') +
        R"(","filter":{"sites":["b"],"tags":["c"]},"phases":[{"percent":10,"gate":true},{"percent":100}],)"
        R"("windows":["mon-fri 22:00-05:00"],"zone":"CET-1CEST,M3.5.0,M10.5.0/3"})";
    return {to_bytes(as_bytes(plan)), to_bytes("CET-1CEST,M3.5.0,M10.5.0/3"),
            to_bytes("<+0330>-3:30"), to_bytes("EET-2EEST,J60/-5:30:10,300/167"),
            to_bytes("sat-mon,wed 22:00-05:00")};
}

}  // namespace assay::fuzz
