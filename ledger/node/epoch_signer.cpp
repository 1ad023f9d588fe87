#include "ledger/node/epoch_signer.hpp"

#include <algorithm>
#include <utility>

#include "ledger/core/governance_state.hpp"

namespace assay::ledger {
namespace {

constexpr BlockHeight kValidityBlocks = 1'000;

}  // namespace

Result<void> EpochSigner::work(Voter& voter, Actions& actions) {
    if (!look_what_is_due()) return {};
    if (auto done = sign(voter, actions); !done) return done;
    if (signatures_.size() < chain_->epoch().quorum()) return {};
    return submit(actions);
}

void EpochSigner::on_signature(const EpochSignatureMessage& message, Actions& actions) {
    if (!look_what_is_due() || message.record_hash != due_hash_) return;
    if (keep(message.signature)) actions.relays.emplace_back(message);
}

Result<void> EpochSigner::add(const EpochSignature& signature, Actions& actions) {
    if (!look_what_is_due()) {
        return fail(Refusal::kEpochUnknown, "no change of members waits for an epoch");
    }
    if (!keep(signature) && !signatures_.contains(signature.slot)) {
        return fail(Refusal::kSignatureInvalid,
                    "not by the cosign or root key of slot " + std::to_string(signature.slot));
    }
    actions.broadcasts.emplace_back(EpochSignatureMessage{due_hash_, signature});
    return {};
}

std::vector<PeerMessage> EpochSigner::messages() const {
    std::vector<PeerMessage> out;
    for (const auto& [slot, signature] : signatures_) {
        out.emplace_back(EpochSignatureMessage{due_hash_, signature});
    }
    return out;
}

// The state says; when it names another record, what was gathered for the last one is worth
// nothing.
bool EpochSigner::look_what_is_due() {
    if (looked_at_ == chain_->tip().id) return due_.has_value();
    looked_at_ = chain_->tip().id;
    auto due = due_epoch(chain_->state());
    const bool same = due && due_ && due->record == *due_;
    if (!same) {
        signatures_.clear();
        transaction_.clear();
    }
    due_.reset();
    if (!due) return false;
    due_ = std::move(due->record);
    change_index_ = due->cause.order;
    due_hash_ = hash_of(*due_);
    return true;
}

// The change, and the epoch that is to be followed: were several begun one after another with none
// of them final, a quorum of the last need not meet one of the first, which may yet vote for
// another branch.
bool EpochSigner::is_change_final() const {
    const BlockHeight height = chain_->final_block().height;
    if (height > chain_->tip().height || chain_->has_failed() || !chain_->conflict().empty()) {
        return false;
    }
    const std::uint64_t final_size = chain_->at_height(height).log_size;
    const std::uint64_t number = chain_->epoch().number();
    const auto begun = epoch_entry(chain_->state(), number);
    const bool epoch_is_final = number == 0 || (begun && begun->log_index < final_size);
    return epoch_is_final && change_index_ < final_size;
}

bool EpochSigner::keep(const EpochSignature& signature) {
    if (signatures_.contains(signature.slot) ||
        !verify_epoch_signature(signature, *due_, chain_->epoch().record())) {
        return false;
    }
    signatures_.emplace(signature.slot, signature);
    return true;
}

Result<void> EpochSigner::sign(Voter& voter, Actions& actions) {
    if (signatures_.contains(slot_) || !is_change_final()) return {};
    const auto& members = chain_->epoch().record().members;
    const auto self = std::ranges::find(members, slot_, &EpochMember::slot);
    if (self == members.end() || self->cosign != cosign_->public_key()) return {};
    const auto claimed = voter.claim_epoch(due_->epoch, due_hash_);
    if (!claimed) return fail(Error(claimed.error()));
    if (!*claimed) {
        return fail(Refusal::kEpochUnknown,
                    "another record was signed as epoch " + std::to_string(due_->epoch));
    }
    auto made = sign_epoch(*due_, *cosign_);
    if (!made) return fail(std::move(made).error());
    const EpochSignature own{slot_, *std::move(made)};
    signatures_.emplace(slot_, own);
    actions.broadcasts.emplace_back(EpochSignatureMessage{due_hash_, own});
    return {};
}

// Several members may do so at once; the first to reach a block makes the others' void. Once for
// each tip: what was refused on it will be again.
Result<void> EpochSigner::submit(Actions& actions) {
    if (std::exchange(submitted_at_, chain_->tip().id) == chain_->tip().id) return {};
    const Member* self = chain_->registry().find(slot_);
    if (self == nullptr || self->tx != tx_->public_key()) return {};
    if (transaction_.empty()) {
        EpochTransition next;
        next.record = *due_;
        for (const auto& [slot, signature] : signatures_) next.signatures.push_back(signature);
        const Bytes encoded = encode_epoch_transition(next);
        TxBody body;
        body.type = TxType::kEpoch;
        body.chain_id = chain_->chain_id();
        body.slot = slot_;
        body.valid_until =
            chain_->tip().height +
            std::min(kValidityBlocks, chain_->genesis().params.validity_blocks_max);
        body.body = encoded;
        const crypto::PrivateKey* const keys[] = {tx_};
        auto made = sign_transaction(body, {name_, subject_of(next), keys});
        if (!made) return fail(std::move(made).error());
        transaction_ = *std::move(made);
    }
    const auto accepted = chain_->accept_transaction(transaction_);
    if (!accepted) {  // mostly: another member's waits already
        if (accepted.error().is(Refusal::kTransactionExpired)) transaction_.clear();
        return {};
    }
    actions.transaction_added = true;
    Announce news;
    news.items.emplace_back(*accepted);
    actions.broadcasts.emplace_back(std::move(news));
    return {};
}

}  // namespace assay::ledger
