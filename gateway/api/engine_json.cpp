#include "gateway/api/engine_json.hpp"

#include <boost/json/array.hpp>

namespace assay::gateway {

namespace json = boost::json;

json::object describe_engine(const compute::EngineReport& report) {
    json::object out;
    out["name"] = report.name;
    out["description"] = report.description;
    out["state"] = to_string(report.health.state);
    out["self_test"] = report.self_test;
    out["mine"] = report.mine;
    out["hash"] = report.hash;
    if (report.rates) {
        json::object rates;
        rates["hashes_per_second"] = report.rates->hashes_per_s;
        rates["bytes_per_second"] = report.rates->bytes_per_s;
        rates["bytes_per_second_of_one_message"] = report.rates->lane_bytes_per_s;
        rates["launch_ns"] = report.rates->launch_ns;
        out["measured"] = std::move(rates);
    }
    if (report.health.failures > 0) {
        out["failures"] = report.health.failures;
        out["problem"] = report.health.problem;
    }
    if (report.health.state == compute::EngineState::kDropped) {
        out["retry_in_ms"] = report.health.retry_in.count();
    }
    return out;
}

json::object describe_choice(const compute::Explanation& explanation) {
    json::object out;
    out["mine_reason"] = explanation.mine_reason;
    out["hash_reason"] = explanation.hash_reason;
    json::array batches;
    for (const compute::BatchChoice& choice : explanation.batches) {
        json::object row;
        row["messages"] = choice.batch.messages;
        row["bytes"] = choice.batch.bytes;
        row["engines"] = choice.engines;
        row["predicted_us"] = choice.seconds * 1e6;
        json::object alone;
        for (const auto& [name, seconds] : choice.alone) alone[name] = seconds * 1e6;
        row["alone_us"] = std::move(alone);
        batches.push_back(std::move(row));
    }
    out["batches"] = std::move(batches);
    return out;
}

}  // namespace assay::gateway
