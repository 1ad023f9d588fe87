#include "device/agent.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::device {
namespace {

using ledger::ReceiptEvent;

constexpr Milliseconds kGatewayRetryFirst{1'000};
constexpr Milliseconds kPollMin{100};  // whatever the gateway says
constexpr std::uint64_t kRefusedInARowMax = 4;  // of any releases; then with pauses

// What went wrong on the device itself; everything else a device refuses.
bool is_own_failure(Refusal word) {
    return word == Refusal::kSlotWriteFailed || word == Refusal::kReadBackMismatch ||
           word == Refusal::kInstallerFailed || word == Refusal::kBootFailed;
}

}  // namespace

Agent::Agent(AgentOptions options, const AgentParts& parts)
    : options_{std::move(options)},
      parts_{parts},
      file_{options_.folder / kStateFile, parts.storage},
      slots_{options_.slots, parts.storage} {}

Result<Agent::Next> Agent::round() {
    Milliseconds pause = options_.poll_max;
    has_more_to_ask_ = false;
    has_failed_ = false;
    busy_pause_ = Milliseconds(0);
    problem_.reset();
    if (auto checked = keep_in_touch(); !checked) return fail(std::move(checked).error());
    if (auto sent = send_receipts(); !sent) return fail(std::move(sent).error());
    if (state_.phase == Phase::kInstalling) {  // the power went
        if (auto done = install_again(); !done) return fail(std::move(done).error());
    }
    // What is to start may have been taken back: the gateway is asked before, and once more when a
    // download has ended, which may have taken hours.
    for (std::optional<ledger::LeafHash> asked_about;;) {
        asked_about = ready_to_start();
        const auto answered = ask(pause);
        if (!answered) return fail(Error(answered.error()));
        if (!*answered || !ready_to_start() || ready_to_start() == asked_about) break;
    }
    auto due = may_restart();
    if (!due) return fail(std::move(due).error());
    if (*due) return restart_into_new_slot();
    if (busy_pause_.count() > 0) pause = busy_pause_;
    if (has_failed_) {
        pause = std::max(busy_pause_, backoff(gateway_failures_, kGatewayRetryFirst, options_.poll_max));
    } else {
        gateway_failures_ = 0;
    }
    return Next{Next::Kind::kSleep, with_jitter(pause)};
}

Result<bool> Agent::ask(Milliseconds& pause) {
    const auto answer = parts_.gateway.poll(poll_request());
    if (!answer) {
        note_gateway_failure(answer.error());
        return false;
    }
    pause = std::min(options_.poll_max, std::max(kPollMin, Milliseconds(answer->sleep_ms)));
    if (answer->receipts) {
        if (auto done = settle_kept(*answer->receipts); !done) return fail(std::move(done).error());
    }
    if (answer->withdrawn) {
        if (auto left = take_back(*answer->withdrawn); !left) return fail(std::move(left).error());
    }
    if (auto done = follow(answer->assignment); !done) return fail(std::move(done).error());
    if (has_more_to_ask_) pause = kPollMin;
    if (auto sent = send_receipts(); !sent) return fail(std::move(sent).error());
    return true;
}

// The gateway might as well never have offered it, so its word is enough.
Result<void> Agent::take_back(const ledger::LeafHash& release) {
    if (!state_.pending || state_.pending->release != release || state_.phase == Phase::kTrying) {
        return {};
    }
    Error why(make_error_code(Refusal::kReleaseWithdrawn), "by the gateway, before it was started");
    return give_up({release, state_.pending->nonce, state_.pending->slot, std::move(why)});
}

// The gateway wants this; the device decides.
Result<void> Agent::follow(const std::optional<protocol::Assignment>& assignment) {
    if (!assignment) return {};
    const bool known =
        is_under_way(state_.phase) && state_.pending->release == assignment->release;
    if (!known) {
        if (held_back(assignment->release) || is_tired_of_refusing()) return {};
        if (auto done = accept(*assignment); !done) return done;
    }
    if (state_.phase == Phase::kDownloading) return download();
    return {};
}

// Everything that can be known without the image. On success the new trust is on disk before the
// first byte of the image is asked for.
Result<void> Agent::accept(const protocol::Assignment& assignment) {
    const auto proof = parts_.gateway.proof(assignment.release);
    if (!proof) {
        note_gateway_failure(proof.error());
        return {};
    }
    auto reached = follow_steps(*proof, options_.identity, state_);
    if (!reached) {
        return give_up({assignment.release, assignment.nonce, other_slot(running_),
                        std::move(reached).error()});
    }
    if (*reached) return advance_epoch(std::move(**reached));
    return accept_release(assignment, *proof);
}

// Too far behind for one proof: the steps so far are kept, and the next poll asks for those behind.
Result<void> Agent::advance_epoch(ledger::EpochRecord epoch) {
    parts_.log("epoch-followed", {{"epoch", std::to_string(epoch.epoch)}});
    state_.epoch = std::move(epoch);
    has_more_to_ask_ = true;
    return save();
}

Result<void> Agent::accept_release(const protocol::Assignment& assignment, ByteView proof) {
    const SlotIndex slot = other_slot(running_);
    const auto boot = parts_.boot.read();
    if (!boot) return fail(boot.error());
    if (boot->active != running_) {  // its image is what the device falls back to
        Error why(make_error_code(Refusal::kBootFailed), "slot " + std::string(slot_name(running_)) +
                                                             " runs, the boot loader's is " +
                                                             std::string(slot_name(boot->active)));
        return give_up({assignment.release, assignment.nonce, slot, std::move(why)});
    }
    const auto verified = judge(proof, assignment.release);
    if (!verified) {
        return give_up({assignment.release, assignment.nonce, slot, verified.error()});
    }
    refused_in_a_row_ = 0;
    if (is_under_way(state_.phase)) {  // superseded
        if (auto left = abandon_pending(); !left) return left;
    }
    learn_from(*verified);
    judged_at_ = std::chrono::steady_clock::now();
    const PendingRelease release = pending_of(*verified, assignment.nonce, slot);
    if (auto added = add_receipt(receipt_of(release, ReceiptEvent::kVerified)); !added)
        return added;
    advance(Event::kVerified);
    state_.pending = release;
    parts_.log("verified", {{"release", to_hex(release.release.view())},
                         {"sequence", std::to_string(release.sequence)},
                         {"by", verified->release_issuer},
                         {"cosignatures", std::to_string(verified->cosignatures)}});
    return save();
}

// The slot, or where an installer finds the payload.
std::filesystem::path Agent::image_path(const PendingRelease& release) const {
    return parts_.installer == nullptr ? slots_.path_of(release.slot)
                                       : options_.folder / kPayloadFile;
}

Result<void> Agent::download() {
    const PendingRelease release = *state_.pending;
    if (auto fetched = fetch_image(release); !fetched) {
        if (!is_source_trouble(fetched.error())) {
            return give_up({release.release, release.nonce, release.slot, fetched.error()});
        }
        if (fetched.error().is(std::errc::operation_canceled)) {
            has_more_to_ask_ = true;
        } else {
            note_gateway_failure(fetched.error());
        }
        return {};
    }
    if (parts_.installer == nullptr) return note_installed();
    advance(Event::kStaged);
    if (auto saved = save(); !saved) return saved;
    return install();
}

// May run a second time after a power cut; the slot that is written is not the one that runs.
Result<void> Agent::install() {
    const PendingRelease release = *state_.pending;
    const auto payload = image_path(release);
    Result<void> installed = fail(Refusal::kInstallerFailed, "no installer is configured any more");
    if (parts_.installer != nullptr) {
        parts_.log("installing", {{"release", to_hex(release.release.view())},
                                  {"slot", std::string(slot_name(release.slot))}});
        const InstallTarget target{payload, release.slot, slots_.path_of(release.slot)};
        installed = parts_.installer->install(release, target);
    }
    if (!installed) {
        return give_up({release.release, release.nonce, release.slot, installed.error()});
    }
    if (auto noted = note_installed(); !noted) return noted;
    return parts_.storage.remove(payload);
}

// After a power cut: what was on its way to the medium may not have come there. Then it is fetched again,
// but for the chunks that are good.
Result<void> Agent::install_again() {
    const PendingRelease release = *state_.pending;
    const auto payload = parts_.storage.open(image_path(release));
    if (payload) {
        const auto digest = digest_of(**payload, release.bytes);
        if (digest && *digest == release.sha256) return install();
    }
    parts_.log("payload-damaged", {{"release", to_hex(release.release.view())}});
    advance(Event::kAbandoned);
    return save();
}

Result<void> Agent::note_installed() {
    const PendingRelease& release = *state_.pending;
    if (auto added = add_receipt(receipt_of(release, ReceiptEvent::kInstalled)); !added)
        return added;
    advance(Event::kWritten);
    parts_.log("installed", {{"release", to_hex(release.release.view())},
                             {"slot", std::string(slot_name(release.slot))},
                             {"bytes", std::to_string(release.bytes)}});
    return save();
}

Result<std::vector<Sha256Digest>> Agent::fetch_chunk_list(const PendingRelease& release) {
    auto digests = parts_.gateway.chunk_digests(release.release, release.chunk_count());
    if (!digests) return digests;
    if (ledger::chunk_root(*digests) != release.chunk_root) {
        return fail(Refusal::kChunkHashMismatch,
                    "the chunk list is not under the signed chunk root");
    }
    return digests;
}

// Chunks that an interrupted download left are kept.
Result<void> Agent::fetch_image(const PendingRelease& release) {
    const auto digests = fetch_chunk_list(release);
    if (!digests) return fail(digests.error());
    const auto image = ImageWriter::open(parts_.storage, image_path(release), release);
    if (!image) return fail(image.error());
    const auto present = image->chunks_present(*digests);
    if (!present) return fail(present.error());
    for (std::size_t i = 0; i < digests->size(); ++i) {
        if ((*present)[i]) continue;
        const std::uint64_t offset = i * release.chunk_bytes;
        const auto size =
            static_cast<std::size_t>(std::min(release.chunk_bytes, release.bytes - offset));
        auto chunk = parts_.gateway.image_range(release.release, offset, size);
        if (!chunk) return fail(std::move(chunk).error());
        if (crypto::sha256(*chunk) != (*digests)[i]) {
            return fail(Refusal::kChunkHashMismatch,
                        "chunk " + std::to_string(i) + " of the image");
        }
        if (auto written = image->write_chunk(i, *chunk); !written) return written;
        gateway_failures_ = 0;  // it is slow, maybe, and serves
    }
    return image->check_whole(*digests);
}

std::optional<ledger::LeafHash> Agent::ready_to_start() const {
    if (state_.phase != Phase::kInstalled) return std::nullopt;
    return state_.pending->release;
}

Result<bool> Agent::may_restart() {
    if (state_.phase != Phase::kInstalled) return false;
    std::optional<std::string> wait;
    if (const auto time = now()) {
        auto postponed = read_postponement(options_.folder, parts_.storage);
        if (postponed && !postponed->is_about(state_.pending->release)) postponed.reset();
        wait = why_to_wait(options_.restart, postponed, *time);
    }
    if (wait && !is_waiting_) parts_.log("waiting", {{"detail", *wait}});
    is_waiting_ = wait.has_value();
    if (is_waiting_) return false;
    return still_stands();
}

Result<Agent::Next> Agent::restart_into_new_slot() {
    if (read_postponement(options_.folder, parts_.storage)) {  // it was for this release
        auto removed = parts_.storage.remove(options_.folder / kPostponedFile);
        if (!removed) return fail(std::move(removed).error());
    }
    if (auto marked = parts_.boot.try_slot(state_.pending->slot, options_.boot_tries); !marked) {
        return fail(std::move(marked).error());
    }
    advance(Event::kRestarted);
    state_.restarts_asked = 1;
    if (auto saved = save(); !saved) return fail(std::move(saved).error());
    parts_.log("restarting", {{"slot", std::string(slot_name(state_.pending->slot))}});
    return Next{Next::Kind::kRestart, {}};
}

Result<void> Agent::abandon_pending() {
    if (state_.phase == Phase::kInstalled) {  // a cut may have left the boot loader told to try it
        if (auto disarmed = parts_.boot.abandon(); !disarmed) return disarmed;
    }
    advance(Event::kAbandoned);
    return {};
}

Result<void> Agent::give_up(const Outcome& outcome) {
    const Refusal word = refusal_of(outcome.error.code()).value_or(Refusal::kMalformed);
    ledger::ReceiptBody receipt;
    receipt.release = outcome.release;
    receipt.nonce = outcome.nonce;
    receipt.slot = static_cast<std::uint8_t>(outcome.slot);
    receipt.event = is_own_failure(word) ? ReceiptEvent::kFailed : ReceiptEvent::kRefused;
    receipt.result = static_cast<std::uint16_t>(word);
    receipt.detail = detail_of(outcome.error);
    if (auto added = add_receipt(std::move(receipt)); !added) return added;
    remember_refusal(outcome.release, word);
    problem_ = outcome.error;
    if (state_.pending && state_.pending->release == outcome.release) {
        if (auto left = abandon_pending(); !left) return left;
    }
    // Said when it is on disk: who reads it may cut the power.
    if (auto saved = save(); !saved) return saved;
    parts_.log(is_own_failure(word) ? "failed" : "refused",
            {{"release", to_hex(outcome.release.view())},
             {"word", std::string(to_word(word))},
             {"detail", outcome.error.context()}});
    return {};
}

// A gateway that makes up releases could have each refused at once, and every refusal is written to
// flash.
bool Agent::is_tired_of_refusing() const {
    if (refused_in_a_row_ <= kRefusedInARowMax) return false;
    const auto pause = backoff(refused_in_a_row_ - kRefusedInARowMax, options_.refused_pause,
                               options_.refused_pause_max);
    return std::chrono::steady_clock::now() < refused_at_ + pause;
}

void Agent::remember_refusal(const ledger::LeafHash& release, Refusal word) {
    ++refused_in_a_row_;
    refused_at_ = std::chrono::steady_clock::now();
    auto& list = state_.refused;
    RefusedRelease entry;
    const auto known = std::find_if(list.begin(), list.end(), [&](const RefusedRelease& item) {
        return item.release == release;
    });
    if (known != list.end()) {
        entry = *known;
        list.erase(known);
    }
    entry.release = release;
    entry.word = static_cast<std::uint64_t>(word);
    ++entry.attempts;
    held_until_[release] =
        std::chrono::steady_clock::now() +
        backoff(entry.attempts, options_.refused_pause, options_.refused_pause_max);
    add_refused(state_, entry);
    std::erase_if(held_until_, [&](const auto& held) {
        return std::none_of(list.begin(), list.end(), [&](const RefusedRelease& item) {
            return item.release == held.first;
        });
    });
}

bool Agent::held_back(const ledger::LeafHash& release) const {
    const auto found = held_until_.find(release);
    return found != held_until_.end() && std::chrono::steady_clock::now() < found->second;
}

void Agent::advance(Event event) {
    const auto next = next_phase(state_.phase, event);
    ASSAY_ASSERT(next.has_value());
    state_.phase = *next;
    if (!is_under_way(*next)) state_.pending.reset();
}

}  // namespace assay::device
