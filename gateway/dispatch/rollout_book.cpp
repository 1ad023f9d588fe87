#include "gateway/dispatch/rollout_book.hpp"

#include <algorithm>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/book_entries.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/rollout_json.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

// After a start no device that had begun is overdue for so long, or as long as its step may take: those that
// waited for the gateway have their say first. Longer than the longest pause between two polls.
constexpr std::chrono::minutes kReturnTime{15};

constexpr char kRolloutBook = 'o';
constexpr char kWithheldBook = 'w';  // release -> 1 byte, 1 if its rollout was aborted

Bytes rollout_key(std::string_view id) {
    return book_key(kRolloutBook, as_bytes(id));
}

// What save() wrote; anything else throws.
Rollout read_rollout_or_throw(ByteView text) {
    const json::value value = json::parse(as_text(text));
    const json::object& in = value.as_object();
    Rollout rollout;
    auto plan = parse_rollout_plan(json::serialize(in.at("plan")));
    if (!plan) throw std::invalid_argument(plan.error().to_string());
    rollout.plan = std::move(*plan);
    rollout.state = rollout_state_from(in.at("state").as_object());
    if (rollout.state.phase >= rollout.plan.phases.size()) throw std::invalid_argument("phase");
    return rollout;
}

// What remove() wrote; anything else throws.
std::pair<ledger::LeafHash, bool> read_withheld_or_throw(ByteView id, ByteView value) {
    ledger::LeafHash release;
    if (id.size() != release.bytes.size() || value.size() != 1) throw std::invalid_argument("size");
    std::ranges::copy(id, release.bytes.begin());
    return {release, value[0] != std::byte{0}};
}

tl::unexpected<Error> unknown_rollout(std::string_view id) {
    return fail(std::errc::no_such_file_or_directory,
                "there is no rollout " + std::string(id) + "; `assay rollout list` shows those there are");
}

bool is_for(const ledger::ReleaseRecord& release, const ledger::ReleaseKey& target) {
    return release.vendor == target.vendor && release.device_class == target.device_class &&
           release.component == target.component;
}

// A device that began goes on, whatever its inventory says meanwhile: the new version, above all. One that
// is blocked is no part of anything: nobody is to wait for it.
AssignmentVerdict matches(const RolloutPlan& plan,
                          const ledger::ReleaseRecord& release,
                          const Device& device) {
    const bool began = device.rollouts.contains(plan.id);
    if (!began && device.report && !is_for(release, device.report->target)) {
        return AssignmentVerdict::kOtherTarget;
    }
    if (device.is_blocked) return AssignmentVerdict::kBlocked;
    if (began) return AssignmentVerdict::kAssigned;
    const AssignmentVerdict verdict = match(plan.filter, device);
    if (verdict != AssignmentVerdict::kAssigned) return verdict;
    if (device.sequence() >= release.sequence) return AssignmentVerdict::kUpToDate;
    return is_applicable(release, device.sequence()) ? verdict : AssignmentVerdict::kNotApplicable;
}

bool has_release(const Device& device, const ledger::ReleaseRecord& release) {
    return device.report && is_for(release, device.report->target) && device.sequence() >= release.sequence;
}

bool is_full(const Rollout& rollout) {
    return rollout.plan.under_way_max != 0 && rollout.under_way >= rollout.plan.under_way_max;
}

bool has_deadlines(const RolloutPlan& plan) {
    const RolloutDeadlines& deadlines = plan.deadlines;
    return (deadlines.waiting + deadlines.offered + deadlines.verified + deadlines.installed).count() != 0;
}

// No device of the newest phase is overdue before. Those of a phase that opens now have no deadline yet.
std::optional<Timestamp> first_waiting_deadline(const Rollout& rollout) {
    const auto waiting = rollout.plan.deadlines.waiting;
    return waiting.count() == 0 ? std::nullopt : std::optional(rollout.state.phase_opened + waiting);
}

// What is done opens nothing any more: without any of these nobody needs to look at its devices.
bool is_watched(const Rollout& rollout) {
    return rollout.state.stage != RolloutStage::kDone || rollout.plan.abort_percent != 0 ||
           rollout.plan.under_way_max != 0 || has_deadlines(rollout.plan) ||
           found_nothing_to_do(rollout.state);
}

