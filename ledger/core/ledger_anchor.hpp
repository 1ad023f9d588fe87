// The anchor of a gateway ledger on the consortium ledger (docs/formats.md, section 5, type 11): how far
// a gateway's ledger was final, with the root of its log. Whoever has a later checkpoint of that ledger
// can show that it goes on from there, and gateways that agree on another past are found out. To the
// consortium it is opaque: its rules know the signer and the form alone. Pure.

#pragma once

#include <string>

#include "ledger/core/checkpoint.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline constexpr std::size_t kLedgerAnchorBytesMax = 1024;
// Rule R17, in blocks of the consortium ledger: how long one may wait, and what lies between two. Three
// blocks make an anchor final, so on a ledger with nothing else on it a gateway's next one may follow.
inline constexpr BlockHeight kAnchorValidityBlocks = 32;
inline constexpr BlockHeight kAnchorBlocksMin = 3;

struct LedgerAnchor {
    ChainId chain_id;        // of the gateway ledger
    BlockHeight height = 0;  // of a final block of it
    BlockId block;
    std::string checkpoint;  // the note of the log up to there, with log signature and cosignatures
    Checkpoint log;          // what that note says

    friend bool operator==(const LedgerAnchor&, const LedgerAnchor&) = default;
};

// Of `note` as many signatures as have room, in their order. Fails with kMalformed if it is no
// checkpoint.
[[nodiscard]] Result<LedgerAnchor> make_ledger_anchor(const ChainId& chain_id,
                                                      BlockHeight height,
                                                      const BlockId& block,
                                                      std::string_view note);

[[nodiscard]] Bytes encode_ledger_anchor(const LedgerAnchor& anchor);
// Checks no signature of the note: whose they are is for the gateway ledger to know.
[[nodiscard]] Result<LedgerAnchor> decode_ledger_anchor(ByteView input);

// "anchor/<chain id hex>/<height>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const LedgerAnchor& anchor);

}  // namespace assay::ledger
