#include "ledger/core/governance_state.hpp"

#include <algorithm>

#include "ledger/core/state_value.hpp"

namespace assay::ledger {
namespace {

Bytes table(char second) { return {std::byte{'g'}, static_cast<std::byte>(second)}; }

Bytes key_of(char second, ByteView rest) {
    Bytes key = table(second);
    append(key, rest);
    return key;
}

Bytes key_of(char second, std::uint64_t number) {
    Bytes key = table(second);
    append_big_endian(key, number);
    return key;
}

Bytes proposals_prefix(Slot proposer) { return key_of('q', std::uint64_t{proposer}); }

Bytes proposal_end_key(Slot proposer, const LeafHash& leaf) {
    Bytes key = proposals_prefix(proposer);
    append(key, leaf.view());
    return key;
}

std::uint64_t number_in(ByteView key) {
    std::uint64_t number = 0;
    for (const std::byte b : key.subspan(2)) number = number << 8 | std::to_integer<unsigned>(b);
    return number;
}

std::vector<Slot> read_slots(StateValue& value) {
    std::vector<Slot> out;
    const std::size_t count = value.list(kMembersMax);
    for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<Slot>(value.number()));
    return out;
}

std::optional<EpochEntry> read_epoch(ByteView bytes) {
    StateValue value(bytes, 3);
    EpochEntry entry;
    entry.transition = value.bytes();
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    return value.is_good() ? std::optional(std::move(entry)) : std::nullopt;
}

std::optional<ProposalEntry> read_proposal(const LeafHash& leaf, ByteView bytes) {
    StateValue value(bytes, 4);
    ProposalEntry entry;
    entry.leaf = leaf;
    entry.log_index = value.number();
    entry.proposer = static_cast<Slot>(value.number());
    entry.approvals = read_slots(value);
    const auto proposal = decode_proposal(value.bytes());
    if (!value.is_good() || !proposal) return std::nullopt;
    entry.proposal = *proposal;
    return entry;
}

}  // namespace

void found_governance(const Genesis& genesis, const ChainId& chain_id, StateWriter& state) {
    for (const Member& member : genesis.members) put_member(state, member);
    const auto registry = Registry::make(genesis.members);
    if (!registry) return;
    const Bytes first = encode_epoch_record(first_epoch(chain_id, *registry));
    state.put(table('e'), first);
    state.put(table('0'), first);
    put_param(state, ChangeableParam::kEvidenceBlocksMax, genesis.params.evidence_blocks_max);
}

std::shared_ptr<const Registry> load_registry(const StateView& state) {
    std::vector<Member> members;
    state.for_each(table('m'), [&members](ByteView, ByteView value) {
        cbor::Decoder in(value);
        auto member = decode_member(in);
        if (member) members.push_back(*std::move(member));
        return member.has_value();
    });
    auto registry = Registry::make(std::move(members));
    return registry ? std::make_shared<const Registry>(*std::move(registry)) : nullptr;
}

std::optional<EpochRecord> current_epoch(const StateView& state) {
    const auto value = state.get(table('e'));
    if (!value) return std::nullopt;
    auto record = decode_epoch_record(*value);
    return record ? std::optional(*std::move(record)) : std::nullopt;
}

std::optional<EpochRecord> epoch_record(const StateView& state, std::uint64_t number) {
    if (number == 0) {
        const auto value = state.get(table('0'));
        if (!value) return std::nullopt;
        auto first = decode_epoch_record(*value);
        return first ? std::optional(*std::move(first)) : std::nullopt;
    }
    const auto entry = epoch_entry(state, number);
    if (!entry) return std::nullopt;
    const auto transition = decode_epoch_transition(entry->transition);
    return transition ? std::optional(transition->record) : std::nullopt;
}

std::uint64_t param_of(const StateView& state, ChangeableParam param, const ChainParams& genesis) {
    if (const auto value = state.get(key_of('s', static_cast<std::uint64_t>(param)))) {
        cbor::Decoder in(*value);
        if (const auto number = in.unsigned_int()) return *number;
    }
    return param == ChangeableParam::kStatusPeriod ? genesis.status_period_s
                                                   : genesis.evidence_blocks_max;
}

std::vector<PendingChange> pending_changes(const StateView& state) {
    std::vector<PendingChange> pending;
    state.for_each(table('c'), [&pending](ByteView key, ByteView bytes) {
        StateValue value(bytes, 3);
        PendingChange entry;
        entry.order = number_in(key);
        entry.leaf = value.hash<LeafHash>();
        const auto slot = static_cast<Slot>(value.number());
        auto change = decode_change(value.bytes());
        if (!value.is_good() || !change) return false;
        entry.change = *std::move(change);
        entry.change.slot = slot;
        pending.push_back(std::move(entry));
        return true;
    });
    return pending;
}

