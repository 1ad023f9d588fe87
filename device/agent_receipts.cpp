// The part of the agent that reports: polls, receipts and their outbox.

#include <algorithm>
#include <utility>

#include "device/agent.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kDetailBytesMax = 128;
constexpr Milliseconds kBusyPauseMin{1'000};

// No later answer to the same bytes can be another one.
bool is_for_good(const Error& error) {
    return error.is(Refusal::kReceiptReplayed) || error.is(Refusal::kSignatureInvalid) ||
           error.is(Refusal::kMalformed);
}

// Of one that this device made.
std::optional<protocol::ReceiptName> name_of(ByteView receipt) {
    const auto decoded = ledger::decode_receipt(receipt);
    if (!decoded) return std::nullopt;
    protocol::ReceiptName name;
    name.key = decoded->signature.key_id;
    name.counter = decoded->body.counter;
    return name;
}

}  // namespace

// Receipts carry a short text; a detail of several lines or beyond ASCII is of no use there.
std::optional<std::string> Agent::detail_of(const Error& error) {
    if (error.context().empty()) return std::nullopt;
    std::string text = error.context().substr(0, kDetailBytesMax);
    std::replace_if(
        text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
    return text;
}

ledger::ReceiptBody Agent::receipt_of(const PendingRelease& release,
                                      ledger::ReceiptEvent event) const {
    ledger::ReceiptBody body;
    body.release = release.release;
    body.nonce = release.nonce;
    body.slot = static_cast<std::uint8_t>(release.slot);
    body.event = event;
    return body;
}

// A release that the boot loader went back from may come again.
Result<ledger::VerifiedRelease> Agent::judge(ByteView proof, const ledger::LeafHash& assigned) const {
    return verify_assigned(proof, assigned, options_.identity, state_, time_at_least(),
                           is_lost_ ? Installed::kIsLost : Installed::kRuns);
}

// Into the outbox of the state that is saved next: counter and receipt become durable together, so
// a counter is never used twice.
Result<void> Agent::add_receipt(ledger::ReceiptBody body) {
    body.device = options_.ledger_id;
    body.counter = static_cast<std::uint32_t>(state_.receipt_counter + 1);
    if (state_.installed && !is_lost_) body.running = state_.installed->sha256;
    body.time = now();
    auto receipt = ledger::sign_receipt(body, parts_.key);
    if (!receipt) return fail(std::move(receipt).error().within("receipt"));
    ++state_.receipt_counter;
    add_to_outbox(state_, std::move(*receipt));
    return {};
}

// In order, since a gateway takes only rising counters. What cannot be delivered now waits.
Result<void> Agent::send_receipts() {
    if (parts_.gateway.is_offline()) return {};
    const std::size_t kept_before = state_.kept.size();
    const std::size_t waiting_before = state_.outbox.size();
    for (bool has_sent_again = false; !state_.outbox.empty();) {
        const auto sent = parts_.gateway.send_receipt(state_.outbox.front(), newest_kept());
        if (sent && *sent == Gateway::ReceiptAnswer::kOthersFirst) {
            if (std::exchange(has_sent_again, true) || !send_kept_again()) break;
        } else if (sent) {
            keep_acknowledged(state_, options_.gateway);
        } else if (is_for_good(sent.error())) {
            parts_.log("receipt-dropped", {{"detail", sent.error().to_string()}});
            state_.outbox.erase(state_.outbox.begin());
        } else {
            note_gateway_failure(sent.error());
            break;
        }
    }
    if (state_.kept.size() == kept_before && state_.outbox.size() == waiting_before) return {};
    return save();
}

// Nothing if another gateway has them: it may have put them on the ledger, this one would once more.
std::optional<protocol::ReceiptName> Agent::newest_kept() const {
    if (state_.kept.empty() || state_.kept_by != options_.gateway) return std::nullopt;
    return name_of(state_.kept.back());
}

Result<void> Agent::settle_kept(protocol::KeptReceipts what) {
    if (!newest_kept()) return {};
    const std::size_t before = state_.kept.size();
    if (what == protocol::KeptReceipts::kSendAgain) {
        (void)send_kept_again();  // what failed is noted, and asked for again
    } else {
        drop_kept(state_);
    }
    if (state_.kept.size() == before) return {};
    return save();
}

// What the gateway has lost; false if it does not take it now. They stay kept, and nothing is written:
// a gateway may say that it lost them as often as it likes.
bool Agent::send_kept_again() {
    std::optional<protocol::ReceiptName> after;
    for (auto receipt = state_.kept.begin(); receipt != state_.kept.end();) {
        const auto sent = parts_.gateway.send_receipt(*receipt, after);
        if (!sent && is_for_good(sent.error())) {
            parts_.log("receipt-dropped", {{"detail", sent.error().to_string()}});
            receipt = state_.kept.erase(receipt);
            continue;
        }
        if (!sent) note_gateway_failure(sent.error());
        if (!sent || *sent != Gateway::ReceiptAnswer::kTaken) return false;
        after = name_of(*receipt++);
    }
    if (state_.kept.empty()) drop_kept(state_);
    parts_.log("receipts-sent-again", {{"count", std::to_string(state_.kept.size())}});
    return true;
}

Result<void> Agent::save() {
    auto saved = file_.save(state_);
    if (!saved) return fail(std::move(saved).error().within("save the device's state"));
    return {};
}

void Agent::note_gateway_failure(const Error& error) {
    problem_ = error;
    if (const auto busy = parts_.gateway.busy_for()) {
        busy_pause_ = std::max(Milliseconds(*busy), kBusyPauseMin);
    } else {
        ++gateway_failures_;
        has_failed_ = true;
    }
    parts_.log("gateway-failed", {{"word", std::string(source_trouble_word(error))},
                                  {"detail", error.to_string()}});
}

std::optional<std::uint64_t> Agent::now() const {
    if (parts_.clock == nullptr) return std::nullopt;
    return time_at_least();
}

protocol::PollRequest Agent::poll_request() const {
    protocol::PollRequest request;
    request.vendor = options_.identity.anchor.vendor;
    request.device_class = options_.identity.device_class;
    request.component = options_.identity.component;
    if (state_.installed && !is_lost_) {
        request.sequence = state_.installed->sequence;
        request.version = state_.installed->version;
        request.running = state_.installed->sha256;
    }
    request.epoch = state_.epoch.value_or(options_.identity.anchor.epoch).epoch;
    if (state_.pending && state_.phase != Phase::kTrying) request.pending = state_.pending->release;
    request.receipt = newest_kept();
    const bool is_busy = is_under_way(state_.phase);
    request.state = is_out_of_touch_ && !is_busy ? kOutOfTouch : to_string(state_.phase);
    if (!is_busy && state_.outbox.empty()) {
        request.wait_ms = static_cast<std::uint32_t>(options_.poll_wait.count());
    }
    return request;
}

}  // namespace assay::device
