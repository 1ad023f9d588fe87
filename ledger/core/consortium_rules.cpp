#include "ledger/core/consortium_rules.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/policy_check.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

Bytes policy_state_key(const Uuid& vendor) {
    Bytes key = {std::byte{'p'}};
    append(key, vendor);
    return key;
}

Bytes release_state_key(char first, const ReleaseKey& release) {
    Bytes key = {static_cast<std::byte>(first)};
    append(key, release.vendor);
    append(key, release.device_class);
    append(key, as_bytes(release.component));
    return key;
}

// Component names hold no zero byte, so it ends them; big-endian sequences sort by number.
Bytes list_state_key(const ReleaseKey& release, std::uint64_t sequence) {
    Bytes key = release_state_key('l', release);
    key.push_back(std::byte{0});
    for (int shift = 56; shift >= 0; shift -= 8) {
        key.push_back(static_cast<std::byte>((sequence >> shift) & 0xff));
    }
    return key;
}

ReleaseKey key_of(const ReleaseRecord& release) {
    return {release.vendor, release.device_class, release.component};
}

// Our own writing: anything unreadable is damage of the store, and reads as absent.
std::optional<ReleaseEntry> decode_entry(const ReleaseKey& key, ByteView value) {
    cbor::Decoder in(value);
    const auto items = in.array(3);
    const auto leaf = in.hash<LeafHash>();
    const auto index = in.unsigned_int();
    const auto sequence = in.unsigned_int();
    if (!items || *items != 3 || !leaf || !index || !sequence) return std::nullopt;
    return ReleaseEntry{key, *leaf, *index, *sequence};
}

std::optional<ReleaseKey> parse_list_key(ByteView key) {
    constexpr std::size_t kFixed = 1 + 16 + 16 + 1 + 8;
    if (key.size() <= kFixed) return std::nullopt;
    ReleaseKey out;
    std::copy_n(key.begin() + 1, 16, out.vendor.begin());
    std::copy_n(key.begin() + 17, 16, out.device_class.begin());
    out.component = std::string(as_text(key.subspan(33, key.size() - kFixed)));
    return out;
}

