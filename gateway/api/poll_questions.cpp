#include "gateway/api/poll_questions.hpp"

#include <algorithm>

#include "device/protocol/paths.hpp"
#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway {
namespace {

// Then nothing offers it any more, also to a device whose part in them another release has overtaken.
bool all_aborted(const RolloutBook& rollouts, const ledger::LeafHash& release) {
    bool is_named = false;
    for (const auto& [id, rollout] : rollouts.rollouts()) {
        if (rollout.plan.release != release) continue;
        if (rollout.state.stage != RolloutStage::kAborted) return false;
        is_named = true;
    }
    return is_named;
}

bool is_withdrawn(const AgentApiParts& parts, const Device& device, const ledger::LeafHash& release) {
    return parts.rollouts.is_cancelled(device, release) || all_aborted(parts.rollouts, release) ||
           withdrawal_of(view_of(parts.consortium), release).has_value();
}

bool has_signed_with(const Device& device, const crypto::KeyId& key) {
    const auto is_it = [&](const crypto::PublicKey& one) { return crypto::key_id(one) == key; };
    return is_it(device.key) || std::ranges::any_of(device.former_keys, is_it);
}

// What becomes of the receipts up to that one, all of which were acknowledged: as long as this gateway
// alone has them, the device is to keep them.
std::optional<protocol::KeptReceipts> look_for(const AgentApiParts& parts,
                                               const Device& device,
                                               const protocol::ReceiptName& newest) {
    const ReceiptStore& store = parts.stored_receipts;
    if (!has_signed_with(device, newest.key) || store.is_held()) return std::nullopt;
    const auto number = store.find(newest);
    if (!number) return protocol::KeptReceipts::kSendAgain;
    const bool is_final = *number < store.batched_end() && *number <= parts.recorder.on_ledger();
    return is_final ? std::optional(protocol::KeptReceipts::kDrop) : std::nullopt;
}

}  // namespace

void answer_questions(const AgentApiParts& parts,
                      const Device& device,
                      const http::Request& request,
                      protocol::PollAnswer& answer) {
    const auto pending = hash_from_hex<ledger::LeafHash>(
        request.query_value(protocol::kPendingParameter).value_or(""));
    if (pending && is_withdrawn(parts, device, *pending)) answer.withdrawn = pending;
    const auto newest =
        protocol::parse_receipt_name(request.query_value(protocol::kReceiptParameter).value_or(""));
    if (newest) answer.receipts = look_for(parts, device, *newest);
}

}  // namespace assay::gateway
