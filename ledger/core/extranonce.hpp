// A block to be mined, as the extranonce of its coinbase counts up: when nonces and version rolls
// are used up, the next one gives a new Merkle root and so a new search space. Used by
// ledger/node/mining. Plain value; const calls from any thread.

#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "ledger/core/header.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

class ExtranonceRoll {
  public:
    // Precondition: txs.front() is an encoded coinbase.
    ExtranonceRoll(const BlockHeader& header, std::span<const Bytes> txs);

    // Both with this extranonce; everything else as it was.
    [[nodiscard]] Bytes coinbase(std::uint64_t extranonce) const;
    [[nodiscard]] BlockHeader header(std::uint64_t extranonce) const;

  private:
    BlockHeader header_;
    Bytes coinbase_;
    std::vector<TxId> branch_;  // the coinbase's siblings in the Merkle tree, from its leaf up
};

}  // namespace assay::ledger
