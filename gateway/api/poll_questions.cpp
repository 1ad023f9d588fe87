#include "gateway/api/poll_questions.hpp"

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

}  // namespace

void answer_questions(const AgentApiParts& parts,
                      const Device& device,
                      const http::Request& request,
                      protocol::PollAnswer& answer) {
    const auto pending = hash_from_hex<ledger::LeafHash>(
        request.query_value(protocol::kPendingParameter).value_or(""));
    if (pending && is_withdrawn(parts, device, *pending)) answer.withdrawn = pending;
}

}  // namespace assay::gateway