// Why its release will be offered to nobody any more; empty: it may be. What devices have begun when the
// release expires they may finish, and what is done stays so.
std::string why_over(const Rollout& rollout, const CatalogEntry* entry, Timestamp now) {
    if (entry == nullptr) return {};
    if (entry->stage == ReleaseStage::kRefused) return "the release is refused: " + entry->word;
    const auto time = static_cast<std::uint64_t>(now.time_since_epoch().count());
    const bool has_expired = entry->release.record.expires.value_or(UINT64_MAX) <= time;
    const RolloutStage stage = rollout.state.stage;
    const bool is_settled = stage == RolloutStage::kDone || stage == RolloutStage::kEnded;
    const bool is_open = !is_settled && rollout.under_way == 0;
    return has_expired && is_open ? "the release has expired" : "";
}

void log_state(const Rollout& rollout) {
    log::info("rollout", {{"rollout", rollout.plan.id},
                          {"stage", std::string(to_string(rollout.state.stage))},
                          {"phase", rollout.state.phase + 1},
                          {"reason", rollout.state.reason.empty() ? "-" : rollout.state.reason}});
}

// It could not say anything while it was blocked: its deadlines begin anew. Returns whether it has any.
bool begin_steps_anew(Device& device, Timestamp now) {
    bool changed = false;
    for (auto& [id, progress] : device.rollouts) {
        if (!progress.under_way()) continue;
        progress.since = now;
        changed = true;
    }
    return changed;
}

RolloutProgress done_at(Timestamp now) {
    RolloutProgress progress;
    progress.step = RolloutStep::kDone;
    progress.since = now;
    return progress;
}

}  // namespace

Result<void> RolloutBook::load() {
    const auto done = read_book(*store_, kRolloutBook, "stored rollout", [&](ByteView id, ByteView value) {
        rollouts_.emplace(as_text(id), read_rollout_or_throw(value));
    });
    if (!done) return done;
    const auto withheld = read_book(*store_, kWithheldBook, "release of a deleted rollout",
                                    [&](ByteView id, ByteView value) {
                                        withheld_.insert(read_withheld_or_throw(id, value));
                                    });
    if (!withheld) return withheld;
    for (const auto& [id, device] : devices_->devices()) {
        for (const auto& [name, progress] : device.rollouts) {
            const auto rollout = rollouts_.find(name);
            const bool counts = progress.under_way() && !device.is_blocked;
            if (rollout != rollouts_.end() && counts) ++rollout->second.under_way;
        }
    }
    for (auto& [id, rollout] : rollouts_) {
        rollout.was_full = is_full(rollout);
        rollout.touched = is_watched(rollout);  // what was noted last may not have been looked at
    }
    return {};
}

const Rollout* RolloutBook::find(std::string_view id) const {
    const auto found = rollouts_.find(id);
    return found == rollouts_.end() ? nullptr : &found->second;
}

bool RolloutBook::governs(const ledger::LeafHash& release) const {
    return withheld_.contains(release) || std::ranges::any_of(rollouts_, [&](const auto& item) {
               return item.second.plan.release == release;
           });
}

Result<RolloutBook::Created> RolloutBook::create(RolloutPlan plan, Timestamp now) {
    if (const Rollout* const known = find(plan.id)) {
        if (to_json(known->plan) == to_json(plan)) return Created::kKnown;
        return fail(std::errc::file_exists, "there is another rollout " + plan.id + "; choose another name, "
                                            "or see it with `assay rollout show " + plan.id + "`");
    }
    if (rollouts_.size() >= kRolloutsMax) {
        return fail(Refusal::kLimitExceeded, "this gateway keeps 1,000 rollouts at most; delete some that "
                                             "are over with `assay rollout delete`");
    }
    // As it would be read again: what the plan left out is written as well.
    if (json::serialize(to_json(plan)).size() > kPlanBytesMax) {
        return fail(Refusal::kLimitExceeded, "a rollout has at most 256 KiB, its defaults included");
    }
    Rollout rollout;
    rollout.plan = std::move(plan);
    rollout.state.created = now;
    rollout.state.phase_opened = now;
    if (auto saved = save(rollout); !saved) return fail(std::move(saved).error());
    std::string id = rollout.plan.id;
    rollouts_.emplace(std::move(id), std::move(rollout));
    ++generation_;
    return Created::kNew;
}

