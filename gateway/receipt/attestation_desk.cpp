#include "gateway/receipt/attestation_desk.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/base_daemon/log.hpp"
#include "host/crypto/random.hpp"

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;

constexpr std::size_t kNotesMax = 2 * kDevicesMax;
constexpr std::size_t kNotesAtOnce = 16;      // about a millisecond of signing
constexpr std::size_t kDevicesAtOnce = 256;
constexpr std::chrono::seconds kTriesAgain{10};
constexpr std::string_view kFoundLater = "recorded when the gateway started again";

std::uint64_t attested_seconds(Timestamp time) {
    return static_cast<std::uint64_t>(time.time_since_epoch().count());
}

}  // namespace

void AttestationDesk::note(const Device& device,
                           ReceiptEvent event,
                           std::optional<std::uint64_t> time,
                           std::string detail) {
    if (notes_.size() == kNotesMax) {
        log::warning("attestations-dropped", {{"device", device.id}});
        return;
    }
    ledger::ReceiptBody body;
    body.device = device.ledger_id;
    body.release = device.assignment->release;
    body.event = event;
    if (device.report) body.running = device.report->running;
    body.nonce = device.assignment->nonce;
    body.time = time;
    body.attested_by_gateway = true;
    if (!detail.empty()) body.detail = std::move(detail);
    notes_.push_back(std::move(body));
    wakeup_.wake();
}

void AttestationDesk::offered(const Device& device) {
    downloads_.erase(device.ledger_id);
    note(device, ReceiptEvent::kOffered, attested_seconds(parts_.clock.now()), {});
}

void AttestationDesk::sent(const Device& device, const SentPart& part) {
    if (!device.assignment || part.begin >= part.end) return;
    const ledger::LeafHash& release = device.assignment->release;
    Progress& progress = downloads_[device.ledger_id];
    const bool joins = progress.release == release && part.begin <= progress.end &&
                       part.end >= progress.begin;
    if (joins) {
        progress.begin = std::min(progress.begin, part.begin);
        progress.end = std::max(progress.end, part.end);
    } else {
        progress = {release, part.begin, part.end};
    }
    if (progress.end < part.image_bytes) return;
    std::string detail;
    if (progress.begin > 0) {
        // The rest was sent before this gateway started, or the device had it from elsewhere.
        detail = "from byte " + std::to_string(progress.begin) + " on, to the end";
    }
    downloads_.erase(device.ledger_id);
    note(device, ReceiptEvent::kDownloaded, attested_seconds(parts_.clock.now()), std::move(detail));
}

void AttestationDesk::again(std::vector<ledger::ReceiptBody> bodies) {
    for (ledger::ReceiptBody& body : bodies) {
        if (notes_.size() < kNotesMax) notes_.push_back(std::move(body));
    }
    wakeup_.wake();
}

std::string AttestationDesk::catch_up(const std::string& after) {
    const auto& devices = parts_.devices.devices();
    std::size_t looked = 0;
    for (auto it = devices.upper_bound(after); it != devices.end(); ++it) {
        const Device& device = it->second;
        if (device.assignment &&
            !parts_.receipts.attested(device.ledger_id, device.assignment->release,
                                      ReceiptEvent::kOffered)) {
            note(device, ReceiptEvent::kOffered, std::nullopt, std::string(kFoundLater));
        }
        if (++looked == kDevicesAtOnce) return it->first;
    }
    return {};
}

Result<void> AttestationDesk::record(const ledger::ReceiptBody& wanted) {
    if (parts_.receipts.attested(wanted.device, wanted.release, wanted.event)) return {};
    ledger::ReceiptBody body = wanted;
    body.counter = parts_.receipts.next_attested_counter(wanted.device);
    crypto::fill_random(body.salt.emplace());
    const auto receipt = ledger::sign_receipt(body, parts_.key());
    if (!receipt) return fail(Error(receipt.error()));
    return parts_.receipts.add_attested(body, *receipt, parts_.clock.now());
}

Result<bool> AttestationDesk::record_some() {
    if (parts_.receipts.is_held()) return false;  // again() comes when it is not
    const GroupCommit::Deferral together(parts_.store);
    const bool is_any = !notes_.empty();
    for (std::size_t i = 0; i < kNotesAtOnce && !notes_.empty(); ++i) {
        if (auto done = record(notes_.front()); !done) return fail(std::move(done).error());
        notes_.pop_front();
    }
    return is_any;
}

boost::asio::awaitable<void> AttestationDesk::run() {
    std::string after = catch_up({});
    while (!after.empty()) {
        co_await boost::asio::post(parts_.executor, boost::asio::use_awaitable);
        after = catch_up(after);
    }
    for (;;) {
        const auto recorded = record_some();
        if (!recorded) {
            log::warning("attestations-not-recorded", {{"reason", recorded.error().to_string()}});
            co_await wakeup_.sleep(kTriesAgain);
            continue;
        }
        if (!*recorded) {
            co_await wakeup_.sleep(std::chrono::hours(1));
            continue;
        }
        const Result<void> settled = co_await parts_.store.settled();
        if (!settled) {
            log::warning("attestations-not-recorded", {{"reason", settled.error().to_string()}});
        }
    }
}

}  // namespace assay::gateway
