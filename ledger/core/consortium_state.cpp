#include "ledger/core/consortium_state.hpp"

#include <algorithm>

#include "ledger/core/governance_state.hpp"
#include "ledger/core/state_value.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kSequenceBytes = 8;

Bytes key_of(char table, ByteView rest) {
    Bytes key = {static_cast<std::byte>(table)};
    append(key, rest);
    return key;
}

Bytes key_of(char table, const ReleaseKey& release) {
    Bytes key = key_of(table, release.vendor);
    append(key, release.device_class);
    append(key, as_bytes(release.component));
    return key;
}

Bytes policy_history_key(const Uuid& vendor, std::uint64_t version) {
    Bytes key = key_of('P', vendor);
    append_big_endian(key, version);
    return key;
}

// Component names hold no zero byte, so it ends them.
Bytes list_key(const ReleaseKey& release, std::uint64_t sequence) {
    Bytes key = key_of('l', release);
    key.push_back(std::byte{0});
    append_big_endian(key, sequence);
    return key;
}

Bytes cid_prefix(ByteView cid) {
    Bytes key = {std::byte{'i'}, static_cast<std::byte>(cid.size())};
    append(key, cid);
    return key;
}

std::optional<ReleaseKey> parse_list_key(ByteView key) {
    constexpr std::size_t kFixed = 1 + 16 + 16 + 1 + kSequenceBytes;
    if (key.size() <= kFixed) return std::nullopt;
    ReleaseKey out;
    std::copy_n(key.begin() + 1, 16, out.vendor.begin());
    std::copy_n(key.begin() + 17, 16, out.device_class.begin());
    out.component = std::string(as_text(key.subspan(33, key.size() - kFixed)));
    return out;
}

std::optional<ReleaseEntry> read_entry(const ReleaseKey& key, ByteView bytes) {
    StateValue value(bytes, 3);
    ReleaseEntry entry{key, value.hash<LeafHash>(), 0, 0};
    entry.log_index = value.number();
    entry.sequence = value.number();
    return value.is_good() ? std::optional(std::move(entry)) : std::nullopt;
}

std::optional<PolicyEntry> read_policy(ByteView bytes) {
    StateValue value(bytes, 4);
    PolicyEntry entry;
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    entry.owner = static_cast<Slot>(value.number());
    auto policy = decode_vendor_policy(value.bytes());
    if (!value.is_good() || !policy) return std::nullopt;
    entry.policy = *std::move(policy);
    return entry;
}

std::optional<RecallEntry> read_recall(ByteView bytes) {
    StateValue value(bytes, 3);
    RecallEntry entry;
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    const auto recall = decode_recall(value.bytes());
    if (!value.is_good() || !recall) return std::nullopt;
    entry.recall = *recall;
    return entry;
}

std::optional<StatusEntry> read_status(const std::optional<Bytes>& bytes) {
    if (!bytes) return std::nullopt;
    StateValue value(*bytes, 3);
    StatusEntry entry;
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    auto status = decode_status(value.bytes());
    if (!value.is_good() || !status) return std::nullopt;
    entry.status = *std::move(status);
    return entry;
}

Bytes slot_bytes(Slot slot) {
    return {static_cast<std::byte>(slot >> 8), static_cast<std::byte>(slot & 0xff)};
}

Bytes anchor_key(char table, const ChainId& chain, Slot slot) {
    Bytes key = key_of(table, chain.view());
    append(key, slot_bytes(slot));
    return key;
}

std::optional<AnchorEntry> read_anchor(Slot slot, ByteView bytes) {
    StateValue value(bytes, 3);
    AnchorEntry entry;
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    entry.slot = slot;
    auto anchor = decode_ledger_anchor(value.bytes());
    if (!value.is_good() || !anchor) return std::nullopt;
    entry.anchor = *std::move(anchor);
    return entry;
}

void visit_anchors(const StateView& state,
                   const Bytes& prefix,
                   const std::function<bool(const AnchorEntry&)>& visit) {
    state.for_each(prefix, [&](ByteView key, ByteView value) {
        const ByteView slot = key.last(2);
        const auto entry = read_anchor(
            static_cast<Slot>(std::to_integer<unsigned>(slot[0]) << 8U |
                              std::to_integer<unsigned>(slot[1])),
            value);
        return !entry || visit(*entry);
    });
}

// What is recorded of a release under its name.
struct NamedRelease {
    ReleaseEntry entry;
    std::vector<Bytes> key_ids;  // of its signatures
};

std::optional<NamedRelease> read_named(const StateView& state, const LeafHash& leaf) {
    const auto bytes = state.get(key_of('n', leaf.view()));
    if (!bytes) return std::nullopt;
    StateValue value(*bytes, 6);
    NamedRelease named;
    named.entry.leaf = leaf;
    named.entry.key.vendor = value.array<16>();
    named.entry.key.device_class = value.array<16>();
    named.entry.key.component = value.text();
    named.entry.sequence = value.number();
    named.entry.log_index = value.number();
    const std::size_t count = value.list(8);
    for (std::size_t i = 0; i < count; ++i) named.key_ids.push_back(value.bytes());
    return value.is_good() ? std::optional(std::move(named)) : std::nullopt;
}