Result<void> RolloutBook::act(std::string_view id, Action action, Timestamp now) {
    const auto found = rollouts_.find(id);
    if (found == rollouts_.end()) return unknown_rollout(id);
    Rollout changed = found->second;
    Result<void> done;
    switch (action) {
        case Action::kPause:
            done = pause(changed.plan, changed.state);
            break;
        case Action::kResume:
            done = resume(changed.plan, changed.state);
            break;
        case Action::kAbort:
            done = abort(changed.plan, changed.state);
            break;
        case Action::kApprove:
            done = approve(changed.plan, changed.state, now);
            break;
        case Action::kAdvance:
            done = open_next(changed.plan, changed.state, members(changed), now);
            break;
    }
    if (!done) return done;
    if (auto saved = save(changed); !saved) return saved;
    found->second = std::move(changed);
    found->second.touched = true;
    return {};
}

Result<void> RolloutBook::remove(std::string_view id) {
    const auto found = rollouts_.find(id);
    if (found == rollouts_.end()) return unknown_rollout(id);
    const Rollout& rollout = found->second;
    const RolloutStage stage = rollout.state.stage;
    const bool is_aborted = stage == RolloutStage::kAborted;
    if (!is_aborted && stage != RolloutStage::kDone && stage != RolloutStage::kEnded) {
        return fail(std::errc::operation_not_permitted,
                    "rollout " + found->first + " is " + std::string(to_string(stage)) + "; abort it first");
    }
    const ledger::LeafHash release = rollout.plan.release;
    const std::byte mark{is_aborted};
    ledger::WriteBatch batch;
    batch.erase(rollout_key(id));
    batch.put(book_key(kWithheldBook, release.view()), ByteView(&mark, 1));
    if (auto done = devices_->forget_rollout(id, std::move(batch)); !done) return done;
    withheld_.insert_or_assign(release, is_aborted);
    was_open_.erase(found->first);
    rollouts_.erase(found);
    ++generation_;
    return {};
}

AssignmentVerdict RolloutBook::judge(const Rollout& rollout, const Device& device, Timestamp now) const {
    const CatalogEntry* const entry = catalog_->find(rollout.plan.release);
    if (entry == nullptr) return AssignmentVerdict::kNotReady;
    const AssignmentVerdict verdict = matches(rollout.plan, entry->release.record, device);
    if (verdict != AssignmentVerdict::kAssigned) return verdict;
    const AssignmentVerdict admitted = admit(rollout.plan, rollout.state, device, rollout.under_way, now);
    const bool is_for_release = admitted == AssignmentVerdict::kAssigned || entry->is_withdrawn();
    if (!is_for_release) return admitted;
    const AssignmentVerdict judged = judge_release(device, *entry, now);
    const auto own = device.rollouts.find(rollout.plan.id);
    const bool is_under_way = own != device.rollouts.end() && own->second.under_way();
    // What was begun before may be finished, and a device that has not verified it yet refuses by itself.
    return judged == AssignmentVerdict::kExpired && is_under_way ? AssignmentVerdict::kAssigned : judged;
}

bool RolloutBook::is_cancelled(const Device& device, const ledger::LeafHash& release) const {
    bool cancelled = false;
    for (const auto& [id, progress] : device.rollouts) {
        const Rollout* const rollout = find(id);
        if (rollout == nullptr || rollout->plan.release != release) continue;
        if (rollout->state.stage != RolloutStage::kAborted) return false;
        cancelled = true;
    }
    if (cancelled) return true;
    const auto withheld = withheld_.find(release);
    if (withheld == withheld_.end() || !withheld->second) return false;
    return std::ranges::none_of(rollouts_, [&](const auto& item) {
        const Rollout& rollout = item.second;
        return rollout.plan.release == release && rollout.state.stage != RolloutStage::kAborted;
    });
}

