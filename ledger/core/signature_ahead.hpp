// The signatures of many transactions verified ahead of the rules and together, so that this can be
// spread over all cores while the rules themselves stay a plain sequence. What is found good is noted
// on the signature; a rule that asks for the same key then need not compute it again. What is not
// found here, or found bad, the rule verifies itself: nothing is decided in this place.
//
// Pure; the caller says how to verify many.

#pragma once

#include <functional>
#include <span>

#include "host/crypto/batch_verifier.hpp"
#include "ledger/core/registry.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::ledger {

using VerifyMany = std::function<void(std::span<crypto::SignatureJob>)>;

// Looks the keys up among the members' tx and root keys.
void verify_ahead(std::span<Transaction> txs, const Registry& registry, const VerifyMany& verify);

}  // namespace assay::ledger
