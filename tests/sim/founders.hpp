// Organisations with keys from fixed seeds, and the ledgers that some of them found: made once, then
// shared by all runs and threads.

#pragma once

#include <deque>
#include <map>
#include <string>
#include <utility>

#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/genesis.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::sim {

inline constexpr std::uint32_t kGenesisTime = 1'790'000'000;
inline constexpr std::uint32_t kInterval = 15;  // T, seconds
// 65,536 hashes: virtual ones, so what they would cost does not matter.
inline constexpr std::uint32_t kPowLimit = 0x1f00ffff;
inline constexpr std::size_t kFoundersMax = 13;
inline constexpr std::size_t kNewcomersMax = 2;  // that join during a run
inline constexpr std::size_t kKeySets = 3;       // so each key can be replaced twice

// A member, or one to be. Its keys of one set are as old as each other.
struct Organisation {
    explicit Organisation(ledger::Slot slot, const std::string& named) : name{named} {
        sets.emplace_back(slot, name, ledger::kRolesAll);
        for (std::size_t i = 1; i < kKeySets; ++i) {
            sets.emplace_back(slot, name + '-' + std::to_string(i), ledger::kRolesAll);
        }
    }
    std::string name;
    std::deque<test::ConsortiumMember> sets;
};

// All there are; the first of them found a ledger.
struct Organisations {
    Organisations() {
        for (std::size_t i = 0; i < kFoundersMax + kNewcomersMax; ++i) {
            all.emplace_back(static_cast<ledger::Slot>(i), "m" + std::to_string(i));
        }
    }
    std::deque<Organisation> all;
};

struct Founders {
    Founders(const Organisations& organisations, ledger::LedgerKind kind, std::size_t founders)
        : everyone{organisations.all}, count{founders} {
        for (std::size_t i = 0; i < count; ++i) {
            genesis.members.push_back(everyone[i].sets.front().member);
        }
        genesis.kind = kind;
        genesis.origin = "sim.example/" + std::string(to_string(kind));
        genesis.time = kGenesisTime;
        genesis.params.target_interval_s = kInterval;
        genesis.params.half_life_s = 20 * kInterval;
        genesis.params.pow_limit = kPowLimit;
        genesis.params.block_bytes_max = 65'536;  // so that too large a block is cheap to make
        genesis.params.tx_bytes_max = 32'768;
        genesis.params.block_txs_max = 64;
        if (kind == ledger::LedgerKind::kGateway) genesis.consortium.emplace();
        genesis_bytes = ledger::encode_genesis(genesis);
        chain_id = ledger::chain_id_of(genesis_bytes);
    }
    [[nodiscard]] const ledger::RuleSet& rules() const {
        return genesis.kind == ledger::LedgerKind::kConsortium ? ledger::consortium_rules()
                                                               : ledger::gateway_rules();
    }
    const std::deque<Organisation>& everyone;  // the founders first, then who may join
    std::size_t count;
    ledger::Genesis genesis;
    Bytes genesis_bytes;
    ledger::ChainId chain_id;
};

// By what they found and how many they are.
using AllFounders = std::map<std::pair<ledger::LedgerKind, std::size_t>, Founders>;

}  // namespace assay::sim
