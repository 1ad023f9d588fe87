// The vendor policy (docs/formats.md, section 6): who may sign releases for one vendor's devices.
// Signed by the OEM's root key; members apply it as consensus rule, devices check it again. Pure.

#pragma once

#include <string>
#include <vector>

#include "host/base/cbor.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::ledger {

struct PolicyKey {
    Slot slot = 0;  // the member that holds the key
    crypto::PublicKey key;
    friend bool operator==(const PolicyKey&, const PolicyKey&) = default;
};

struct Delegation {
    PolicyKey signer;
    std::vector<std::string> components;  // names; a trailing * matches any ending
    friend bool operator==(const Delegation&, const Delegation&) = default;
};

struct VendorPolicy {
    Uuid vendor{};
    std::uint64_t version = 0;
    std::vector<PolicyKey> keys;  // ascending slots
    std::size_t threshold = 0;    // that many of `keys` sign a release
    std::vector<Delegation> delegations;
    std::vector<PolicyKey> status_keys;  // sign statuses (status_record.hpp)
    friend bool operator==(const VendorPolicy&, const VendorPolicy&) = default;
};

[[nodiscard]] Bytes encode_vendor_policy(const VendorPolicy& policy);
[[nodiscard]] Result<VendorPolicy> decode_vendor_policy(ByteView input);

// "vendor-policy/<vendor hex>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const VendorPolicy& policy);

[[nodiscard]] bool may_sign(const Delegation& delegation, std::string_view component) noexcept;

}  // namespace assay::ledger
