#include "gateway/api/rollout_api.hpp"

#include <algorithm>

#include <boost/json/array.hpp>

#include "gateway/dispatch/rfc3339.hpp"
#include "gateway/dispatch/rollout_advice.hpp"
#include "gateway/dispatch/rollout_json.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kFailedShown = 100;

json::object describe_begun(const RolloutTally& tally) {
    json::object out;
    out["under_way"] = tally.under_way;
    out["done"] = tally.done;
    out["failed"] = tally.failed;
    out["retried"] = tally.retried;
    out["given_up"] = tally.given_up;
    return out;
}

void add_times(json::object& out, const RolloutPlan& plan) {
    if (plan.begin) out["begin"] = to_rfc3339(*plan.begin);
    if (plan.end) out["end"] = to_rfc3339(*plan.end);
}

json::object describe_rollout(const RolloutApiParts& parts,
                              const Rollout& rollout,
                              const RolloutTally& counts) {
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
    add_times(out, rollout.plan);
    if (rollout.state.met_since) {
        out["met_since"] = rollout.state.met_since->time_since_epoch().count();
    }
    out["waits_at_gate"] = waits_at_gate(rollout.plan, rollout.state, now);
    out["window_open"] = rollout.plan.windows.is_open(now);
    if (!rollout.state.reason.empty()) out["reason"] = rollout.state.reason;
    out["devices"] = describe_begun(counts);
    out["next"] = next_of(rollout, entry, now);
    return out;
}

