// The names that ledger objects go by. Each is a hash of its own type, so that none is mistaken for
// another. Plain values.

#pragma once

#include <cstdint>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/crypto/merkle_tree.hpp"

namespace assay::ledger {

using BlockId = Hash256<struct BlockIdTag>;        // SHA-256d of the 80-byte header
using TxId = Hash256<struct TxIdTag>;              // SHA-256d of the transaction
using MerkleRoot = Hash256<struct MerkleRootTag>;  // Bitcoin's tree over the txids of a block
using ChainId = Hash256<struct ChainIdTag>;        // names a ledger: hash of its genesis
using LeafHash = LogHash;  // RFC 6962 leaf of a transaction: its name everywhere outside consensus

using BlockHeight = std::uint32_t;
using Slot = std::uint16_t;      // a member's number, 0 to 8191, never reused
using LogIndex = std::uint64_t;  // position of a transaction in the log of its chain

inline constexpr Slot kSlotMax = 8191;

// A block and its place.
struct ChainPoint {
    BlockHeight height = 0;
    BlockId id;
    friend bool operator==(const ChainPoint&, const ChainPoint&) = default;
    friend auto operator<=>(const ChainPoint&, const ChainPoint&) = default;
};

enum class LedgerKind : std::uint8_t { kConsortium = 0, kGateway = 1 };

[[nodiscard]] constexpr std::string_view to_string(LedgerKind kind) noexcept {
    return kind == LedgerKind::kConsortium ? "consortium" : "gateway";
}

}  // namespace assay::ledger
