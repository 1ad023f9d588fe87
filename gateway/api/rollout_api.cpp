#include "gateway/api/rollout_api.hpp"

#include <algorithm>

#include <boost/json/array.hpp>

#include "gateway/dispatch/rollout_json.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kFailedShown = 100;

json::object describe_tally(const RolloutTally& tally) {
    json::object out;
    out["matching"] = tally.matching;
    out["members"] = tally.members;
    out["waiting"] = tally.waiting;
    out["under_way"] = tally.under_way;
    out["done"] = tally.done;
    out["failed"] = tally.failed;
    out["retried"] = tally.retried;
    return out;
}

// What the operator could do, or must.
std::string next_of(const Rollout& rollout, const CatalogEntry* entry, Timestamp now) {
    const std::string& id = rollout.plan.id;
    if (rollout.state.stage == RolloutStage::kPaused) return "assay rollout resume " + id;
    if (waits_at_gate(rollout.plan, rollout.state, now)) return "assay rollout approve " + id;
    if (rollout.state.stage == RolloutStage::kAborted) return "mend the release, then create another rollout";
    if (entry == nullptr || entry->stage != ReleaseStage::kReady) return "wait: the release is not ready here";
    return "";
}

json::object describe_rollout(const RolloutApiParts& parts, const Rollout& rollout) {
    const Timestamp now = parts.clock.now();
    const CatalogEntry* const entry = parts.rules.catalog.find(rollout.plan.release);
    json::object out;
    out["id"] = rollout.plan.id;
    out["release"] = to_hex(rollout.plan.release.view());
    out["release_stage"] = entry == nullptr ? "unknown" : to_string(entry->stage);
    if (entry != nullptr) out["version"] = entry->release.record.version;
    out["stage"] = to_string(rollout.state.stage);
    out["phase"] = rollout.state.phase + 1;
    out["phases"] = rollout.plan.phases.size();
    out["phase_percent"] = rollout.plan.phases[rollout.state.phase].percent;
    out["created"] = rollout.state.created.time_since_epoch().count();
    out["phase_opened"] = rollout.state.phase_opened.time_since_epoch().count();
    if (rollout.state.met_since) {
        out["met_since"] = rollout.state.met_since->time_since_epoch().count();
    }
    out["waits_at_gate"] = waits_at_gate(rollout.plan, rollout.state, now);
    out["window_open"] = rollout.plan.windows.is_open(now);
    if (!rollout.state.reason.empty()) out["reason"] = rollout.state.reason;
    out["devices"] = describe_tally(parts.rollouts.count(rollout));
    out["next"] = next_of(rollout, entry, now);
    return out;
}

json::array failed_devices(const RolloutApiParts& parts, std::string_view rollout) {
    json::array out;
    for (const auto& [id, device] : parts.devices.devices()) {
        const auto progress = device.rollouts.find(rollout);
        if (progress == device.rollouts.end() || progress->second.step != RolloutStep::kFailed) continue;
        if (out.size() == kFailedShown) break;
        json::object item;
        item["id"] = id;
        item["word"] = progress->second.word;
        item["since"] = progress->second.since.time_since_epoch().count();
        out.push_back(std::move(item));
    }
    return out;
}

json::object describe_whole(const RolloutApiParts& parts, const Rollout& rollout) {
    json::object out = describe_rollout(parts, rollout);
    out["plan"] = to_json(rollout.plan);
    out["failed"] = failed_devices(parts, rollout.plan.id);
    return out;
}

http::Response no_rollout(std::string_view id) {
    return http::problem(404, "not-found", "there is no rollout " + std::string(id) +
                                               "; `assay rollout list` shows those there are");
}

http::Response get_rollouts(const RolloutApiParts& parts, const http::Request&) {
    json::array rollouts;
    for (const auto& [id, rollout] : parts.rollouts.rollouts()) {
        rollouts.push_back(describe_rollout(parts, rollout));
    }
    json::object out;
    out["rollouts"] = std::move(rollouts);
    return json_response(200, out);
}

http::Response get_rollout(const RolloutApiParts& parts, const http::Request& request) {
    const Rollout* const rollout = parts.rollouts.find(request.path_value("id"));
    if (rollout == nullptr) return no_rollout(request.path_value("id"));
    return json_response(200, describe_whole(parts, *rollout));
}

http::Response post_rollout(const RolloutApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    auto plan = parse_rollout_plan(as_text(request.body));
    if (!plan) return problem_of(plan.error());
    const auto release = find_release(view_of(parts.consortium), plan->release);
    if (!release) {
        return http::problem(404, Refusal::kReleaseUnknown,
                             "the ledger has no such release; `assay release list` shows those it has");
    }
    const std::string id = plan->id;
    const auto created = parts.rollouts.create(std::move(*plan), parts.clock.now());
    if (!created && created.error().is(std::errc::file_exists)) {
        return http::problem(409, "already-exists", created.error().context());
    }
    if (!created) return problem_of(created.error());
    if (*created == RolloutBook::Created::kNew) {
        log::info("rollout-created", {{"rollout", id}, {"release", to_hex(release->leaf.view())}});
        parts.on_change();
    }
    return json_response(*created == RolloutBook::Created::kNew ? 201 : 200,
                         describe_whole(parts, *parts.rollouts.find(id)));
}

std::optional<RolloutBook::Action> action_of(std::string_view word) {
    if (word == "pause") return RolloutBook::Action::kPause;
    if (word == "resume") return RolloutBook::Action::kResume;
    if (word == "abort") return RolloutBook::Action::kAbort;
    if (word == "approve") return RolloutBook::Action::kApprove;
    return std::nullopt;
}

