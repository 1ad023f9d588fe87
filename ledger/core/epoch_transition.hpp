// The step from one epoch to the next (docs/formats.md, section 5, type 9): the new record and the
// signatures by which a quorum of the epoch before agrees. The same bytes are a transaction's body
// on the ledger and a link of the chain of epochs in a device proof. Pure.

#pragma once

#include <vector>

#include "ledger/core/epoch_record.hpp"

namespace assay::ledger {

struct EpochSignature {
    Slot slot = 0;
    Bytes signature;  // 64 bytes
    friend bool operator==(const EpochSignature&, const EpochSignature&) = default;
};

struct EpochTransition {
    EpochRecord record;
    std::vector<EpochSignature> signatures;  // ascending slots
    friend bool operator==(const EpochTransition&, const EpochTransition&) = default;
};

[[nodiscard]] Bytes encode_epoch_transition(const EpochTransition& transition);
[[nodiscard]] Result<EpochTransition> decode_epoch_transition(cbor::Decoder& in);
[[nodiscard]] Result<EpochTransition> decode_epoch_transition(ByteView input);

// "epoch/<number>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const EpochTransition& transition);

// By the slot's cosign key while it runs, or by its root key, offline, when quorum is lost.
[[nodiscard]] Result<Bytes> sign_epoch(const EpochRecord& record, const crypto::PrivateKey& key);
// Whether `signature` is by the cosign or the root key that `current` names for the slot.
[[nodiscard]] bool verify_epoch_signature(const EpochSignature& signature,
                                          const EpochRecord& record,
                                          const EpochRecord& current);

// What can be said from the bytes of the chain alone: the record is the next one after `current`
// (kEpochUnknown), and at least m members of `current` signed it (kSignatureInvalid, kSignerUnknown,
// kQuorumNotMet). Whether it is the result of the oldest pending change is for the state to say.
[[nodiscard]] Result<void> check_epoch_transition(const EpochTransition& transition,
                                                  const EpochRecord& current);

}  // namespace assay::ledger
