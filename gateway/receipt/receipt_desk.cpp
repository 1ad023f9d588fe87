#include "gateway/receipt/receipt_desk.hpp"

#include <algorithm>

#include "gateway/dispatch/assignment.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

using ledger::ReceiptEvent;

bool is_failure(ReceiptEvent event) {
    return event == ReceiptEvent::kFailed || event == ReceiptEvent::kRolledBack ||
           event == ReceiptEvent::kRefused;
}

// A device that falls back after it had confirmed runs what it had before, and its reports say what that is.
std::uint64_t confirmed_after(const Device& device, ReceiptEvent event, std::uint64_t sequence) {
    const std::uint64_t before = device.confirmed_sequence;
    if (event == ReceiptEvent::kConfirmed) return std::max(before, sequence);
    const bool falls_back = event == ReceiptEvent::kFailed || event == ReceiptEvent::kRolledBack;
    return falls_back && before == sequence ? 0 : before;
}

}  // namespace

Result<ledger::Receipt> check_receipt(const crypto::PublicKey& device_key,
                                      std::span<const crypto::PublicKey> former_keys,
                                      ByteView bytes) {
    auto receipt = ledger::decode_receipt(bytes);
    if (!receipt) return receipt;
    const auto has_signed = [&](const crypto::PublicKey& key) { return ledger::verify(*receipt, key); };
    if (!has_signed(device_key) && !std::ranges::any_of(former_keys, has_signed)) {
        return fail(Refusal::kSignatureInvalid, "not signed by the device's key");
    }
    return receipt;
}

Result<bool> ReceiptDesk::take(Device& device,
                               const ledger::Receipt& receipt,
                               ByteView bytes,
                               const std::optional<protocol::ReceiptName>& after,
                               Timestamp now) {
    const ledger::ReceiptBody& body = receipt.body;
    if (body.device != device.ledger_id) {
        return fail(Refusal::kDeviceUnknown,
                    "receipt by " + device.id + " for another device's id");
    }
    if (body.attested_by_gateway || body.event < ReceiptEvent::kVerified) {
        return fail(Refusal::kMalformed,
                    "receipt by " + device.id + " for what the gateway itself attests");
    }
    const auto sequence = sequence_of(body.release);
    // A refusal is evidence of an attack also, and above all, if nobody knows the release.
    if (!sequence && body.event != ReceiptEvent::kRefused) return fail(Error(sequence.error()));

    const crypto::KeyId& key = receipt.signature.key_id;
    const auto added = receipts_->add(key, body.counter, bytes, now, after);
    if (!added) return fail(Error(added.error()).within("receipt by " + device.id));
    if (*added == ReceiptStore::Added::kBehindMissing) return false;
    // What is known was noted with the same write. It may be older than what the device did since.
    if (*added == ReceiptStore::Added::kKnown || key != crypto::key_id(device.key)) return true;
    const std::uint64_t had = device.confirmed_sequence;
    const std::uint64_t has = sequence ? confirmed_after(device, body.event, *sequence) : had;
    if (has != had) {
        rollouts_->change(device, [&](Device& it) { it.confirmed_sequence = has; }, now);
    }
    auto noted = note(device, body, now);
    if (!noted) return fail(std::move(noted).error());
    return true;
}

// From memory if this gateway deals with the release, else from the ledger.
Result<std::uint64_t> ReceiptDesk::sequence_of(const ledger::LeafHash& release) const {
    if (const CatalogEntry* const entry = catalog_->find(release)) return entry->release.record.sequence;
    const auto known = find_release(view_of(*consortium_), release);
    if (!known) return fail(Error(known.error()));
    return known->record.sequence;
}

Result<void> ReceiptDesk::note(Device& device,
                               const ledger::ReceiptBody& body,
                               Timestamp now) {
    const auto word = refusal_from_number(body.result);
    device.last_event = ledger::to_string(body.event);
    device.last_word = word ? std::string(to_word(*word)) : std::string();
    rollouts_->note_receipt(device, body.release, body.event, device.last_word, now);
    log::info("receipt", {{"device", device.id},
                          {"step", device.last_event},
                          {"word", device.last_word.empty() ? "-" : device.last_word},
                          {"release", to_hex(body.release.view())}});
    if (is_failure(body.event)) {
        hold_back(device, body.release, now);
        if (word) {
            refusals_->record(*word, device.id + " refused release " + to_hex(body.release.view()) +
                                         (body.detail ? ": " + *body.detail : std::string()));
        }
    }
    return devices_->save(device);
}

}  // namespace assay::gateway