std::vector<LeafHash> leaves_under(const StateView& state, const Bytes& prefix) {
    std::vector<LeafHash> leaves;
    state.for_each(prefix, [&](ByteView key, ByteView) {
        leaves.push_back(LeafHash::from(key.last(32)));
        return true;
    });
    return leaves;
}

bool passes(const ReleaseEntry& entry, const ReleaseFilter& filter) {
    const auto matches = [](const auto& wanted, const auto& value) {
        return !wanted || *wanted == value;
    };
    return matches(filter.vendor, entry.key.vendor) &&
           matches(filter.device_class, entry.key.device_class) &&
           matches(filter.component, entry.key.component) &&
           matches(filter.sequence, entry.sequence);
}

// As much of the keys' beginning as the filter pins down.
Bytes prefix_of(const ReleaseFilter& filter) {
    Bytes prefix = {std::byte{'l'}};
    if (!filter.vendor) return prefix;
    append(prefix, *filter.vendor);
    if (!filter.device_class) return prefix;
    append(prefix, *filter.device_class);
    if (!filter.component) return prefix;
    append(prefix, as_bytes(*filter.component));
    prefix.push_back(std::byte{0});
    if (filter.sequence) append_big_endian(prefix, *filter.sequence);
    return prefix;
}

// [leaf, log index, body]
Bytes entry_value(const Transaction& tx, LogIndex index) {
    cbor::Encoder out;
    out.array(3).bytes(tx.leaf.view()).unsigned_int(index).bytes(tx.body.body);
    return out.take();
}

}  // namespace

std::optional<PolicyEntry> find_policy(const StateView& state, const Uuid& vendor) {
    const auto value = state.get(key_of('p', vendor));
    return value ? read_policy(*value) : std::nullopt;
}

std::optional<PolicyEntry> policy_before(const StateView& state,
                                         const Uuid& vendor,
                                         LogIndex index) {
    std::optional<PolicyEntry> found;
    state.for_each(key_of('P', vendor), [&](ByteView, ByteView value) {
        auto entry = read_policy(value);
        if (!entry || entry->log_index >= index) return false;  // versions rise with the log
        found = std::move(entry);
        return true;
    });
    return found;
}

void for_each_policy(const StateView& state, const std::function<bool(const PolicyEntry&)>& visit) {
    state.for_each(Bytes{std::byte{'p'}}, [&visit](ByteView, ByteView value) {
        const auto entry = read_policy(value);
        return !entry || visit(*entry);
    });
}

std::optional<ReleaseEntry> newest_release(const StateView& state, const ReleaseKey& key) {
    const auto value = state.get(key_of('r', key));
    return value ? read_entry(key, *value) : std::nullopt;
}

std::optional<ReleaseEntry> find_release_entry(const StateView& state, const LeafHash& leaf) {
    auto named = read_named(state, leaf);
    return named ? std::optional(std::move(named->entry)) : std::nullopt;
}

void for_each_release(const StateView& state,
                      const ReleaseFilter& filter,
                      const std::function<bool(const ReleaseEntry&)>& visit) {
    state.for_each(prefix_of(filter), [&](ByteView key, ByteView value) {
        const auto release = parse_list_key(key);
        const auto entry = release ? read_entry(*release, value) : std::nullopt;
        return !entry || !passes(*entry, filter) || visit(*entry);
    });
}

void for_each_release(const StateView& state,
                      const std::function<bool(const ReleaseEntry&)>& visit) {
    for_each_release(state, ReleaseFilter{}, visit);
}

std::vector<LeafHash> releases_with_digest(const StateView& state, const Sha256Digest& digest) {
    return leaves_under(state, key_of('d', digest.view()));
}

std::vector<LeafHash> releases_with_cid(const StateView& state, ByteView cid) {
    return leaves_under(state, cid_prefix(cid));
}

std::optional<RecallEntry> find_recall(const StateView& state, const LeafHash& release) {
    const auto value = state.get(key_of('x', release.view()));
    return value ? read_recall(*value) : std::nullopt;
}

void for_each_recall(const StateView& state, const std::function<bool(const RecallEntry&)>& visit) {
    state.for_each(Bytes{std::byte{'x'}}, [&visit](ByteView, ByteView value) {
        const auto entry = read_recall(value);
        return !entry || visit(*entry);
    });
}

std::optional<StatusEntry> newest_status(const StateView& state, const ReleaseKey& key) {
    return read_status(state.get(key_of('s', key)));
}

