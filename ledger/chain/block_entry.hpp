// What a chain remembers of every block that it stores: header, place in its branch, and what the
// rules need to judge its children. Plain value.

#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "ledger/core/header.hpp"
#include "ledger/core/u256.hpp"
#include "ledger/core/validation.hpp"

namespace assay::ledger {

struct BlockEntry {
    SealedHeader sealed;
    ParentContext context;  // for its children
    U256 work;              // of the branch from block 0 to here
    // kValid, or the rule that the block was found to break when its turn came to connect.
    BlockVerdict verdict = BlockVerdict::kValid;

    [[nodiscard]] const BlockId& id() const noexcept { return context.id; }
    [[nodiscard]] const BlockId& parent() const noexcept { return sealed.header.previous; }
    [[nodiscard]] BlockHeight height() const noexcept { return context.height; }
};

// An entry names its epoch by the hash of the record, which is kept once.
using FindEpoch = std::function<std::shared_ptr<const Epoch>(const Sha256Digest&)>;

[[nodiscard]] Bytes encode_entry(const BlockEntry& entry);
// Nothing if the bytes are damaged or the epoch is not known.
[[nodiscard]] std::optional<BlockEntry> decode_entry(ByteView bytes, const FindEpoch& find_epoch);

// Where a transaction of the best chain is.
struct TxPlace {
    BlockHeight height = 0;
    std::uint32_t position = 0;  // in its block, from 1: the coinbase is 0
    LogIndex log_index = 0;
    std::uint32_t offset = 0;  // of its bytes in the block's, so that no more of it need be read
    std::uint32_t bytes = 0;   // 0: it went with its block

    [[nodiscard]] bool is_pruned() const noexcept { return bytes == 0; }
};

[[nodiscard]] Bytes encode_place(const TxPlace& place);
[[nodiscard]] std::optional<TxPlace> decode_place(ByteView bytes);

}  // namespace assay::ledger
