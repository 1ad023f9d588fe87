#include "ledger/core/governance.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

constexpr BlockHeight kProposalBlocksMax = 40'320;  // a week at 15 s a block

std::string text_of(Slot slot) { return "slot " + std::to_string(slot); }

Result<void> check_subject(const Transaction& tx, const std::string& expected) {
    if (is_on(Rule::kM1) && tx.subject != expected) {
        return fail(Refusal::kMalformed, "the subject is not that of the body: " + expected);
    }
    return {};
}

// M2 of what a member decides: with the key that it keeps offline.
Result<void> check_root_signature(const Transaction& tx, const TxContext& context) {
    const Member* signer = context.registry.find(tx.body.slot);
    if (signer == nullptr) return fail(Refusal::kSignerUnknown, text_of(tx.body.slot));
    auto verified = verify_single_signature(tx, signer->root);
    if (is_on(Rule::kM2) && !verified) {
        return fail(std::move(verified).error().within("governance is signed with the root key"));
    }
    return {};
}

bool is_node(const Registry& registry, Slot slot) { return registry.find_node(slot) != nullptr; }

// Whether the change alters what an epoch's record says, now or after any of the changes that wait:
// then it waits for an epoch of its own. `members`: now, and after each of those.
bool needs_epoch(const RegistryChange& change, const std::vector<Registry>& members) {
    const auto has_node = [&](const Registry& each) { return is_node(each, change.slot); };
    const bool was_node = std::ranges::any_of(members, has_node);
    switch (change.kind) {
        case ChangeKind::kAddMember: {
            const auto member = decode_member_card(change.card);
            return member && member->has(Role::kNode);
        }
        case ChangeKind::kRemove:
        case ChangeKind::kRecoverKey:
            return was_node;
        case ChangeKind::kSetRoles: {
            const bool will_be = (change.roles & static_cast<std::uint32_t>(Role::kNode)) != 0;
            return will_be ? !std::ranges::all_of(members, has_node) : was_node;
        }
        case ChangeKind::kRotateKey:
            return was_node && change.purpose != KeyPurpose::kTx &&
                   change.purpose != KeyPurpose::kTls;
        case ChangeKind::kSetParam:
            break;
    }
    return false;
}

// Of a member to be added: above those that wait for theirs, too.
Slot free_slot(const Registry& later) {
    return static_cast<Slot>(later.members().back().slot + 1);
}

// The members now, and after each of the changes that wait.
Result<std::vector<Registry>> apply_each(Registry registry,
                                         const std::vector<PendingChange>& pending) {
    std::vector<Registry> members;
    members.push_back(std::move(registry));
    for (const PendingChange& next : pending) {
        auto changed = apply_change(members.back(), next.change);
        if (!changed) return fail(std::move(changed).error());
        members.push_back(*std::move(changed));
    }
    return members;
}

// M8: possible now, or in its turn, and nothing that waits becomes impossible.
Result<void> check_possible(RegistryChange change,
                            const StateView& state,
                            const Registry& registry) {
    if (!is_on(Rule::kM8)) return {};
    const auto pending = pending_changes(state);
    const auto members = apply_each(registry, pending);
    if (!members) return fail(Error(members.error()));
    if (change.kind == ChangeKind::kAddMember) change.slot = free_slot(members->back());
    const bool waits = needs_epoch(change, *members);
    auto changed = apply_change(waits ? members->back() : registry, change);
    if (!changed) return fail(std::move(changed).error());
    if (waits) return {};
    auto after = apply_each(*std::move(changed), pending);
    if (!after) return fail(std::move(after).error().within("after the changes that are pending"));
    return {};
}

// S8: one vote per node, whoever else is a member.
bool has_quorum(const std::vector<Slot>& approvals, const Registry& registry) {
    const auto votes =
        std::ranges::count_if(approvals, [&](Slot slot) { return is_node(registry, slot); });
    return static_cast<std::size_t>(votes) >= registry.quorum();
}

Result<void> check_proposal(const Transaction& tx,
                            const StateView& state,
                            const TxContext& context) {
    const auto proposal = decode_proposal(tx.body.body);
    if (!proposal) return fail(proposal.error());
    if (auto r = check_subject(tx, subject_of(*proposal)); !r) return r;
    if (auto r = check_root_signature(tx, context); !r) return r;
    if (is_on(Rule::kM3) && (proposal->expires <= context.height ||
                             proposal->expires - context.height > kProposalBlocksMax)) {
        return fail(Refusal::kProposalExpired,
                    "the proposal ends at height " + std::to_string(proposal->expires) +
                        "; it must be 1 to " + std::to_string(kProposalBlocksMax) + " above " +
                        std::to_string(context.height));
    }
    // If one has ended, make_room() takes that one out.
    const auto own = proposals_of(state, tx.body.slot);
    const bool has_room =
        own.size() < kProposalsPerMemberMax || own.front().expires <= context.height;
    if (is_on(Rule::kM4) && !has_room) {
        return fail(Refusal::kTooManyProposals, text_of(tx.body.slot));
    }
    return check_possible(proposal->change, state, context.registry);
}