http::Response post_action(const RolloutApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const std::string_view id = request.path_value("id");
    const auto action = action_of(request.path_value("action"));
    if (!action) {
        return http::problem(404, "not-found", "an action is pause, resume, abort or approve");
    }
    const auto done = parts.rollouts.act(id, *action, parts.clock.now());
    if (!done && done.error().is(std::errc::operation_not_permitted)) {
        return http::problem(409, "not-now", done.error().context());
    }
    if (!done) return problem_of(done.error());
    log::info("rollout-" + std::string(request.path_value("action")), {{"rollout", std::string(id)}});
    parts.on_change();
    return json_response(200, describe_whole(parts, *parts.rollouts.find(id)));
}

json::object describe_candidate(const RolloutBook::Candidate& candidate, AssignmentVerdict verdict) {
    json::object out;
    out["id"] = candidate.device->id;
    out["verdict"] = to_string(verdict);
    if (candidate.step) out["step"] = to_string(*candidate.step);
    return out;
}

json::object summary_of(json::array devices) {
    json::object out;
    json::object reasons;
    for (const json::value& device : devices) {
        auto& count = reasons[device.at("verdict").as_string()];
        count = count.is_null() ? 1 : count.to_number<std::int64_t>() + 1;
    }
    out["verdicts"] = std::move(reasons);
    out["devices"] = std::move(devices);
    return out;
}

http::Response get_rollout_devices(const RolloutApiParts& parts, const http::Request& request) {
    const Rollout* const rollout = parts.rollouts.find(request.path_value("id"));
    if (rollout == nullptr) return no_rollout(request.path_value("id"));
    const CatalogEntry* const entry = parts.rules.catalog.find(rollout->plan.release);
    if (entry == nullptr) return http::problem(503, "not-ready", "the release is not known here yet");
    const Timestamp now = parts.clock.now();
    json::array devices;
    for (const auto& candidate : parts.rollouts.candidates(rollout->plan, entry->release.record)) {
        AssignmentVerdict verdict = candidate.verdict;
        if (verdict == AssignmentVerdict::kAssigned) {
            verdict = parts.rollouts.judge(*rollout, *candidate.device, now);
        }
        if (verdict == AssignmentVerdict::kAssigned) {
            verdict = judge_release(*candidate.device, *entry, now);
        }
        devices.push_back(describe_candidate(candidate, verdict));
    }
    return json_response(200, summary_of(std::move(devices)));
}

// The phase in which each matching device would get it, were the plan begun now.
std::vector<std::size_t> phases_of(const RolloutPlan& plan,
                                   const std::vector<RolloutBook::Candidate>& candidates) {
    std::vector<RolloutMember> members;
    for (const auto& candidate : candidates) {
        if (candidate.verdict != AssignmentVerdict::kAssigned) continue;
        members.emplace_back().place = candidate.place;
    }
    std::vector<std::uint64_t> last_places;
    for (const RolloutPhase& phase : plan.phases) {
        last_places.push_back(last_place(phase, members).value_or(0));
    }
    std::vector<std::size_t> out;
    for (const auto& candidate : candidates) {
        const auto first = std::ranges::lower_bound(last_places, candidate.place);
        out.push_back(static_cast<std::size_t>(first - last_places.begin()) + 1);
    }
    return out;
}

http::Response post_dry_run(const RolloutApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const auto plan = parse_rollout_plan(as_text(request.body));
    if (!plan) return problem_of(plan.error());
    const auto release = find_release(view_of(parts.consortium), plan->release);
    if (!release) {
        return http::problem(404, Refusal::kReleaseUnknown,
                             "the ledger has no such release; `assay release list` shows those it has");
    }
    CatalogEntry entry;  // as if it were ready
    entry.release = *release;
    entry.stage = ReleaseStage::kReady;
    const auto candidates = parts.rollouts.candidates(*plan, release->record);
    const std::vector<std::size_t> phases = phases_of(*plan, candidates);
    const Timestamp now = parts.clock.now();
    json::array devices;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        AssignmentVerdict verdict = candidates[i].verdict;
        if (verdict == AssignmentVerdict::kAssigned) {
            verdict = judge_release(*candidates[i].device, entry, now);
        }
        const bool in_a_phase = phases[i] <= plan->phases.size();
        if (verdict == AssignmentVerdict::kAssigned && !in_a_phase) verdict = AssignmentVerdict::kLaterPhase;
        json::object device = describe_candidate(candidates[i], verdict);
        if (verdict == AssignmentVerdict::kAssigned) device["phase"] = phases[i];
        devices.push_back(std::move(device));
    }
    return json_response(200, summary_of(std::move(devices)));
}

}  // namespace

void add_rollout_routes(http::Router& router, const RolloutApiParts& parts) {
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    add_plain(router, "GET", "/v1/rollouts", bind(get_rollouts));
    add_plain(router, "POST", "/v1/rollouts", bind(post_rollout));
    add_plain(router, "POST", "/v1/rollouts/dry-run", bind(post_dry_run));
    add_plain(router, "GET", "/v1/rollouts/{id}", bind(get_rollout));
    add_plain(router, "GET", "/v1/rollouts/{id}/devices", bind(get_rollout_devices));
    add_plain(router, "POST", "/v1/rollouts/{id}/{action}", bind(post_action));
}

}  // namespace assay::gateway