std::optional<StatusEntry> status_below(const StateView& state,
                                        const ReleaseKey& key,
                                        LogIndex log_size) {
    for (const char table : {'s', 'S'}) {
        auto entry = read_status(state.get(key_of(table, key)));
        if (entry && entry->log_index < log_size) return entry;
    }
    return std::nullopt;
}

std::optional<AnchorEntry> newest_anchor(const StateView& state, const ChainId& chain, Slot slot) {
    const auto value = state.get(anchor_key('a', chain, slot));
    return value ? read_anchor(slot, *value) : std::nullopt;
}

void for_each_anchor(const StateView& state, const std::function<bool(const AnchorEntry&)>& visit) {
    visit_anchors(state, Bytes{std::byte{'a'}}, visit);
}

std::vector<AnchorEntry> anchors_of(const StateView& state, const ChainId& chain) {
    std::vector<AnchorEntry> anchors;
    for (const char table : {'a', 'A'}) {
        visit_anchors(state, key_of(table, chain.view()), [&](const AnchorEntry& entry) {
            anchors.push_back(entry);
            return true;
        });
    }
    return anchors;
}

std::optional<BlockHeight> last_anchor_valid_until(const StateView& state, Slot slot) {
    const auto bytes = state.get(key_of('q', slot_bytes(slot)));
    if (!bytes) return std::nullopt;
    StateValue value(*bytes, 1);
    const auto height = static_cast<BlockHeight>(value.number());
    return value.is_good() ? std::optional(height) : std::nullopt;
}

std::optional<SigningKeyRevoked> signing_key_revoked(const StateView& state,
                                                     const LeafHash& release) {
    const auto named = read_named(state, release);
    if (!named) return std::nullopt;
    std::optional<SigningKeyRevoked> found;
    for (const Bytes& id : named->key_ids) {
        crypto::KeyId key{};
        if (id.size() != key.size()) continue;
        std::ranges::copy(id, key.begin());
        const auto revoked = find_revocation(state, key);
        if (!revoked) continue;
        const bool tainted = named->entry.log_index >= revoked->since;
        if (!found || tainted) found = {revoked->leaf, revoked->revoked_at, tainted};
        if (tainted) break;
    }
    return found;
}

void put_policy(StateWriter& state,
                const Transaction& tx,
                LogIndex index,
                const VendorPolicy& policy) {
    cbor::Encoder out;
    out.array(4).bytes(tx.leaf.view()).unsigned_int(index);
    out.unsigned_int(tx.body.slot).bytes(tx.body.body);
    const Bytes value = out.take();
    state.put(key_of('p', policy.vendor), value);
    state.put(policy_history_key(policy.vendor, policy.version), value);
}

void put_release(StateWriter& state,
                 const Transaction& tx,
                 LogIndex index,
                 const ReleaseRecord& release) {
    const ReleaseKey key{release.vendor, release.device_class, release.component};
    cbor::Encoder out;
    out.array(3).bytes(tx.leaf.view()).unsigned_int(index).unsigned_int(release.sequence);
    const Bytes value = out.take();
    state.put(key_of('r', key), value);
    state.put(list_key(key, release.sequence), value);

    cbor::Encoder named;
    named.array(6).bytes(release.vendor).bytes(release.device_class).text(release.component);
    named.unsigned_int(release.sequence).unsigned_int(index).array(tx.signatures.size());
    for (const crypto::CoseSignature& signature : tx.signatures) named.bytes(signature.key_id);
    state.put(key_of('n', tx.leaf.view()), named.take());

    for (const ReleaseImage& image : release.images) {
        Bytes digest_key = key_of('d', image.sha256.view());
        append(digest_key, tx.leaf.view());
        state.put(digest_key, {});
        Bytes cid_key = cid_prefix(image.cid);
        append(cid_key, tx.leaf.view());
        state.put(cid_key, {});
    }
}

void put_recall(StateWriter& state,
                const Transaction& tx,
                LogIndex index,
                const LeafHash& release) {
    state.put(key_of('x', release.view()), entry_value(tx, index));
}

void put_status(StateWriter& state, const Transaction& tx, LogIndex index, const ReleaseKey& key) {
    if (const auto before = state.get(key_of('s', key))) state.put(key_of('S', key), *before);
    state.put(key_of('s', key), entry_value(tx, index));
}

void put_anchor(StateWriter& state,
                const Transaction& tx,
                LogIndex index,
                const LedgerAnchor& anchor) {
    const Bytes newest = anchor_key('a', anchor.chain_id, tx.body.slot);
    if (const auto before = state.get(newest)) {
        state.put(anchor_key('A', anchor.chain_id, tx.body.slot), *before);
    }
    cbor::Encoder out;
    out.array(3).bytes(tx.leaf.view()).unsigned_int(index).bytes(encode_ledger_anchor(anchor));
    state.put(newest, out.take());
    cbor::Encoder last;
    last.array(1).unsigned_int(tx.body.valid_until);
    state.put(key_of('q', slot_bytes(tx.body.slot)), last.take());
}

}  // namespace assay::ledger