bool RolloutBook::note_offered(Device& device, const Rollout* rollout, Timestamp now) {
    const std::string_view id = rollout == nullptr ? std::string_view() : rollout->plan.id;
    // What is overtaken begins anew if it is still wanted afterwards. A failure stays known.
    bool overtakes = false;
    for (auto item = device.rollouts.begin(); item != device.rollouts.end();) {
        const auto current = item++;
        auto& [name, progress] = *current;
        if (name == id || !progress.under_way()) continue;
        overtakes = true;
        if (const auto other = rollouts_.find(name); other != rollouts_.end()) {
            if (other->second.under_way > 0) --other->second.under_way;
            other->second.touched = true;
        }
        if (progress.is_retry) {
            progress.step = RolloutStep::kFailed;
        } else {
            device.rollouts.erase(current);
        }
    }
    if (rollout == nullptr) return overtakes;
    RolloutProgress next;
    if (const auto own = device.rollouts.find(id); own != device.rollouts.end()) {
        if (own->second.under_way()) return overtakes;
        // One that was done lost the release again, with its board perhaps: it begins anew.
        next.is_retry = own->second.step == RolloutStep::kFailed;
        next.word = own->second.word;
    }
    next.since = now;
    put_step(device, id, next);
    return true;
}

// Keeps the number under way, of devices that are not blocked, and that the rollout is to be looked at.
void RolloutBook::put_step(Device& device, std::string_view id, const RolloutProgress& progress) {
    Rollout& rollout = rollouts_.find(id)->second;
    const auto own = device.rollouts.find(id);
    const bool was_under_way = own != device.rollouts.end() && own->second.under_way();
    if (was_under_way && !progress.under_way() && rollout.under_way > 0) --rollout.under_way;
    if (!was_under_way && progress.under_way()) ++rollout.under_way;
    device.rollouts.insert_or_assign(std::string(id), progress);
    rollout.touched = true;
    rollout.was_full = rollout.was_full || is_full(rollout);
}

void RolloutBook::note_receipt(Device& device,
                               const ledger::LeafHash& release,
                               ledger::ReceiptEvent event,
                               std::string_view word,
                               Timestamp now) {
    for (const auto& [id, progress] : device.rollouts) {
        const Rollout* const rollout = find(id);
        if (rollout == nullptr || rollout->plan.release != release) continue;
        const RolloutProgress after = after_receipt(progress, event, word, now);
        if (!(after == progress)) put_step(device, id, after);
    }
}

bool RolloutBook::change(Device& device, const std::function<void(Device&)>& make, Timestamp now) {
    struct Part {
        Rollout* rollout = nullptr;
        const ledger::ReleaseRecord* release = nullptr;
        bool matched = false;
        bool had_it = false;
        bool began = false;
    };
    std::vector<Part> parts;
    for (auto& [id, rollout] : rollouts_) {
        const RolloutStage stage = rollout.state.stage;
        const bool began = device.rollouts.contains(id);
        const bool takes_newcomers = stage == RolloutStage::kRunning || stage == RolloutStage::kPaused ||
                                      found_nothing_to_do(rollout.state);
        const bool is_over = stage == RolloutStage::kAborted || (!takes_newcomers && !began);
        const CatalogEntry* const entry = is_over ? nullptr : catalog_->find(rollout.plan.release);
        if (entry == nullptr) continue;  // what is done takes newcomers as they poll
        const ledger::ReleaseRecord& release = entry->release.record;
        const bool matched = matches(rollout.plan, release, device) == AssignmentVerdict::kAssigned;
        parts.push_back({&rollout, &release, matched, has_release(device, release), began});
    }
    const bool was_blocked = device.is_blocked;
    make(device);
    bool changed = was_blocked && !device.is_blocked && begin_steps_anew(device, now);
    for (const Part& part : parts) {
        const RolloutPlan& plan = part.rollout->plan;
        if (part.matched && has_release(device, *part.release)) {
            const auto own = device.rollouts.find(plan.id);
            const bool began = own != device.rollouts.end();
            const auto& last = part.rollout->state.last_place;
            const bool is_member = began || (last && place_of(plan.id, device.id) <= *last);
            const bool is_news = !part.had_it || (began && own->second.under_way());
            if (is_member && is_news) {
                put_step(device, plan.id, done_at(now));
                changed = true;
            }
        }
        const bool matches_now = matches(plan, *part.release, device) == AssignmentVerdict::kAssigned;
        const bool is_out = part.began && !device.rollouts.contains(plan.id);
        part.rollout->touched = part.rollout->touched || part.matched != matches_now || is_out;
    }
    return changed;
}

