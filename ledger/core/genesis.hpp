// The founding record of a ledger: parameters and first members. Its hash is the chain id
// (docs/formats.md, section 4). Plain values; pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/header.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/member.hpp"

namespace assay::ledger {

inline constexpr std::size_t kGenesisBytesMax = 65'536;

struct ChainParams {
    std::uint32_t target_interval_s = 15;  // T
    std::uint32_t heartbeat_s = 3'600;     // an idle chain may add an empty block this often
    std::uint32_t half_life_s = 300;       // of the difficulty rule: 20 T
    std::uint32_t pow_limit = 0x1e00ffff;  // compact
    bool retarget = true;                  // false keeps every block at pow_limit
    std::uint32_t block_bytes_max = 2'097'152;
    std::uint32_t block_txs_max = 4'096;
    std::uint32_t tx_bytes_max = 65'535;
    std::uint32_t validity_blocks_max = 20'160;
    std::uint32_t urgent_blocks_max = 8;
    std::uint32_t backoff_intervals = 20;
    std::uint32_t evidence_blocks_max = 10'000;
    std::uint32_t status_period_s = 604'800;

    friend bool operator==(const ChainParams&, const ChainParams&) = default;
};

struct Genesis {
    LedgerKind kind = LedgerKind::kConsortium;
    std::string origin;  // the log's name, e.g. "fleet.example/consortium"
    std::uint32_t time = 0;
    ChainParams params;
    std::vector<Member> members;        // ascending slots
    std::optional<ChainId> consortium;  // of a gateway ledger: the consortium it belongs to

    friend bool operator==(const Genesis&, const Genesis&) = default;
};

[[nodiscard]] Bytes encode_genesis(const Genesis& genesis);
[[nodiscard]] Result<Genesis> decode_genesis(ByteView bytes);

[[nodiscard]] ChainId chain_id_of(ByteView genesis_bytes);
// Block 0: no proof of work, no seal, no transactions.
[[nodiscard]] BlockHeader genesis_header(const Genesis& genesis, ByteView genesis_bytes);
[[nodiscard]] Bytes genesis_block(const Genesis& genesis, ByteView genesis_bytes);

}  // namespace assay::ledger
