// What liars do with changes of members: old keys, old epochs, votes nobody gave, epochs of their own.

#include <algorithm>

#include "ledger/core/coinbase.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/core/governance_state.hpp"
#include "tests/sim/byzantine.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

// Replaced because it leaked: votes of the member whose key it was, of epoch 0, in which it was good,
// for blocks that there are not, ahead of those that will be.
void Byzantine::leaked_vote_key() {
    World& world = node_.world();
    const EpochRecord& now = world.final_ledger().epoch();
    for (const EpochMember& member : now.members) {
        if (member.slot >= world.founders().count || member.slot == node_.slot()) continue;
        const test::ConsortiumMember& first = world.node(member.slot).organisation().sets.front();
        if (first.member.vote == member.vote) continue;  // not replaced, or not finally
        world.note_lie(node_, "leaked-vote-key");
        const ChainTip& tip = node_.chain().tip();
        for (BlockHeight ahead = 0; ahead < 8; ++ahead) {
            for (unsigned i = 0; i < 2; ++i) {
                Vote vote;
                vote.slot = member.slot;
                vote.link.source = ChainPoint{0, *node_.chain().id_at(0)};
                vote.link.target = ChainPoint{tip.height + ahead, tip.id};
                vote.link.target.id.bytes[3] ^= static_cast<std::byte>(1 + i);
                const auto forged = sign_vote(vote, node_.chain().chain_id(), first.vote).value();
                for (const Slot peer : others()) node_.send(peer, VoteMessage{forged});
            }
        }
        return;
    }
}

// Seals with its first key, whatever is in force, and says its old epoch.
void Byzantine::old_seal_key() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    const test::ConsortiumMember& first = node_.organisation().sets.front();
    node_.world().note_lie(node_, "old-seal-key");
    if (node_.random().chance(0.5) && node_.chain().epoch().number() > 0) {
        auto coinbase = decode_coinbase(block->txs[0]).value();
        --coinbase.registry_epoch;
        block->txs[0] = encode_coinbase(coinbase);
        commit(*block);
    }
    block->header.nonce = static_cast<std::uint32_t>(node_.random().next());
    if (first.member.seal == node_.chain().epoch().find_node(node_.slot())->seal &&
        node_.chain().epoch().number() == 0) {
        return;  // that would be an ordinary block
    }
    offer({seal_block(*block, first.seal).value()}, others());
}

// A member no more: a block in its own slot all the same. A node: one in a slot that nobody has.
void Byzantine::removed_slot() {
    const bool is_node = node_.chain().epoch().find_node(node_.slot()) != nullptr;
    const Slot slot = is_node ? Slot{4'000} : node_.slot();
    auto block = any_template();
    if (!block) return;
    node_.world().note_lie(node_, is_node ? "nobodys-slot" : "removed-slot");
    auto coinbase = decode_coinbase(block->txs[0]).value();
    coinbase.slot = slot;
    block->txs[0] = encode_coinbase(coinbase);
    block->header.version = kVersionTop | slot;
    commit(*block);
    offer({seal(*block)}, others());
}

// The epoch that is due, or one that throws a member out, signed by nobody else.
void Byzantine::forged_epoch() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block || block->txs.size() > 1) return;
    const EpochRecord& now = node_.chain().epoch().record();
    if (now.members.size() < 2) return;
    EpochRecord next = now;
    if (const auto due = due_epoch(node_.chain().state())) {
        next = due->record;
    } else {
        next.members.pop_back();
        ++next.epoch;
        next.previous = hash_of(now);
        next.quorum = 2 * next.members.size() / 3 + 1;
    }
    EpochTransition transition;
    transition.record = next;
    const auto own = sign_epoch(next, node_.cosign_key()).value();
    for (const EpochMember& member : now.members) transition.signatures.push_back({member.slot, own});
    if (node_.random().chance(0.5)) {
        transition.signatures = {EpochSignature{node_.slot(), own}};
    }
    node_.world().note_lie(node_, "forged-epoch");
    const Bytes tx =
        node_.make_transaction(TxType::kEpoch, encode_epoch_transition(transition),
                               subject_of(transition), node_.tx_key());
    append_transaction(*block, tx);
    offer({seal(*block)}, others());
    for (const Slot peer : others()) {
        node_.send(peer, EpochSignatureMessage{hash_of(next), EpochSignature{node_.slot(), own}});
    }
}

// Proposes to remove an honest member and approves whatever other liars propose. What is proposed
// properly is no fault: nobody else approves.
void Byzantine::hostile_proposal() {
    const Chain& chain = node_.chain();
    const Member* self = chain.registry().find(node_.slot());
    if (self == nullptr || !self->is_active()) return;
    node_.world().note_lie(node_, "hostile-proposal");
    for (const ProposalEntry& entry : all_proposals(chain.state())) {
        (void)node_.submit(node_.make_transaction(TxType::kApprove, encode_approval(entry.leaf),
                                                  approval_subject(entry.leaf), node_.root_key()));
    }
    Proposal proposal;
    proposal.change.kind = ChangeKind::kRemove;
    proposal.change.slot = others()[node_.random().below(others().size())];
    proposal.expires = chain.tip().height + 500;
    (void)node_.submit(node_.make_transaction(TxType::kPropose, encode_proposal(proposal),
                                              subject_of(proposal), node_.root_key()));
}

// A block with a certificate that is none: of one vote, of votes nobody gave, for a block elsewhere,
// from another source, or of a block that is justified already.
void Byzantine::forged_certificate() {
    const Chain& chain = node_.chain();
    auto block = chain.make_template(node_.slot(), node_.wall());
    const auto vote = vote_for(chain.tip().id);
    if (!block || !vote) return;
    const auto own = sign_vote(*vote, chain.chain_id(), node_.vote_key()).value();
    Certificate forged;
    forged.link = own.link;
    forged.votes = {CertificateVote{own.slot, own.signature}};
    switch (node_.random().below(5)) {
        case 0:
            break;
        case 1:
            forged.votes.clear();
            for (const EpochMember& member : chain.epoch().record().members) {
                forged.votes.push_back(CertificateVote{member.slot, own.signature});
            }
            break;
        case 2:
            forged.link.target.id.bytes[4] ^= std::byte{1};
            break;
        case 3:
            forged.link.source = ChainPoint{0, *chain.id_at(0)};
            break;
        default: {
            const auto known = chain.newest_certificates();
            if (known.empty()) return;
            forged = known.front();
        }
    }
    node_.world().note_lie(node_, "forged-certificate");
    auto coinbase = decode_coinbase(block->txs[0]).value();
    coinbase.ext = encode_extension(forged);
    block->txs[0] = encode_coinbase(coinbase);
    commit(*block);
    offer({seal(*block)}, others());
}

// Two votes of another that do not contradict each other, handed in as if they did.
void Byzantine::false_evidence() {
    if (node_.duties() == nullptr) return;
    for (const Slot slot : others()) {
        const auto votes = node_.duties()->votes().of(slot);
        if (votes.size() < 2 || votes[0].epoch != votes[1].epoch) continue;
        auto block = node_.chain().make_template(node_.slot(), node_.wall());
        if (!block) return;
        node_.world().note_lie(node_, "false-evidence");
        const Evidence evidence{votes[0], votes[1]};
        append_transaction(*block,
                           node_.make_transaction(TxType::kEvidence, encode_evidence(evidence),
                                                  subject_of(evidence), node_.tx_key()));
        offer({seal(*block)}, others());
        return;
    }
}

}  // namespace assay::sim
