// The epoch record (docs/formats.md, section 10): the members whose cosignatures a device counts,
// and how many it takes. A device gets the first one at the factory, inside its anchor. Pure.

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
    crypto::PublicKey cosign, log, root;
    friend bool operator==(const EpochMember&, const EpochMember&) = default;
};

struct EpochRecord {
    std::uint64_t epoch = 0;
    ChainId chain_id;
    BlockHeight height = 0;  // it takes force here
    Sha256Digest registry_root;
    std::vector<EpochMember> members;  // ascending slots
    std::uint64_t quorum = 0;          // m
    Sha256Digest previous;             // SHA-256 of the record before, zero for epoch 0
    friend bool operator==(const EpochRecord&, const EpochRecord&) = default;
};

[[nodiscard]] Bytes encode_epoch_record(const EpochRecord& record);
[[nodiscard]] Result<EpochRecord> decode_epoch_record(ByteView input);

// Epoch 0: the active NODE members of the genesis.
[[nodiscard]] EpochRecord first_epoch(const ChainId& chain_id, const Registry& registry);

}  // namespace assay::ledger
