#include "gateway/dispatch/rollout_json.hpp"

#include <algorithm>
#include <set>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>

#include "gateway/dispatch/rfc3339.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;
using std::chrono::seconds;

constexpr std::size_t kPlanTextBytesMax = 256;
constexpr std::uint64_t kSecondsMax = 366ULL * 24 * 3600;

// Takes members out of an object one by one; after the first mistake all reads are empty.
class Members {
  public:
    Members(const json::value& value, std::string where, std::optional<Error>& error)
        : where_{std::move(where)}, error_{error} {
        if (const json::object* const object = value.if_object()) {
            object_ = object;
        } else {
            refuse("", "must be an object");
        }
    }
    ~Members() {
        if (object_ == nullptr) return;
        for (const auto& member : *object_) {
            if (!read_.contains(member.key())) refuse(member.key(), "is not a member that exists");
        }
    }
    Members(const Members&) = delete;
    Members& operator=(const Members&) = delete;

    const json::value* find(std::string_view name) {
        if (object_ == nullptr) return nullptr;
        read_.insert(std::string(name));
        return object_->if_contains(name);
    }
    std::uint64_t number(std::string_view name, std::uint64_t otherwise, std::uint64_t max) {
        return static_cast<std::uint64_t>(
            integer(name, static_cast<std::int64_t>(otherwise), 0, static_cast<std::int64_t>(max)));
    }
    std::int64_t integer(std::string_view name, std::int64_t otherwise, std::int64_t min, std::int64_t max) {
        const json::value* const value = find(name);
        if (value == nullptr) return otherwise;
        boost::system::error_code bad;
        const auto number = value->to_number<std::int64_t>(bad);
        if (!bad && value->is_number() && !value->is_double() && number >= min && number <= max) return number;
        refuse(name, "must be a number from " + std::to_string(min) + " to " + std::to_string(max));
        return otherwise;
    }
    seconds duration(std::string_view name) {
        return seconds(static_cast<std::int64_t>(number(name, 0, kSecondsMax)));
    }
    bool boolean(std::string_view name) {
        const json::value* const value = find(name);
        if (value == nullptr) return false;
        if (!value->is_bool()) refuse(name, "must be true or false");
        return value->is_bool() && value->get_bool();
    }
    std::optional<Timestamp> instant(std::string_view name) {
        if (find(name) == nullptr) return std::nullopt;
        const auto time = parse_rfc3339(text(name));
        if (!time) refuse(name, "must be an instant with its zone, like \"2027-03-01T22:00:00+01:00\"");
        return time;
    }
    std::string text(std::string_view name) {
        const json::value* const value = find(name);
        if (value == nullptr) return {};
        if (!value->is_string() || value->get_string().size() > kPlanTextBytesMax) {
            refuse(name, "must be a text of at most 256 bytes");
            return {};
        }
        return std::string(value->get_string());
    }
    std::vector<std::string> texts(std::string_view name, std::size_t most) {
        std::vector<std::string> out;
        const json::value* const value = find(name);
        if (value == nullptr) return out;
        const json::array* const array = value->if_array();
        const auto is_text = [](const json::value& item) {
            return item.is_string() && item.get_string().size() <= kPlanTextBytesMax;
        };
        if (array == nullptr || array->size() > most || !std::ranges::all_of(*array, is_text)) {
            refuse(name, "must be a list of at most " + std::to_string(most) + " texts");
            return out;
        }
        for (const json::value& item : *array) out.emplace_back(item.get_string());
        return out;
    }
    void refuse(std::string_view name, std::string_view why) {
        if (error_) return;
        std::string place = where_;
        if (!name.empty()) place += (place.empty() ? "" : ".") + std::string(name.substr(0, 64));
        error_.emplace(make_error_code(Refusal::kMalformed), place + " " + std::string(why));
    }
    std::string at(std::string_view name) const {
        return where_.empty() ? std::string(name) : where_ + "." + std::string(name);
    }
    std::optional<Error>& error() { return error_; }

  private:
    std::string where_;
    std::optional<Error>& error_;
    const json::object* object_ = nullptr;
    std::set<std::string, std::less<>> read_;
};

