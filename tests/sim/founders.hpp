// Members with keys from fixed seeds and the genesis they found: made once for each number of
// members, then shared by all runs and threads.

#pragma once

#include <map>
#include <vector>

#include "ledger/core/genesis.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::sim {

inline constexpr std::uint32_t kGenesisTime = 1'790'000'000;
inline constexpr std::uint32_t kInterval = 15;  // T, seconds
// 65,536 hashes: virtual ones, so what they would cost does not matter.
inline constexpr std::uint32_t kPowLimit = 0x1f00ffff;

struct Founders {
    explicit Founders(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            members.emplace_back(static_cast<ledger::Slot>(i), "m" + std::to_string(i),
                                 ledger::kRolesAll);
            genesis.members.push_back(members.back().member);
        }
        genesis.origin = "sim.example/consortium";
        genesis.time = kGenesisTime;
        genesis.params.target_interval_s = kInterval;
        genesis.params.half_life_s = 20 * kInterval;
        genesis.params.pow_limit = kPowLimit;
        genesis.params.block_bytes_max = 65'536;  // so that too large a block is cheap to make
        genesis.params.tx_bytes_max = 32'768;
        genesis.params.block_txs_max = 64;
        genesis_bytes = ledger::encode_genesis(genesis);
        chain_id = ledger::chain_id_of(genesis_bytes);
    }
    std::vector<test::ConsortiumMember> members;
    ledger::Genesis genesis;
    Bytes genesis_bytes;
    ledger::ChainId chain_id;
};

using AllFounders = std::map<std::size_t, Founders>;  // by number of members

}  // namespace assay::sim