Result<bool> RolloutBook::step(Timestamp now) {
    bool more = false;
    if (watched_since_ == Timestamp::min()) watched_since_ = now;
    for (auto& [id, rollout] : rollouts_) {
        if (rollout.state.stage == RolloutStage::kAborted) continue;
        more = window_moved(rollout, now) || more;
        const std::string over = why_over(rollout, catalog_->find(rollout.plan.release), now);
        if (!over.empty()) {
            if (auto ended = end(rollout, over); !ended) return fail(std::move(ended).error());
            more = true;
            continue;
        }
        if (!is_watched(rollout) || (!rollout.touched && now < rollout.due)) continue;
        const auto stepped = step_one(rollout, now);
        if (!stepped) return fail(Error(stepped.error()).within("rollout " + id));
        more = more || *stepped;
    }
    return more;
}

bool RolloutBook::window_moved(const Rollout& rollout, Timestamp now) {
    const bool is_open = rollout.plan.windows.is_open(now);
    return std::exchange(was_open_[rollout.plan.id], is_open) != is_open;
}

Result<void> RolloutBook::end(Rollout& rollout, const std::string& reason) {
    Rollout ended = rollout;
    ended.state.stage = RolloutStage::kAborted;
    ended.state.reason = reason;
    if (auto saved = save(ended); !saved) return saved;
    log_state(ended);
    rollout = std::move(ended);
    return {};
}

Result<bool> RolloutBook::step_one(Rollout& rollout, Timestamp now) {
    rollout.touched = true;  // until all of it is done
    if (catalog_->find(rollout.plan.release) == nullptr) return false;
    if (auto failed = fail_overdue(rollout, now); !failed) return fail(std::move(failed).error());
    const std::vector<RolloutMember> matching = members(rollout);
    Rollout next = rollout;
    const bool others_have_it = matching.empty() && has_up_to_date(rollout);
    const bool changed = advance(next.plan, next.state, matching, others_have_it, now);
    if (changed) {
        if (auto saved = save(next); !saved) return fail(std::move(saved).error());
    }
    if (next.state.stage != rollout.state.stage || next.state.phase != rollout.state.phase) {
        log_state(next);
    }
    const RolloutTally counts = tally(next.state, matching);
    next.under_way = counts.under_way;
    const auto soaked = soaked_at(next.plan, next.state);
    if (soaked && *soaked > now) next.due = std::min(next.due, *soaked);
    for (const auto& time : {next.plan.begin, next.plan.end, first_waiting_deadline(next)}) {
        if (time && *time > now) next.due = std::min(next.due, *time);
    }
    next.touched = false;
    const bool was_full = std::exchange(next.was_full, is_full(next));
    rollout = std::move(next);
    // Woken once: who finds the room taken makes it full again.
    const bool is_wanted = counts.waiting + counts.failed > counts.given_up;
    return changed || (was_full && !rollout.was_full && is_wanted);
}

std::vector<RolloutMember> RolloutBook::members(const Rollout& rollout) const {
    std::vector<RolloutMember> out;
    const CatalogEntry* const entry = catalog_->find(rollout.plan.release);
    if (entry == nullptr) return out;
    for (const Candidate& candidate : candidates(rollout.plan, entry->release.record)) {
        if (candidate.verdict != AssignmentVerdict::kAssigned) continue;
        RolloutMember member;
        member.place = candidate.place;
        member.step = candidate.step;
        member.is_retry = candidate.is_retry;
        member.is_given_up = candidate.is_given_up;
        out.push_back(member);
    }
    return out;
}

bool RolloutBook::has_up_to_date(const Rollout& rollout) const {
    const ledger::ReleaseRecord& release = catalog_->find(rollout.plan.release)->release.record;
    return std::ranges::any_of(devices_->devices(), [&](const auto& item) {
        return matches(rollout.plan, release, item.second) == AssignmentVerdict::kUpToDate;
    });
}