json::array failed_devices(const RolloutApiParts& parts, std::string_view rollout) {
    json::array out;
    for (const auto& [id, device] : parts.devices.devices()) {
        const auto progress = device.rollouts.find(rollout);
        if (device.is_blocked || progress == device.rollouts.end() || progress->second.step != RolloutStep::kFailed) continue;
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
    const RolloutTally counts = parts.rollouts.count(rollout);
    json::object out = describe_rollout(parts, rollout, counts);
    json::object& devices = out["devices"].as_object();
    devices["matching"] = counts.matching;
    devices["members"] = counts.members;
    devices["waiting"] = counts.waiting;
    const CatalogEntry* const entry = parts.rules.catalog.find(rollout.plan.release);
    out["waits_for"] = wait_of(rollout, entry, counts, parts.clock.now());
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
    const auto counts = parts.rollouts.count_begun();
    for (const auto& [id, rollout] : parts.rollouts.rollouts()) {
        rollouts.push_back(describe_rollout(parts, rollout, counts.at(id)));
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

// What the operator sent, and the release that it names.
struct PlanOfRelease {
    RolloutPlan plan;
    KnownRelease release;
};

Result<PlanOfRelease> wanted_plan(const RolloutApiParts& parts, const http::Request& request) {
    auto plan = parse_rollout_plan(as_text(request.body));
    if (!plan) return fail(std::move(plan).error());
    if (parts.rollouts.find(plan->id) == nullptr) {  // one of before may be sent again
        if (auto checked = check_labels(plan->filter); !checked) return fail(std::move(checked).error());
        if (auto checked = check_end(*plan, parts.clock.now()); !checked) return fail(std::move(checked).error());
    }
    auto release = find_release(view_of(parts.consortium), plan->release);
    if (!release) {
        return fail(Refusal::kReleaseUnknown,
                    "the ledger has no such release; `assay release list` shows those it has");
    }
    return PlanOfRelease{std::move(*plan), std::move(*release)};
}

json::array describe_warnings(const RolloutApiParts& parts,
                              const RolloutPlan& plan,
                              const ledger::ReleaseRecord& release) {
    json::array out;
    for (const std::string& warning :
         warnings_of(plan, release, parts.devices, parts.rollouts, parts.rules.catalog)) {
        out.emplace_back(warning);
    }
    return out;
}

http::Response post_rollout(const RolloutApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    auto wanted = wanted_plan(parts, request);
    if (!wanted) return problem_of(wanted.error());
    const KnownRelease& release = wanted->release;
    const std::string id = wanted->plan.id;
    if (parts.rollouts.find(id) == nullptr) {
        const auto never = why_never_offered(view_of(parts.consortium), release, parts.clock.now());
        if (never) return problem_of(*never);
    }
    json::array warnings = describe_warnings(parts, wanted->plan, release.record);
    const auto created = parts.rollouts.create(std::move(wanted->plan), parts.clock.now());
    if (!created && created.error().is(std::errc::file_exists)) {
        return http::problem(409, "already-exists", created.error().context());
    }
    if (!created) return problem_of(created.error());
    if (*created == RolloutBook::Created::kNew) {
        log::info("rollout-created", {{"rollout", id}, {"release", to_hex(release.leaf.view())}});
        parts.on_change();
    }
    json::object out = describe_whole(parts, *parts.rollouts.find(id));
    out["warnings"] = std::move(warnings);
    return json_response(*created == RolloutBook::Created::kNew ? 201 : 200, out);
}

std::optional<RolloutBook::Action> action_of(std::string_view word) {
    if (word == "pause") return RolloutBook::Action::kPause;
    if (word == "resume") return RolloutBook::Action::kResume;
    if (word == "abort") return RolloutBook::Action::kAbort;
    if (word == "approve") return RolloutBook::Action::kApprove;
    if (word == "advance") return RolloutBook::Action::kAdvance;
    return std::nullopt;
}

http::Response post_action(const RolloutApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    const std::string id(request.path_value("id"));
    const std::string word(request.path_value("action"));
    const auto action = action_of(word);
    const bool is_deletion = word == "delete";
    if (!action && !is_deletion) {
        return http::problem(404, "not-found",
                             "an action is pause, resume, abort, approve, advance or delete");
    }
    const auto done = is_deletion ? parts.rollouts.remove(id)
                                  : parts.rollouts.act(id, *action, parts.clock.now());
    if (!done && done.error().is(std::errc::operation_not_permitted)) {
        return http::problem(409, "not-now", done.error().context());
    }
    if (!done) return problem_of(done.error());
    log::info("rollout-" + word, {{"rollout", id}});
    parts.on_change();
    if (const Rollout* const rollout = parts.rollouts.find(id)) {
        return json_response(200, describe_whole(parts, *rollout));
    }
    json::object gone;
    gone["id"] = id;
    gone["deleted"] = true;
    return json_response(200, gone);
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
        devices.push_back(describe_candidate(candidate, verdict));
    }
    json::object out = summary_of(std::move(devices));
    add_times(out, rollout->plan);
    return json_response(200, out);
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
    const auto wanted = wanted_plan(parts, request);
    if (!wanted) return problem_of(wanted.error());
    const RolloutPlan& plan = wanted->plan;
    const ledger::ReleaseRecord& record = wanted->release.record;
    CatalogEntry entry;  // as if it were ready, if it ever can be
    entry.release = wanted->release;
    entry.stage = ReleaseStage::kReady;
    if (const auto why = withdrawal_of(view_of(parts.consortium), entry.release.leaf)) {
        entry.fail_with(ReleaseStage::kRefused, *why);
    }
    const auto candidates = parts.rollouts.candidates(plan, record);
    const std::vector<std::size_t> phases = phases_of(plan, candidates);
    const Timestamp now = parts.clock.now();
    json::array devices;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        AssignmentVerdict verdict = candidates[i].verdict;
        if (verdict == AssignmentVerdict::kAssigned) {
            verdict = judge_release(*candidates[i].device, entry, now);
        }
        const bool in_a_phase = phases[i] <= plan.phases.size();
        if (verdict == AssignmentVerdict::kAssigned && !in_a_phase) verdict = AssignmentVerdict::kLaterPhase;
        json::object device = describe_candidate(candidates[i], verdict);
        if (verdict == AssignmentVerdict::kAssigned) device["phase"] = phases[i];
        devices.push_back(std::move(device));
    }
    json::object out = summary_of(std::move(devices));
    add_times(out, plan);
    out["warnings"] = describe_warnings(parts, plan, record);
    return json_response(200, out);
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
