#include "ledger/core/vendor_policy.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kKeysMax = 8;
constexpr std::size_t kDelegationsMax = 16;

Result<PolicyKey> read_key(cbor::Decoder& decoder) {
    PolicyKey entry;
    Fields map(decoder, "policy-key");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                entry.slot = map.slot();
                break;
            case 2:
                entry.key = map.public_key();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(entry), {1, 2});
}

Result<Delegation> read_delegation(cbor::Decoder& decoder) {
    Delegation delegation;
    Fields map(decoder, "delegation");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                delegation.signer = map.take(read_key(decoder)).value_or(PolicyKey{});
                break;
            case 2:
                delegation.components = map.texts(16, 64);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(delegation), {1, 2});
}

bool ascending_slots(const std::vector<PolicyKey>& keys) {
    return std::adjacent_find(keys.begin(), keys.end(), [](const PolicyKey& a, const PolicyKey& b) {
               return a.slot >= b.slot;
           }) == keys.end();
}

Result<VendorPolicy> read_policy(cbor::Decoder& decoder) {
    VendorPolicy policy;
    Fields map(decoder, "vendor-policy");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                policy.vendor = map.uuid();
                break;
            case 2:
                policy.version = map.positive();
                break;
            case 3:
                policy.keys = map.list(1, kKeysMax, read_key);
                break;
            case 4:
                policy.threshold = map.positive(kKeysMax);
                break;
            case 5:
                policy.delegations = map.list(1, kDelegationsMax, read_delegation);
                break;
            case 6:
                policy.status_keys = map.list(1, kKeysMax, read_key);
                break;
            default:
                map.unknown();
        }
    }
    if (!ascending_slots(policy.keys) || !ascending_slots(policy.status_keys)) {
        map.refuse(Refusal::kMalformed, "keys are not in ascending order of slots");
    }
    if (policy.threshold > policy.keys.size()) {
        map.refuse(Refusal::kMalformed, "the threshold is above the number of keys");
    }
    return map.finish(std::move(policy), {1, 2, 3, 4});
}

void put_key(cbor::Encoder& out, const PolicyKey& entry) {
    out.map(2).unsigned_int(1).unsigned_int(entry.slot).unsigned_int(2);
    encode_public_key(out, entry.key);
}

void put_keys(cbor::Encoder& out, const std::vector<PolicyKey>& keys) {
    out.array(keys.size());
    for (const PolicyKey& entry : keys) put_key(out, entry);
}

}  // namespace

Bytes encode_vendor_policy(const VendorPolicy& policy) {
    cbor::Encoder out;
    out.map(4 + std::size_t{!policy.delegations.empty()} +
            std::size_t{!policy.status_keys.empty()});
    out.unsigned_int(1).bytes(policy.vendor);
    out.unsigned_int(2).unsigned_int(policy.version);
    put_keys(out.unsigned_int(3), policy.keys);
    out.unsigned_int(4).unsigned_int(policy.threshold);
    if (!policy.delegations.empty()) {
        out.unsigned_int(5).array(policy.delegations.size());
        for (const Delegation& delegation : policy.delegations) {
            put_key(out.map(2).unsigned_int(1), delegation.signer);
            out.unsigned_int(2).array(delegation.components.size());
            for (const std::string& name : delegation.components) out.text(name);
        }
    }
    if (!policy.status_keys.empty()) put_keys(out.unsigned_int(6), policy.status_keys);
    return out.take();
}

Result<VendorPolicy> decode_vendor_policy(ByteView input) {
    return decode_whole(input, read_policy);
}

std::string subject_of(const VendorPolicy& policy) {
    return "vendor-policy/" + to_hex(policy.vendor);
}

bool may_sign(const Delegation& delegation, std::string_view component) noexcept {
    const auto matches = [component](std::string_view pattern) {
        if (!pattern.ends_with('*')) return pattern == component;
        pattern.remove_suffix(1);
        return component.starts_with(pattern);
    };
    return std::any_of(delegation.components.begin(), delegation.components.end(), matches);
}

}  // namespace assay::ledger