RolloutTally RolloutBook::count(const Rollout& rollout) const {
    return tally(rollout.state, members(rollout));
}

std::map<std::string_view, RolloutTally> RolloutBook::count_begun() const {
    std::map<std::string_view, std::vector<RolloutMember>> begun;
    for (const auto& [id, device] : devices_->devices()) {
        if (device.is_blocked) continue;
        for (const auto& [name, progress] : device.rollouts) {
            RolloutMember& member = begun[name].emplace_back();
            member.step = progress.step;
            member.is_retry = progress.is_retry;
            const Rollout* const rollout = find(name);
            member.is_given_up = rollout != nullptr && is_given_up(device, rollout->plan.release);
        }
    }
    std::map<std::string_view, RolloutTally> out;
    for (const auto& [id, rollout] : rollouts_) out.emplace(id, tally(rollout.state, begun[id]));
    return out;
}

std::optional<Timestamp> RolloutBook::deadline_for(const Rollout& rollout, const Device& device) const {
    if (device.is_blocked) return std::nullopt;
    const auto progress = device.rollouts.find(rollout.plan.id);
    if (progress != device.rollouts.end()) {
        const auto deadline = deadline_of(rollout.plan, progress->second);
        if (!deadline) return std::nullopt;
        const auto allowed = *deadline - progress->second.since;
        return std::max(*deadline, watched_since_ + std::min<std::chrono::seconds>(allowed, kReturnTime));
    }
    const auto deadline = waiting_deadline_of(rollout.plan, rollout.state, device, watched_since_);
    if (!deadline) return std::nullopt;
    const ledger::ReleaseRecord& release = catalog_->find(rollout.plan.release)->release.record;
    const bool is_member = matches(rollout.plan, release, device) == AssignmentVerdict::kAssigned;
    return is_member ? deadline : std::nullopt;
}

// Those that are not overdue yet say when it is to be called again.
Result<void> RolloutBook::fail_overdue(Rollout& rollout, Timestamp now) {
    rollout.due = Timestamp::max();
    if (!has_deadlines(rollout.plan)) return {};
    for (const auto& [id, known] : devices_->devices()) {
        const auto deadline = deadline_for(rollout, known);
        if (!deadline) continue;
        if (now < *deadline) {
            rollout.due = std::min(rollout.due, *deadline);
            continue;
        }
        Device& device = *devices_->find(id);
        const bool began = device.rollouts.contains(rollout.plan.id);
        RolloutProgress& late = device.rollouts[rollout.plan.id];
        log::warning("rollout-device-overdue", {{"rollout", rollout.plan.id},
                                                {"device", id},
                                                {"step", std::string(began ? to_string(late.step) : "waiting")}});
        late.step = RolloutStep::kFailed;
        late.word = kLateWord;
        late.since = now;
        hold_back(device, rollout.plan.release, now);
        if (auto saved = devices_->save(device); !saved) return saved;
    }
    return {};
}

std::vector<RolloutBook::Candidate> RolloutBook::candidates(const RolloutPlan& plan,
                                                            const ledger::ReleaseRecord& release) const {
    std::vector<Candidate> out;
    out.reserve(devices_->devices().size());
    for (const auto& [id, device] : devices_->devices()) {
        Candidate candidate;
        candidate.device = &device;
        candidate.verdict = matches(plan, release, device);
        candidate.is_given_up = is_given_up(device, plan.release);
        if (const auto progress = device.rollouts.find(plan.id); progress != device.rollouts.end()) {
            candidate.step = progress->second.step;
            candidate.is_retry = progress->second.is_retry;
        }
        if (candidate.verdict == AssignmentVerdict::kAssigned) candidate.place = place_of(plan.id, id);
        out.push_back(candidate);
    }
    return out;
}

Result<void> RolloutBook::save(const Rollout& rollout) {
    json::object out;
    out["plan"] = to_json(rollout.plan);
    out["state"] = to_json(rollout.state);
    ledger::WriteBatch batch;
    batch.put(rollout_key(rollout.plan.id), as_bytes(json::serialize(out)));
    return store_->write_synced(batch);
}

}  // namespace assay::gateway