class ConsortiumRules final : public RuleSet {
  public:
    [[nodiscard]] Result<void> check(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) const override {
        switch (tx.body.type) {
            case TxType::kRelease:
                return check_release(tx, state, context);
            case TxType::kVendorPolicy:
                return check_policy(tx, state, context);
            default:
                return fail(Refusal::kUnknownType,
                            "transaction type " +
                                std::to_string(static_cast<std::uint64_t>(tx.body.type)) +
                                " is not known on the consortium ledger");
        }
    }

    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        if (tx.body.type == TxType::kVendorPolicy) {
            const auto policy = decode_vendor_policy(tx.body.body);
            cbor::Encoder value;
            value.array(4).bytes(tx.leaf.view()).unsigned_int(index);
            value.unsigned_int(tx.body.slot).bytes(tx.body.body);
            state.put(policy_state_key(policy->vendor), value.take());
            return;
        }
        const auto release = decode_release(tx.body.body);
        const ReleaseKey key = key_of(*release);
        cbor::Encoder encoder;
        encoder.array(3).bytes(tx.leaf.view()).unsigned_int(index).unsigned_int(release->sequence);
        const Bytes value = encoder.take();
        state.put(release_state_key('r', key), value);
        state.put(list_state_key(key, release->sequence), value);
    }

  private:
    static Result<void> check_release(const Transaction& tx,
                                      const StateView& state,
                                      const TxContext& context) {
        const auto release = decode_release(tx.body.body);
        if (!release) return fail(release.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*release)) {
            return fail(Refusal::kMalformed, "release: the subject is not that of the body");
        }
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kR6) &&
            (signer == nullptr || !(signer->has(Role::kOem) || signer->has(Role::kSupplier)))) {
            return fail(Refusal::kSignerNotPermitted,
                        "release: the signer is neither OEM nor supplier");
        }
        const auto entry = find_policy(state, release->vendor);
        if (!entry) {
            return fail(Refusal::kVendorPolicyMissing, "release: no policy covers vendor " +
                                                           to_hex(release->vendor) +
                                                           "; its OEM must publish one first");
        }
        if (auto r = release_policy_satisfied(tx, release->component, entry->policy);
            is_on(Rule::kR7) && !r) {
            return r;
        }
        if (is_on(Rule::kR7) && !signed_by_slot(tx, *signer)) {
            return fail(Refusal::kSignerUnknown, "release: the first signature is not the slot's");
        }
        const auto newest = newest_release(state, key_of(*release));
        if (is_on(Rule::kR8) && newest && release->sequence <= newest->sequence) {
            return fail(Refusal::kSequenceNotIncreasing,
                        "release: sequence " + std::to_string(release->sequence) +
                            " is not above " + std::to_string(newest->sequence));
        }
        return {};
    }

    static bool signed_by_slot(const Transaction& tx, const Member& member) {
        return tx.signatures.front().key_id == crypto::key_id(member.tx);
    }

    static Result<void> check_policy(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) {
        const auto policy = decode_vendor_policy(tx.body.body);
        if (!policy) return fail(policy.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*policy)) {
            return fail(Refusal::kMalformed, "vendor policy: the subject is not that of the body");
        }
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kR2) && (signer == nullptr || !signer->has(Role::kOem))) {
            return fail(Refusal::kSignerNotPermitted, "vendor policy: the signer is no OEM");
        }
        if (auto r = verify_single_signature(tx, signer->root); is_on(Rule::kR2) && !r) return r;
        if (auto r = check_keys(*policy, context.registry); is_on(Rule::kR3) && !r) return r;
        const auto entry = find_policy(state, policy->vendor);
        if (!entry) return {};
        if (is_on(Rule::kR4) && entry->owner != tx.body.slot) {
            return fail(Refusal::kVendorTaken, "vendor policy: the vendor id belongs to slot " +
                                                   std::to_string(entry->owner));
        }
        if (is_on(Rule::kR5) && policy->version <= entry->policy.version) {
            return fail(Refusal::kPolicyVersionNotIncreasing,
                        "vendor policy: version " + std::to_string(policy->version) +
                            " is not above " + std::to_string(entry->policy.version));
        }
        return {};
    }

    // Each key is the tx key of its slot, and the slot is one that may sign releases at all.
    static Result<void> check_keys(const VendorPolicy& policy, const Registry& registry) {
        std::vector<PolicyKey> entries = policy.keys;
        for (const Delegation& delegation : policy.delegations)
            entries.push_back(delegation.signer);
        for (const PolicyKey& entry : entries) {
            const Member* member = registry.find(entry.slot);
            if (member == nullptr || !member->is_active() || member->tx != entry.key) {
                return fail(Refusal::kSignerUnknown,
                            "vendor policy: not the tx key of slot " + std::to_string(entry.slot));
            }
            if (!member->has(Role::kOem) && !member->has(Role::kSupplier)) {
                return fail(Refusal::kSignerNotPermitted, "vendor policy: slot " +
                                                              std::to_string(entry.slot) +
                                                              " is neither OEM nor supplier");
            }
        }
        return {};
    }
};

}  // namespace

const RuleSet& consortium_rules() {
    static const ConsortiumRules kRules;
    return kRules;
}

std::optional<PolicyEntry> find_policy(const StateView& state, const Uuid& vendor) {
    const auto value = state.get(policy_state_key(vendor));
    if (!value) return std::nullopt;
    cbor::Decoder in(*value);
    const auto items = in.array(4);
    const auto leaf = in.hash<LeafHash>();
    const auto index = in.unsigned_int();
    const auto owner = in.unsigned_int(kSlotMax);
    const auto body = in.bytes(65'535);
    if (!items || *items != 4 || !leaf || !index || !owner || !body) return std::nullopt;
    auto policy = decode_vendor_policy(*body);
    if (!policy) return std::nullopt;
    return PolicyEntry{*leaf, *index, static_cast<Slot>(*owner), std::move(*policy)};
}

std::optional<ReleaseEntry> newest_release(const StateView& state, const ReleaseKey& key) {
    const auto value = state.get(release_state_key('r', key));
    if (!value) return std::nullopt;
    return decode_entry(key, *value);
}

void for_each_release(const StateView& state,
                      const std::function<bool(const ReleaseEntry&)>& visit) {
    const Bytes prefix = {std::byte{'l'}};
    state.for_each(prefix, [&visit](ByteView key, ByteView value) {
        const auto release = parse_list_key(key);
        if (!release) return true;
        const auto entry = decode_entry(*release, value);
        return !entry || visit(*entry);
    });
}

}  // namespace assay::ledger