void read_filter(Members& plan, DeviceFilter& filter) {
    const json::value* const value = plan.find("filter");
    if (value == nullptr) return;
    Members in(*value, "filter", plan.error());
    filter.sites = in.texts("sites", kFilterTextsMax);
    filter.tags = in.texts("tags", kFilterTextsMax);
    filter.versions = in.texts("versions", kFilterTextsMax);
    filter.devices = in.texts("devices", kFilterTextsMax);
}

void read_phases(Members& plan, std::vector<RolloutPhase>& phases) {
    const json::value* const value = plan.find("phases");
    if (value == nullptr) {
        phases.emplace_back();
        return;
    }
    const json::array* const array = value->if_array();
    if (array == nullptr || array->empty() || array->size() > kPhasesMax) {
        plan.refuse("phases", "must be a list of 1 to 32 phases");
        return;
    }
    for (const json::value& item : *array) {
        Members in(item, "phases", plan.error());
        RolloutPhase phase;
        phase.percent = static_cast<unsigned>(in.integer("percent", 100, 1, 100));
        phase.success_percent = static_cast<unsigned>(in.integer("success_percent", 90, 1, 100));
        phase.soak = in.duration("soak_s");
        phase.gate = in.boolean("gate");
        if (!phases.empty() && phases.back().percent >= phase.percent) {
            in.refuse("percent", "must grow from phase to phase: each includes the one before");
        }
        phases.push_back(phase);
    }
}

void read_windows(Members& plan, MaintenanceWindows& windows) {
    for (const std::string& text : plan.texts("windows", kWindowsMax)) {
        auto window = WeeklyWindow::parse(text);
        if (!window) return plan.refuse("windows", window.error().context());
        windows.windows.push_back(std::move(*window));
    }
    auto zone = TimeZone::load(plan.text("zone"));
    if (!zone) return plan.refuse("zone", zone.error().context());
    windows.zone = std::move(*zone);
}

void read_deadlines(Members& plan, RolloutDeadlines& deadlines) {
    const json::value* const value = plan.find("deadlines");
    if (value == nullptr) return;
    Members in(*value, "deadlines", plan.error());
    deadlines.waiting = in.duration("waiting_s");
    deadlines.offered = in.duration("offered_s");
    deadlines.verified = in.duration("verified_s");
    deadlines.installed = in.duration("installed_s");
}

RolloutPlan read_plan(const json::value& value, std::optional<Error>& error) {
    Members in(value, "", error);
    RolloutPlan plan;
    plan.id = in.text("id");
    if (!is_label(plan.id)) in.refuse("id", "must be 1 to 64 characters of a-z, 0-9, '.' and '-'");
    const auto release = hash_from_hex<ledger::LeafHash>(in.text("release"));
    if (!release) in.refuse("release", "must be a leaf hash of 64 hexadecimal digits; `assay release list` shows them");
    plan.release = release.value_or(ledger::LeafHash());
    read_filter(in, plan.filter);
    read_phases(in, plan.phases);
    plan.abort_percent = static_cast<unsigned>(in.integer("abort_percent", 10, 0, 100));
    plan.abort_finished_min = static_cast<std::uint32_t>(in.integer("abort_finished_min", 1, 1, UINT32_MAX));
    if (plan.abort_percent == 0 && plan.abort_finished_min > 1) {
        in.refuse("abort_finished_min", "says when it may be aborted, but abort_percent is 0: never");
    }
    plan.begin = in.instant("begin");
    plan.end = in.instant("end");
    if (plan.begin && plan.end && *plan.end <= *plan.begin) in.refuse("end", "must be after begin");
    read_windows(in, plan.windows);
    plan.priority = static_cast<int>(in.integer("priority", 0, -1000, 1000));
    plan.under_way_max = static_cast<std::uint32_t>(in.number("under_way_max", 0, UINT32_MAX));
    read_deadlines(in, plan.deadlines);
    return plan;
}

json::array texts_of(const std::vector<std::string>& texts) {
    json::array out;
    for (const std::string& text : texts) out.emplace_back(text);
    return out;
}