Result<void> check_approval(const Transaction& tx,
                            const StateView& state,
                            const TxContext& context) {
    const auto leaf = decode_approval(tx.body.body);
    if (!leaf) return fail(leaf.error());
    if (auto r = check_subject(tx, approval_subject(*leaf)); !r) return r;
    if (auto r = check_root_signature(tx, context); !r) return r;
    if (is_on(Rule::kM5) && !is_node(context.registry, tx.body.slot)) {
        return fail(Refusal::kSignerNotPermitted, "only members with NODE approve");
    }
    auto entry = find_proposal(state, *leaf);
    if (!entry) {
        return fail(Refusal::kProposalUnknown, "no open proposal " + to_hex(leaf->view()));
    }
    if (is_on(Rule::kM6) && context.height >= entry->proposal.expires) {
        return fail(Refusal::kProposalExpired,
                    "the proposal ended at height " + std::to_string(entry->proposal.expires));
    }
    if (is_on(Rule::kM7) && std::ranges::binary_search(entry->approvals, tx.body.slot)) {
        return fail(Refusal::kAlreadyApproved, text_of(tx.body.slot));
    }
    return check_possible(entry->proposal.change, state, context.registry);
}

Result<void> check_rotation(const Transaction& tx,
                            const StateView& state,
                            const TxContext& context) {
    const auto change = decode_change(tx.body.body);
    if (!change) return fail(change.error());
    if (change->kind != ChangeKind::kRotateKey || change->slot != tx.body.slot) {
        return fail(Refusal::kMalformed, "a member rotates its own keys, nothing else");
    }
    if (auto r = check_subject(tx, rotation_subject(*change)); !r) return r;
    if (auto r = check_root_signature(tx, context); !r) return r;
    if (is_on(Rule::kM15) && !is_possession_proved(*change, context.chain_id)) {
        return fail(Refusal::kSignatureInvalid, "the new key has not signed its own rotation");
    }
    const auto pending = pending_changes(state);
    const bool waits = std::ranges::any_of(pending, [&](const PendingChange& next) {
        return next.change.kind == change->kind && next.change.slot == change->slot &&
               next.change.purpose == change->purpose;
    });
    if (is_on(Rule::kM14) && waits) {
        return fail(Refusal::kChangeNotPossible, "a rotation of that key waits for its epoch");
    }
    return check_possible(*change, state, context.registry);
}

Result<void> check_revocation(const Transaction& tx,
                              const StateView& state,
                              const TxContext& context) {
    const auto revocation = decode_revocation(tx.body.body);
    if (!revocation) return fail(revocation.error());
    if (auto r = check_subject(tx, subject_of(*revocation)); !r) return r;
    if (auto r = check_root_signature(tx, context); !r) return r;
    const Member* signer = context.registry.find(tx.body.slot);
    const bool is_own = signer != nullptr && (crypto::key_id(signer->tx) == revocation->key ||
                                              former_owner(state, revocation->key) == signer->slot);
    if (is_on(Rule::kM9) && !is_own) {
        return fail(Refusal::kSignerUnknown,
                    "the key is not, and was not, the tx key of " + text_of(tx.body.slot) +
                        "; other keys are replaced with `assay member rotate`");
    }
    if (is_on(Rule::kM9) && find_revocation(state, revocation->key)) {
        return fail(Refusal::kKeyRevoked, "the key is revoked already");
    }
    if (is_on(Rule::kM10) &&
        revocation->compromised_since.value_or(UINT64_MAX) < context.final_log_size) {
        return fail(Refusal::kRevocationBackdated,
                    "compromised since log entry " +
                        std::to_string(*revocation->compromised_since) + ", but the first " +
                        std::to_string(context.final_log_size) + " are final");
    }
    return {};
}

Result<void> check_epoch(const Transaction& tx, const StateView& state, const TxContext& context) {
    const auto transition = decode_epoch_transition(tx.body.body);
    if (!transition) return fail(transition.error());
    if (auto r = check_subject(tx, subject_of(*transition)); !r) return r;
    const Member* signer = context.registry.find_node(tx.body.slot);
    if (is_on(Rule::kM2)) {
        if (signer == nullptr) {
            return fail(Refusal::kSignerNotPermitted, "epoch: the signer is no node");
        }
        if (auto r = verify_single_signature(tx, signer->tx); !r) return r;
    }
    const auto current = current_epoch(state);
    if (!current) return fail(Refusal::kEpochUnknown, "the state knows no epoch");
    if (auto r = check_epoch_transition(*transition, *current); is_on(Rule::kM12) && !r) return r;
    const auto due = due_epoch(state);
    if (is_on(Rule::kM13) && (!due || due->record != transition->record)) {
        return fail(Refusal::kEpochUnknown,
                    due ? "epoch: not what the oldest pending change makes of the members"
                        : "epoch: no change is pending");
    }
    return {};
}

