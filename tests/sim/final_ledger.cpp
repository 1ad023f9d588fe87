#include "tests/sim/final_ledger.hpp"

#include <algorithm>

#include "ledger/core/block.hpp"
#include "ledger/core/certificate.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/core/recall_record.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

std::string name_of(TxType type) {
    switch (type) {
        case TxType::kRelease:
            return "release";
        case TxType::kRecall:
            return "recall";
        case TxType::kStatus:
            return "status";
        case TxType::kVendorPolicy:
            return "vendor-policy";
        case TxType::kPropose:
            return "propose";
        case TxType::kApprove:
            return "approve";
        case TxType::kRotateKey:
            return "rotate-key";
        case TxType::kRevokeKey:
            return "revoke-key";
        case TxType::kEpoch:
            return "epoch";
        case TxType::kEvidence:
            return "evidence";
        case TxType::kAnchor:
            return "anchor";
        case TxType::kReceiptBatch:
            return "receipt-batch";
    }
    return "unknown";
}

std::size_t quorum_for(std::size_t members) { return 2 * members / 3 + 1; }

}  // namespace

FinalLedger::FinalLedger(const Founders& founders) : founders_{founders} {
    const auto registry = Registry::make(founders.genesis.members);
    epochs_.emplace(1, first_epoch(founders.chain_id, registry.value()));
}

const EpochMember* FinalLedger::find_member(const EpochRecord& record, Slot slot) {
    const auto found = std::ranges::find(record.members, slot, &EpochMember::slot);
    return found == record.members.end() ? nullptr : &*found;
}

const EpochRecord& FinalLedger::epoch_at(BlockHeight height) const {
    return std::prev(epochs_.upper_bound(height))->second;
}

std::optional<std::string> FinalLedger::add(const BlockId& id, ByteView bytes) {
    const auto block = decode_block(bytes);
    if (!block || block->sealed.id() != id) return "a final block does not decode";
    const EpochRecord& governing = epoch();
    const std::string which = "final block " + std::to_string(height() + 1);
    const auto coinbase = decode_coinbase(block->txs[0]);
    if (!coinbase) return "B5: the coinbase of " + which;
    if (coinbase->registry_epoch != governing.epoch) return "B8: " + which + " names another epoch";
    const EpochMember* by = find_member(governing, block->header().slot());
    if (by == nullptr) return "H2: " + which + " is by no node";
    if (!verify_seal(block->sealed, founders_.chain_id, by->seal)) return "H7: the seal of " + which;
    const std::uint32_t before = blocks_.empty() ? founders_.genesis.time : blocks_.back().time;
    if (block->header().time <= before) return "H4: " + which + " is older than its parent";
    FinalBlock added;
    added.id = id;
    added.epoch = hash_of(governing);
    added.time = block->header().time;
    if (!blocks_.empty()) added.justified = blocks_.back().justified;
    blocks_.push_back(std::move(added));
    if (auto wrong = check_certificate(coinbase->ext)) return *wrong + " in " + which;
    for (std::size_t i = 1; i < block->txs.size(); ++i) {
        const auto tx = decode_transaction(block->txs[i]);
        if (!tx) return "a transaction of " + which;
        if (!txs_.insert(tx->id).second) return "I10: " + which + " makes a transaction final again";
        blocks_.back().txs.push_back(tx->id);
        ++records_[name_of(tx->body.type)];
        ++log_size_;
        if (auto wrong = take(*tx)) return *wrong + " in " + which;
    }
    return std::nullopt;
}

std::optional<std::string> FinalLedger::take(const Transaction& tx) {
    if (tx.body.type == TxType::kEpoch) return begin_epoch(tx);
    if (tx.body.type == TxType::kEvidence) {
        const auto evidence = decode_evidence(tx.body.body);
        if (!evidence) return "E1: evidence that does not decode";
        if (!accused_.emplace(evidence->first.slot, evidence->first.epoch).second) {
            return "E6: evidence that is known";
        }
    }
    if (tx.body.type == TxType::kRelease && !decode_release(tx.body.body)) {
        return "T6: a release that does not decode";
    }
    if (tx.body.type == TxType::kRecall) {
        const auto recall = decode_recall(tx.body.body);
        if (!recall) return "T6: a recall that does not decode";
        recalled_.emplace(recall->release, height());
    }
    if (tx.body.type == TxType::kReceiptBatch) {
        const auto batch = decode_receipt_batch(tx.body.body);
        if (!batch) return "T6: a receipt batch that does not decode";
        batches_[tx.body.slot].push_back(*batch);
    }
    return std::nullopt;
}

// The quorum that signed it is one of the epoch at the target's parent.
std::optional<std::string> FinalLedger::check_certificate(ByteView ext) {
    const auto extension = decode_extension(ext);
    if (!extension) return "B13: an extension";
    if (!*extension) return std::nullopt;
    const Certificate& certificate = **extension;
    const ChainPoint& target = certificate.link.target;
    if (target.height >= height() || at(target.height).id != target.id) {
        return "F1: a certificate for no ancestor";
    }
    if (target.height <= blocks_.back().justified) return "F2: a certificate that is not newer";
    if (certificate.link.source.height != at(target.height).justified) {
        return "F3: a certificate from another source";
    }
    blocks_.back().justified = target.height;
    const EpochRecord& voters = epoch_at(target.height);
    if (certificate.votes.size() < quorum_for(voters.members.size())) {
        return "F4: a certificate with too few votes";
    }
    for (const CertificateVote& each : certificate.votes) {
        const EpochMember* voter = find_member(voters, each.slot);
        const Vote vote =
            vote_of(each, certificate.link, static_cast<std::uint32_t>(voters.epoch));
        if (voter == nullptr || !verify_vote(vote, founders_.chain_id, voter->vote)) {
            return "F5: a certificate with a vote of m" + std::to_string(each.slot) +
                   " that is none in epoch " + std::to_string(voters.epoch);
        }
    }
    return std::nullopt;
}

std::optional<std::string> FinalLedger::begin_epoch(const Transaction& tx) {
    const auto transition = decode_epoch_transition(tx.body.body);
    if (!transition) return "M12: an epoch that does not decode";
    const EpochRecord& before = epoch();
    const EpochRecord& next = transition->record;
    if (next.epoch != before.epoch + 1 || next.previous != hash_of(before)) {
        return "M12: an epoch that does not follow";
    }
    std::set<Slot> signers;
    for (const EpochSignature& signature : transition->signatures) {
        if (verify_epoch_signature(signature, next, before)) signers.insert(signature.slot);
    }
    if (signers.size() < quorum_for(before.members.size())) {
        return "M12: an epoch with " + std::to_string(signers.size()) + " signatures";
    }
    if (next.quorum != quorum_for(next.members.size())) return "M13: an epoch with a wrong quorum";
    std::uint64_t joined = 0;
    std::uint64_t left = 0;
    for (const EpochMember& member : next.members)
        joined += find_member(before, member.slot) == nullptr ? 1 : 0;
    for (const EpochMember& member : before.members)
        left += find_member(next, member.slot) == nullptr ? 1 : 0;
    if (joined + left > 1) return "M13: an epoch that changes more than one member";
    joined_ += joined;
    left_ += left;
    epochs_.emplace(height() + 1, next);
    return std::nullopt;
}

}  // namespace assay::sim