std::int64_t unix_seconds(Timestamp time) { return time.time_since_epoch().count(); }

Timestamp time_at(const json::object& in, std::string_view name) {
    return Timestamp{seconds(in.at(name).to_number<std::int64_t>())};
}

}  // namespace

bool is_label(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    });
}

json::object to_json(const RolloutPlan& plan) {
    json::object out;
    out["id"] = plan.id;
    out["release"] = to_hex(plan.release.view());
    json::object& filter = out["filter"].emplace_object();
    filter["sites"] = texts_of(plan.filter.sites);
    filter["tags"] = texts_of(plan.filter.tags);
    filter["versions"] = texts_of(plan.filter.versions);
    filter["devices"] = texts_of(plan.filter.devices);
    json::array& phases = out["phases"].emplace_array();
    for (const RolloutPhase& phase : plan.phases) {
        json::object item;
        item["percent"] = phase.percent;
        item["success_percent"] = phase.success_percent;
        item["soak_s"] = phase.soak.count();
        item["gate"] = phase.gate;
        phases.push_back(std::move(item));
    }
    out["abort_percent"] = plan.abort_percent;
    out["abort_finished_min"] = plan.abort_finished_min;
    if (plan.begin) out["begin"] = to_rfc3339(*plan.begin);
    if (plan.end) out["end"] = to_rfc3339(*plan.end);
    json::array& windows = out["windows"].emplace_array();
    for (const WeeklyWindow& window : plan.windows.windows) windows.emplace_back(window.text);
    out["zone"] = plan.windows.zone.rule();
    out["priority"] = plan.priority;
    out["under_way_max"] = plan.under_way_max;
    json::object& deadlines = out["deadlines"].emplace_object();
    deadlines["waiting_s"] = plan.deadlines.waiting.count();
    deadlines["offered_s"] = plan.deadlines.offered.count();
    deadlines["verified_s"] = plan.deadlines.verified.count();
    deadlines["installed_s"] = plan.deadlines.installed.count();
    return out;
}

Result<RolloutPlan> parse_rollout_plan(std::string_view text) {
    if (text.size() > kPlanBytesMax) return fail(Refusal::kLimitExceeded, "a rollout has at most 256 KiB");
    boost::system::error_code bad;
    json::parse_options options;
    options.max_depth = 4;
    const json::value value = json::parse(text, bad, {}, options);
    if (bad) return fail(Refusal::kMalformed, "a rollout is a JSON object: " + bad.message());
    std::optional<Error> error;
    RolloutPlan plan = read_plan(value, error);
    if (error) return fail(std::move(*error).within("rollout"));
    return plan;
}

json::object to_json(const RolloutState& state) {
    json::object out;
    out["stage"] = to_string(state.stage);
    out["phase"] = state.phase;
    out["created"] = unix_seconds(state.created);
    out["phase_opened"] = unix_seconds(state.phase_opened);
    if (state.last_place) out["last_place"] = *state.last_place;
    if (state.met_since) out["met_since"] = unix_seconds(*state.met_since);
    out["approved"] = state.approved;
    out["reason"] = state.reason;
    return out;
}

RolloutState rollout_state_from(const json::object& in) {
    RolloutState state;
    bool known = false;
    for (const RolloutStage stage : {RolloutStage::kRunning, RolloutStage::kPaused, RolloutStage::kAborted,
                                     RolloutStage::kDone, RolloutStage::kEnded}) {
        if (in.at("stage").as_string() != to_string(stage)) continue;
        state.stage = stage;
        known = true;
    }
    if (!known) throw std::invalid_argument("stage");
    state.phase = in.at("phase").to_number<std::size_t>();
    state.created = time_at(in, "created");
    state.phase_opened = time_at(in, "phase_opened");
    if (const auto* place = in.if_contains("last_place")) {
        state.last_place = place->to_number<std::uint64_t>();
    }
    if (in.contains("met_since")) state.met_since = time_at(in, "met_since");
    state.approved = in.at("approved").as_bool();
    state.reason = std::string(in.at("reason").as_string());
    return state;
}

}  // namespace assay::gateway