std::optional<DueEpoch> due_epoch(const StateView& state) {
    auto pending = pending_changes(state);
    if (pending.empty()) return std::nullopt;
    const auto current = current_epoch(state);
    const auto registry = load_registry(state);
    if (!current || !registry) return std::nullopt;
    DueEpoch due;
    due.cause = std::move(pending.front());
    const auto next = apply_change(*registry, due.cause.change);
    if (!next) return std::nullopt;  // rule M8 keeps this from happening
    due.record = next_epoch(*current, *next, due.cause.leaf);
    return due;
}

std::optional<EpochEntry> epoch_entry(const StateView& state, std::uint64_t number) {
    const auto value = state.get(key_of('E', number));
    return value ? read_epoch(*value) : std::nullopt;
}

std::optional<ProposalEntry> find_proposal(const StateView& state, const LeafHash& leaf) {
    const auto value = state.get(key_of('p', leaf.view()));
    return value ? read_proposal(leaf, *value) : std::nullopt;
}

std::vector<ProposalEntry> all_proposals(const StateView& state) {
    std::vector<ProposalEntry> entries;
    state.for_each(table('p'), [&entries](ByteView key, ByteView value) {
        auto entry = read_proposal(LeafHash::from(key.subspan(2)), value);
        if (entry) entries.push_back(*std::move(entry));
        return true;
    });
    return entries;
}

std::vector<ProposalEnd> proposals_of(const StateView& state, Slot proposer) {
    std::vector<ProposalEnd> ends;
    state.for_each(proposals_prefix(proposer), [&ends](ByteView key, ByteView value) {
        cbor::Decoder in(value);
        const auto expires = in.unsigned_int(UINT32_MAX);
        if (expires) {
            ends.push_back({static_cast<BlockHeight>(*expires), LeafHash::from(key.last(32))});
        }
        return true;
    });
    std::ranges::sort(ends);
    return ends;
}

std::optional<RevokedKey> find_revocation(const StateView& state, const crypto::KeyId& key) {
    const auto bytes = state.get(key_of('k', key));
    if (!bytes) return std::nullopt;
    StateValue value(*bytes, 4);
    RevokedKey revoked;
    revoked.slot = static_cast<Slot>(value.number());
    revoked.revoked_at = value.number();
    revoked.since = value.number();
    revoked.leaf = value.hash<LeafHash>();
    return value.is_good() ? std::optional(revoked) : std::nullopt;
}

std::optional<Slot> former_owner(const StateView& state, const crypto::KeyId& key) {
    const auto value = state.get(key_of('o', key));
    if (!value) return std::nullopt;
    cbor::Decoder in(*value);
    const auto slot = in.unsigned_int(kSlotMax);
    return slot ? std::optional(static_cast<Slot>(*slot)) : std::nullopt;
}

void put_member(StateWriter& state, const Member& member) {
    state.put(key_of('m', member.slot), encode_member(member));
}

void put_epoch(StateWriter& state,
               const EpochTransition& next,
               const LeafHash& leaf,
               LogIndex index) {
    state.put(table('e'), encode_epoch_record(next.record));
    cbor::Encoder out;
    out.array(3).bytes(encode_epoch_transition(next)).bytes(leaf.view()).unsigned_int(index);
    state.put(key_of('E', next.record.epoch), out.take());
}

void put_pending(StateWriter& state, const PendingChange& pending) {
    cbor::Encoder out;
    out.array(3).bytes(pending.leaf.view()).unsigned_int(pending.change.slot);
    out.bytes(encode_change(pending.change));
    state.put(key_of('c', pending.order), out.take());
}

void erase_pending(StateWriter& state, LogIndex order) { state.erase(key_of('c', order)); }

void put_proposal(StateWriter& state, const ProposalEntry& entry) {
    cbor::Encoder out;
    out.array(4).unsigned_int(entry.log_index).unsigned_int(entry.proposer);
    out.array(entry.approvals.size());
    for (const Slot slot : entry.approvals) out.unsigned_int(slot);
    out.bytes(encode_proposal(entry.proposal));
    state.put(key_of('p', entry.leaf.view()), out.take());
    cbor::Encoder end;
    end.unsigned_int(entry.proposal.expires);
    state.put(proposal_end_key(entry.proposer, entry.leaf), end.take());
}

void erase_proposal(StateWriter& state, Slot proposer, const LeafHash& leaf) {
    state.erase(key_of('p', leaf.view()));
    state.erase(proposal_end_key(proposer, leaf));
}

void put_former_key(StateWriter& state, const crypto::KeyId& key, Slot slot) {
    cbor::Encoder out;
    out.unsigned_int(slot);
    state.put(key_of('o', key), out.take());
}

void put_revocation(StateWriter& state, const crypto::KeyId& key, const RevokedKey& revoked) {
    cbor::Encoder out;
    out.array(4).unsigned_int(revoked.slot).unsigned_int(revoked.revoked_at);
    out.unsigned_int(revoked.since).bytes(revoked.leaf.view());
    state.put(key_of('k', key), out.take());
}

void put_param(StateWriter& state, ChangeableParam param, std::uint64_t value) {
    cbor::Encoder out;
    out.unsigned_int(value);
    state.put(key_of('s', static_cast<std::uint64_t>(param)), out.take());
}

}  // namespace assay::ledger
