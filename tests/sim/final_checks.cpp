#include "tests/sim/final_checks.hpp"

#include <algorithm>

#include "ledger/core/certificate.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/difficulty.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

// RFC 6962, section 2.1, word by word.
LogHash defined_root(std::span<const LogHash> leaves) {
    if (leaves.empty()) return crypto::empty_root();
    if (leaves.size() == 1) return leaves.front();
    std::size_t split = 1;
    while (split * 2 < leaves.size()) split *= 2;
    return crypto::node_hash(defined_root(leaves.first(split)),
                             defined_root(leaves.subspan(split)));
}

// The tables of the database that are the state of the best chain (chain_keys.hpp).
bool is_state(ByteView key) {
    constexpr std::string_view kTables = "Htflsu";
    return kTables.find(static_cast<char>(key[0])) != std::string_view::npos;
}

std::vector<std::pair<Bytes, Bytes>> state_of(const Disk& disk) {
    std::vector<std::pair<Bytes, Bytes>> state;
    for (const auto& [key, value] : disk.table()) {
        if (is_state(key)) state.emplace_back(key, value);
    }
    return state;
}

}  // namespace

std::optional<std::string> check_log(const Chain& chain, const Disk& disk) {
    std::vector<LogHash> leaves;
    for (const auto& [key, value] : disk.table()) {
        if (key[0] == std::byte{'l'}) leaves.push_back(LogHash::from(value));
    }
    ChainTip before;
    for (BlockHeight height = 1; height <= chain.tip().height; ++height) {
        const ChainTip tip = chain.at_height(height);
        if (tip.log_size > leaves.size()) return "I5: leaves are missing";
        const auto tree = std::span(leaves).first(tip.log_size);
        if (defined_root(tree) != tip.log_root) {
            return "I5: log root of block " + std::to_string(height);
        }
        if (before.log_size > 0 && tip.log_size > before.log_size &&
            !crypto::verify_consistency(before.log_size, before.log_root, tip.log_size,
                                        tip.log_root,
                                        crypto::consistency_path(tree, before.log_size))) {
            return "I5: the log of block " + std::to_string(height) + " does not extend the last";
        }
        before = tip;
    }
    return std::nullopt;
}

std::optional<std::string> check_replay(const Chain& chain,
                                        const Disk& disk,
                                        const Founders& founders) {
    Disk fresh;
    auto replayed = Chain::open(fresh.database(), founders.genesis_bytes, founders.rules());
    if (!replayed) return "I6: " + replayed.error().to_string();
    for (BlockHeight height = 1; height <= chain.tip().height; ++height) {
        const auto block = chain.block(*chain.id_at(height));
        if (!block) return "I6: block " + std::to_string(height) + " is missing";
        const Timestamp late{std::chrono::seconds{chain.tip().time} + std::chrono::hours(1)};
        const auto outcome = (*replayed)->accept_block(*block, late);
        if (outcome.verdict != BlockVerdict::kValid) {
            return "I6: block " + std::to_string(height) + " replayed: " + outcome.detail;
        }
    }
    if ((*replayed)->tip().id != chain.tip().id) return "I6: the replayed chain has another tip";
    if (state_of(fresh) != state_of(disk)) return "I6: the replayed chain has another state";
    return std::nullopt;
}

std::optional<std::string> check_difficulty(const Chain& chain) {
    const ChainParams& params = chain.genesis().params;
    const std::int64_t interval = params.target_interval_s;
    AsertParams asert;
    asert.anchor_bits = asert.pow_limit = params.pow_limit;
    asert.target_interval_s = interval;
    asert.half_life_s = params.half_life_s;
    std::int64_t drift = 0;
    std::uint32_t time = chain.genesis().time;
    BlockHeight last_transaction = 0;
    BlockHeight final_height = 0;
    BlockHeight empty = 0;  // blocks in a row
    for (BlockHeight height = 1; height <= chain.tip().height; ++height) {
        const auto bytes = chain.block(*chain.id_at(height));
        const auto block = bytes ? decode_block(*bytes) : fail(std::errc::io_error, "missing");
        if (!block) return "I8: block " + std::to_string(height) + " is missing";
        const std::uint32_t wanted =
            aserti3_2d(asert, drift + interval * height, std::int64_t{height} - 1);
        if (block->header().bits != wanted) {
            return "I8: bits of block " + std::to_string(height);
        }
        const bool urgent = last_transaction > final_height && empty < params.urgent_blocks_max;
        const std::int64_t elapsed = std::int64_t{block->header().time} - time;
        const std::int64_t step =
            urgent ? std::min<std::int64_t>(elapsed, params.half_life_s) : interval;
        drift = std::min<std::int64_t>(drift + step - interval, 0);
        time = block->header().time;
        empty = block->txs.size() > 1 ? 0 : empty + 1;
        if (block->txs.size() > 1) last_transaction = height;
        const auto coinbase = decode_coinbase(block->txs[0]);
        const auto extension =
            coinbase ? decode_extension(coinbase->ext) : fail(std::errc::io_error, "coinbase");
        if (!extension) return "I8: coinbase of block " + std::to_string(height);
        if (*extension && (*extension)->finalises_source()) {
            final_height = std::max(final_height, (*extension)->link.source.height);
        }
    }
    return std::nullopt;
}

}  // namespace assay::sim
