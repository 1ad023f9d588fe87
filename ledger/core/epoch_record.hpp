// The epoch record (docs/formats.md, section 10): the NODE members of one epoch with every key that
// headers, votes, cosignatures and the next epoch are checked with, and the quorum. Nodes judge
// blocks by it, devices count cosignatures by it. A device gets one at the factory, inside its
// anchor; later ones reach it with the signatures of the epoch before (epoch_transition.hpp). Pure.

#pragma once

#include <string>
#include <vector>

#include "host/base/cbor.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {

struct EpochMember {
    Slot slot = 0;
    std::string name;
    crypto::PublicKey cosign, log, root, seal, vote;
    friend bool operator==(const EpochMember&, const EpochMember&) = default;
};

struct EpochRecord {
    std::uint64_t epoch = 0;
    ChainId chain_id;
    LeafHash change;                   // the transaction that asked for it, zero for epoch 0
    std::vector<EpochMember> members;  // ascending slots
    std::uint64_t quorum = 0;          // m = floor(2N/3) + 1
    Sha256Digest previous;             // SHA-256 of the record before, zero for epoch 0
    friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

[[nodiscard]] Bytes encode_epoch_record(const EpochRecord& record);
[[nodiscard]] Result<EpochRecord> decode_epoch_record(ByteView input);

// SHA-256 of the encoded record: what the next one names as `previous`.
[[nodiscard]] Sha256Digest hash_of(const EpochRecord& record);

// Epoch 0: the active NODE members of the genesis.
[[nodiscard]] EpochRecord first_epoch(const ChainId& chain_id, const Registry& registry);
// The epoch after `current`, whose members are the active NODE members of `registry`.
[[nodiscard]] EpochRecord next_epoch(const EpochRecord& current,
                                     const Registry& registry,
                                     const LeafHash& change);

}  // namespace assay::ledger
