#include "ledger/core/validation.hpp"

namespace assay::ledger {

std::string_view to_string(BlockVerdict verdict) noexcept {
    switch (verdict) {
        case BlockVerdict::kValid:
            return "valid";
        case BlockVerdict::kDuplicate:
            return "duplicate";
        case BlockVerdict::kOrphan:
            return "orphan";
        case BlockVerdict::kTooEarly:
            return "too-early";
        case BlockVerdict::kMalformed:
            return "malformed";
        case BlockVerdict::kMutated:
            return "mutated";
        case BlockVerdict::kStorageFailed:
            return "storage-failed";
        case BlockVerdict::kNotKept:
            return "not-kept";
        case BlockVerdict::kBadVersion:
            return "bad-version";
        case BlockVerdict::kSlotNotNode:
            return "slot-not-node";
        case BlockVerdict::kWrongBits:
            return "wrong-bits";
        case BlockVerdict::kTimeTooOld:
            return "time-too-old";
        case BlockVerdict::kTargetNotMet:
            return "target-not-met";
        case BlockVerdict::kSlotBarred:
            return "slot-barred";
        case BlockVerdict::kInvalidAncestor:
            return "invalid-ancestor";
        case BlockVerdict::kTooLarge:
            return "too-large";
        case BlockVerdict::kTooManyTransactions:
            return "too-many-transactions";
        case BlockVerdict::kCoinbaseMalformed:
            return "coinbase-malformed";
        case BlockVerdict::kCoinbaseHeight:
            return "coinbase-height";
        case BlockVerdict::kCoinbaseSlot:
            return "coinbase-slot";
        case BlockVerdict::kCoinbaseEpoch:
            return "coinbase-epoch";
        case BlockVerdict::kCoinbaseChainId:
            return "coinbase-chain-id";
        case BlockVerdict::kCoinbaseLogSize:
            return "coinbase-log-size";
        case BlockVerdict::kCoinbaseLogRoot:
            return "coinbase-log-root";
        case BlockVerdict::kCoinbaseRegistryRoot:
            return "coinbase-registry-root";
        case BlockVerdict::kCoinbaseExtension:
            return "coinbase-extension";
        case BlockVerdict::kDuplicateTransaction:
            return "duplicate-transaction-in-block";
        case BlockVerdict::kEmptyNotAllowed:
            return "empty-not-allowed";
        case BlockVerdict::kTransactionTooLarge:
            return "transaction-too-large";
        case BlockVerdict::kCertificateTarget:
            return "certificate-target";
        case BlockVerdict::kCertificateNotNewer:
            return "certificate-not-newer";
        case BlockVerdict::kCertificateSource:
            return "certificate-source";
        case BlockVerdict::kCertificateQuorum:
            return "certificate-quorum";
        case BlockVerdict::kCertificateSignature:
            return "certificate-signature";
        case BlockVerdict::kTransactionMalformed:
            return "transaction-malformed";
        case BlockVerdict::kTransactionChainId:
            return "transaction-chain-id";
        case BlockVerdict::kTransactionExpired:
            return "transaction-expired";
        case BlockVerdict::kTransactionIssuer:
            return "transaction-issuer";
        case BlockVerdict::kTransactionNotNew:
            return "transaction-not-new";
        case BlockVerdict::kTransactionRefused:
            return "transaction-refused";
        case BlockVerdict::kEpochRefused:
            return "epoch-refused";
    }
    return "unknown";
}

bool is_invalid(BlockVerdict verdict) noexcept { return verdict >= BlockVerdict::kBadVersion; }

Refusal refusal_of(BlockVerdict verdict) noexcept {
    switch (verdict) {
        case BlockVerdict::kTransactionMalformed:
            return Refusal::kMalformed;
        case BlockVerdict::kTransactionTooLarge:
            return Refusal::kLimitExceeded;
        case BlockVerdict::kTransactionChainId:
            return Refusal::kChainIdMismatch;
        case BlockVerdict::kTransactionExpired:
            return Refusal::kTransactionExpired;
        case BlockVerdict::kTransactionIssuer:
            return Refusal::kSignerUnknown;
        case BlockVerdict::kTransactionNotNew:
            return Refusal::kDuplicateTransaction;
        default:
            return Refusal::kBlockInvalid;
    }
}

}  // namespace assay::ledger
