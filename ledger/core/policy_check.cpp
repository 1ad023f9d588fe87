#include "ledger/core/policy_check.hpp"

#include <algorithm>

namespace assay::ledger {
namespace {

const PolicyKey* find_key(const std::vector<PolicyKey>& keys,
                          const crypto::CoseSignature& signature) {
    const auto found = std::find_if(keys.begin(), keys.end(), [&](const PolicyKey& entry) {
        return entry.key.algorithm == signature.algorithm &&
               crypto::key_id(entry.key) == signature.key_id;
    });
    return found == keys.end() ? nullptr : &*found;
}

tl::unexpected<Error> bad_signature(Slot slot) {
    return fail(Refusal::kSignatureInvalid,
                "release: the signature of slot " + std::to_string(slot) + " does not verify");
}

// The release is not signed by the OEM's own keys: is it by a supplier's?
Result<void> delegation_satisfied(const crypto::CoseSignature& signature,
                                  std::string_view component,
                                  const VendorPolicy& policy) {
    const Delegation* known = nullptr;
    for (const Delegation& delegation : policy.delegations) {
        if (delegation.signer.key.algorithm != signature.algorithm ||
            crypto::key_id(delegation.signer.key) != signature.key_id) {
            continue;
        }
        known = &delegation;
        if (may_sign(delegation, component)) break;
    }
    if (known == nullptr) {
        return fail(Refusal::kSignerUnknown, "release: the signer is not in the vendor policy");
    }
    if (!crypto::verify(signature, known->signer.key)) return bad_signature(known->signer.slot);
    if (!may_sign(*known, component)) {
        return fail(Refusal::kSignerNotPermitted,
                    "release: slot " + std::to_string(known->signer.slot) +
                        " may not sign component " + std::string(component));
    }
    return {};
}

}  // namespace

Result<void> release_policy_satisfied(const Transaction& tx,
                                      std::string_view component,
                                      const VendorPolicy& policy) {
    if (tx.signatures.size() == 1 && find_key(policy.keys, tx.signatures.front()) == nullptr) {
        return delegation_satisfied(tx.signatures.front(), component, policy);
    }
    std::optional<Slot> last;
    for (const crypto::CoseSignature& signature : tx.signatures) {
        const PolicyKey* entry = find_key(policy.keys, signature);
        if (entry == nullptr) {
            return fail(Refusal::kSignerUnknown, "release: a signer is not in the vendor policy");
        }
        if (last && entry->slot <= *last) {
            return fail(Refusal::kMalformed,
                        "release: signatures are not in ascending order of slots");
        }
        last = entry->slot;
        if (!crypto::verify(signature, entry->key)) return bad_signature(entry->slot);
    }
    if (tx.signatures.size() != policy.threshold) {
        return fail(Refusal::kThresholdNotMet, "release: " + std::to_string(tx.signatures.size()) +
                                                   " signatures, the policy asks for " +
                                                   std::to_string(policy.threshold));
    }
    return {};
}

}  // namespace assay::ledger
