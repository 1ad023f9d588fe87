// Transaction 0 of each block: what the block commits to beyond its own transactions, the log root
// above all (docs/formats.md, section 2). Plain value; pure functions.

#pragma once

#include <cstdint>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline constexpr std::size_t kCoinbaseBytes = 130;  // without the extension

struct Coinbase {
    BlockHeight height = 0;
    Slot slot = 0;
    std::uint32_t registry_epoch = 0;
    std::uint32_t n_tx = 0;  // transactions of the block, this one included
    std::uint64_t extranonce = 0;
    ChainId chain_id;
    std::uint64_t log_size = 0;  // leaves of the log, this block included
    LogHash log_root;
    Sha256Digest registry_root;
    Bytes ext;  // certificate.hpp

    friend bool operator==(const Coinbase&, const Coinbase&) = default;
};

// Precondition: coinbase.ext.size() <= 65,535.
[[nodiscard]] Bytes encode_coinbase(const Coinbase& coinbase);
[[nodiscard]] Result<Coinbase> decode_coinbase(ByteView bytes);

}  // namespace assay::ledger