// Writes what differs; a tx key that is replaced stays known as its owner's.
void put_changes(StateWriter& state, const Registry& before, const Registry& after) {
    for (const Member& member : after.members()) {
        const Member* old = before.find(member.slot);
        if (old != nullptr && *old == member) continue;
        put_member(state, member);
        if (old != nullptr && old->tx != member.tx) {
            put_former_key(state, crypto::key_id(old->tx), member.slot);
        }
    }
}

// Now, or in its turn by an epoch.
void make_change(const RegistryChange& change,
                 const LeafHash& leaf,
                 LogIndex index,
                 StateWriter& state) {
    if (change.kind == ChangeKind::kSetParam) return put_param(state, change.param, change.value);
    const auto registry = load_registry(state);
    if (!registry) return;
    const auto members = apply_each(*registry, pending_changes(state));
    if (!members) return;
    PendingChange pending{index, leaf, change};
    if (change.kind == ChangeKind::kAddMember) {
        pending.change.slot = free_slot(members->back());
    }
    if (needs_epoch(change, *members)) return put_pending(state, pending);
    if (const auto changed = apply_change(*registry, pending.change)) {
        put_changes(state, *registry, *changed);
    }
}

// The approval of a proposal by one more member, its proposer's being the first.
void approve(ProposalEntry entry,
             Slot slot,
             const LeafHash& leaf,
             LogIndex index,
             StateWriter& state) {
    entry.approvals.insert(std::ranges::upper_bound(entry.approvals, slot), slot);
    const auto registry = load_registry(state);
    if (!registry || !has_quorum(entry.approvals, *registry)) return put_proposal(state, entry);
    erase_proposal(state, entry.proposer, entry.leaf);
    make_change(entry.proposal.change, leaf, index, state);
}

// For one more: the state keeps few of each member, so that nobody makes it grow for all.
void make_room(Slot proposer, StateWriter& state) {
    const auto own = proposals_of(state, proposer);
    if (own.size() >= kProposalsPerMemberMax) erase_proposal(state, proposer, own.front().leaf);
}

void begin_epoch(const EpochTransition& transition,
                 const LeafHash& leaf,
                 LogIndex index,
                 StateWriter& state) {
    const auto due = due_epoch(state);
    const auto registry = load_registry(state);
    if (!due || !registry) return;
    if (const auto changed = apply_change(*registry, due->cause.change)) {
        put_changes(state, *registry, *changed);
    }
    erase_pending(state, due->cause.order);
    put_epoch(state, transition, leaf, index);
}

}  // namespace

bool is_governance_kept(TxType type) noexcept {
    return type == TxType::kRevokeKey || type == TxType::kEpoch;
}

bool is_governance(TxType type) noexcept {
    return type == TxType::kPropose || type == TxType::kApprove || type == TxType::kRotateKey ||
           type == TxType::kRevokeKey || type == TxType::kEpoch;
}

Result<void> check_governance(const Transaction& tx,
                              const StateView& state,
                              const TxContext& context) {
    switch (tx.body.type) {
        case TxType::kPropose:
            return check_proposal(tx, state, context);
        case TxType::kApprove:
            return check_approval(tx, state, context);
        case TxType::kRotateKey:
            return check_rotation(tx, state, context);
        case TxType::kRevokeKey:
            return check_revocation(tx, state, context);
        default:
            return check_epoch(tx, state, context);
    }
}

void apply_governance(const Transaction& tx, LogIndex index, StateWriter& state) {
    switch (tx.body.type) {
        case TxType::kPropose: {
            make_room(tx.body.slot, state);
            ProposalEntry entry;
            entry.leaf = tx.leaf;
            entry.log_index = index;
            entry.proposer = tx.body.slot;
            entry.proposal = decode_proposal(tx.body.body).value();
            return approve(std::move(entry), tx.body.slot, tx.leaf, index, state);
        }
        case TxType::kApprove: {
            const auto leaf = decode_approval(tx.body.body);
            auto entry = find_proposal(state, *leaf);
            if (entry) approve(*std::move(entry), tx.body.slot, tx.leaf, index, state);
            return;
        }
        case TxType::kRotateKey:
            return make_change(decode_change(tx.body.body).value(), tx.leaf, index, state);
        case TxType::kRevokeKey: {
            const auto revocation = decode_revocation(tx.body.body);
            const LogIndex since = std::min(revocation->compromised_since.value_or(index), index);
            return put_revocation(state, revocation->key, {tx.body.slot, index, since, tx.leaf});
        }
        default:
            return begin_epoch(decode_epoch_transition(tx.body.body).value(), tx.leaf, index,
                               state);
    }
}

Result<void> check_keys_not_revoked(const Transaction& tx, const StateView& state) {
    if (!is_on(Rule::kM11)) return {};
    for (const crypto::CoseSignature& signature : tx.signatures) {
        if (const auto revoked = find_revocation(state, signature.key_id)) {
            return fail(Refusal::kKeyRevoked, "key " + to_hex(signature.key_id) + " of " +
                                                  text_of(revoked->slot) +
                                                  " was revoked; sign with its successor");
        }
    }
    return {};
}

}  // namespace assay::ledger
