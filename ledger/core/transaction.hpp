// A transaction: a signed COSE message whose payload names chain, signer, type and body
// (docs/formats.md, section 5). The body belongs to the rule set of its type.
//
// Decoding checks the form and no signature: which keys may sign is for the rule set to say. Pure
// functions; a Transaction is a view of the bytes it was decoded from, which must outlive it.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/crypto/cose.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

// Other numbers decode, and are refused by the rule sets (Refusal::kUnknownType).
enum class TxType : std::uint64_t {
    kRelease = 1,
    kRecall = 2,
    kStatus = 3,
    kVendorPolicy = 4,
    kPropose = 5,
    kApprove = 6,
    kRotateKey = 7,
    kRevokeKey = 8,
    kEpoch = 9,
    kEvidence = 10,
    kAnchor = 11,
    kReceiptBatch = 32,
};

struct TxBody {
    TxType type = TxType::kRelease;
    ChainId chain_id;
    Slot slot = 0;                // of the (first) signer
    BlockHeight valid_until = 0;  // blocks below this height may include it
    ByteView body;                // one CBOR item
};

struct Transaction {
    TxId id;
    LeafHash leaf;
    ByteView bytes;
    std::string issuer;   // registry name of the slot
    std::string subject;  // says what the body says; the rule set compares
    TxBody body;
    std::vector<crypto::CoseSignature> signatures;  // one, or 2 to 8
};

[[nodiscard]] Result<Transaction> decode_transaction(ByteView bytes);

struct TxSigning {
    std::string issuer;
    std::string subject;
    std::span<const crypto::PrivateKey* const> keys;  // one gives COSE_Sign1, more COSE_Sign
};
[[nodiscard]] Result<Bytes> sign_transaction(const TxBody& body, const TxSigning& signing);

// The transaction with its signatures still missing, for signers who do not meet: each fills in its
// own (crypto::cose_sign_draft). `keys` in the order of their slots.
struct TxDraft {
    std::string issuer;
    std::string subject;
    std::span<const crypto::PublicKey> keys;
};
[[nodiscard]] Result<Bytes> draft_transaction(const TxBody& body, const TxDraft& draft);

// One draft with the signatures of all copies. Refusal::kMalformed if they are not of one draft.
[[nodiscard]] Result<Bytes> merge_drafts(std::span<const Bytes> copies);

// For rules that want exactly one signature, by `key`: Refusal::kSignerUnknown if there are more or
// another key signed, Refusal::kSignatureInvalid if it does not verify.
[[nodiscard]] Result<void> verify_single_signature(const Transaction& tx,
                                                   const crypto::PublicKey& key);

}  // namespace assay::ledger
