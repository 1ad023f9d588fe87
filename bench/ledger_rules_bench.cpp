// How fast the rules of the ledger are: headers, transactions, a full block, a proof.
//
//     ledger_rules_bench [seconds per figure]
//
// Prints one JSON object. It runs the code that `assay run` runs. Block signatures are Ed25519,
// transactions are releases signed with P-256.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "bench/release_transactions.hpp"
#include "host/crypto/batch_verifier.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/signature_ahead.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace assay;
using namespace assay::ledger;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kHeaders = 500;
constexpr std::size_t kBlockTxs = 1'500;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "ledger_rules_bench: %s\n", what);
    std::exit(1);
}

// How often a second `work` does `count` things, measured for `seconds` in all: the best of some
// runs, for whatever else the machine does only ever slows it down.
template <typename Work>
double best_rate(double seconds, std::size_t count, Work work) {
    double best = 0;
    const auto start = Clock::now();
    do {
        const auto begun = Clock::now();
        work();
        best = std::max(best, static_cast<double>(count) / seconds_since(begun));
    } while (seconds_since(start) < seconds);
    return best;
}

// Headers that link, meet their target and carry seals, each with the context of its parent.
struct HeaderChain {
    explicit HeaderChain(const test::Founders& founders)
        : registry{std::make_shared<const Registry>(
              Registry::make(founders.genesis.members).value())},
          rules{founders.genesis.params, founders.chain_id, consortium_rules()} {
        contexts.push_back(genesis_context(genesis_header(founders.genesis, founders.genesis_bytes),
                                           Epoch::first(founders.chain_id, *registry)));
        for (std::size_t i = 0; i < kHeaders; ++i) {
            const ParentContext& parent = contexts.back();
            const std::size_t by = i % founders.members.size();
            BlockHeader header;
            header.version = kVersionTop | static_cast<std::uint32_t>(by);
            header.previous = parent.id;
            header.time = parent.time + 15;
            header.bits = parent.child_bits(rules);
            test::grind(header);
            sealed.push_back(
                seal_header(header, founders.chain_id, founders.members[by].seal).value());
            BodyResult empty;
            empty.log = parent.log;
            contexts.push_back(child_context(parent, header, empty, rules));
        }
    }
    std::shared_ptr<const Registry> registry;
    ChainRules rules;
    std::vector<ParentContext> contexts;
    std::vector<SealedHeader> sealed;
};

// As a peer's headers are checked before their blocks are fetched (PeerProtocol::check_links).
double pow_only_rate(double seconds, const HeaderChain& chain) {
    std::vector<Bytes> wire;
    for (const SealedHeader& sealed : chain.sealed) wire.push_back(to_bytes(encode(sealed)));
    return best_rate(seconds, wire.size(), [&] {
        BlockId parent = chain.contexts.front().id;
        for (const Bytes& bytes : wire) {
            const auto sealed = decode_sealed_header(std::span(bytes).first<kSealedHeaderBytes>());
            require(sealed.header.previous == parent, "link");
            parent = sealed.id();
            require(check_header_alone(sealed.header, parent, chain.rules.params) ==
                        BlockVerdict::kValid,
                    "header");
        }
    });
}

double sealed_rate(double seconds, const HeaderChain& chain) {
    const Timestamp now{std::chrono::seconds{chain.sealed.back().header.time}};
    return best_rate(seconds, chain.sealed.size(), [&] {
        for (std::size_t i = 0; i < chain.sealed.size(); ++i) {
            require(check_header(chain.sealed[i], chain.contexts[i], chain.rules, now) ==
                        BlockVerdict::kValid,
                    "sealed header");
        }
    });
}

// The signatures of those seals and nothing else.
double signature_rate(double seconds, const test::Founders& founders) {
    const Bytes message(124, std::byte{7});  // as long as what a seal signs
    std::vector<Bytes> signatures;
    std::vector<const crypto::PublicKey*> keys;
    for (const auto& member : founders.members) {
        signatures.push_back(member.seal.sign(message).value());
        keys.push_back(&member.entry.seal);
    }
    return best_rate(seconds, kHeaders, [&] {
        for (std::size_t i = 0; i < kHeaders; ++i) {
            const std::size_t by = i % keys.size();
            require(crypto::verify(*keys[by], message, signatures[by]), "signature");
        }
    });
}

// Everything about transactions but the block around them: form, signatures, rules, state.
double transaction_rate(double seconds, const HeaderChain& chain, const std::vector<Bytes>& bytes) {
    crypto::BatchVerifier verifier(2);
    return best_rate(seconds, bytes.size(), [&] {
        BodyResult body;
        body.registry_root = chain.registry->root();
        for (const Bytes& each : bytes) {
            body.txs.push_back(decode_transaction(each).value());
            require(check_transaction(body.txs.back(), chain.rules, 1) == BlockVerdict::kValid,
                    "T1-T3");
        }
        verify_ahead(body.txs, *chain.registry, [&](auto jobs) { verifier.verify(jobs); });
        const EmptyState nothing;
        StateOverlay state(nothing);
        const StateCheck check{state, [](const TxId&) { return false; }, chain.registry, 0};
        require(check_transactions(body, 0, 1, chain.rules, check).verdict == BlockVerdict::kValid,
                "transactions");
    });
}

struct BlockFigures {
    double block_ms = 1e9;
    double proof_us = 0;
};

// A member that has seen none of the transactions takes the block in, onto the disk.
BlockFigures block_figures(double seconds,
                           const test::Founders& founders,
                           const std::vector<Bytes>& txs) {
    const test::TempDir dir;
    const auto miner = founders.open(dir / "miner");
    for (const Bytes& tx : txs) {
        const auto taken = miner->accept_transaction(tx);
        require(taken.has_value(), taken ? "" : taken.error().to_string().c_str());
    }
    const Timestamp now = test::at(test::kGenesisTime + 100);
    auto made = miner->make_template(0, now);
    require(made.has_value() && made->txs.size() == txs.size() + 1, "template");
    const Bytes block = test::mine(*std::move(made), founders.members[0]);
    BlockFigures figures;
    const auto start = Clock::now();
    int run = 0;
    std::unique_ptr<Chain> chain;
    do {
        chain = founders.open(dir / std::to_string(run++));
        const auto begun = Clock::now();
        const BlockOutcome outcome = chain->accept_block(block, now);
        figures.block_ms = std::min(figures.block_ms, 1e3 * seconds_since(begun));
        require(outcome.verdict == BlockVerdict::kValid, outcome.detail.c_str());
    } while (seconds_since(start) < seconds);

    const std::uint64_t size = chain->tip().log_size;
    std::uint64_t index = 0;
    figures.proof_us =
        1e6 / best_rate(seconds, 100, [&] {
            for (int i = 0; i < 100; ++i) {
                index = (index + 7) % size;
                const auto path = chain->inclusion_path(index, size);
                const auto found = chain->find(crypto::leaf_hash(txs[index]));
                require(found && crypto::verify_inclusion(crypto::leaf_hash(found->bytes), index,
                                                          size, path, chain->tip().log_root),
                        "proof");
            }
        });
    return figures;
}

}  // namespace

int main(int argc, char** argv) {
    const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
    const test::Founders founders(7);  // at most 256 transactions of one member wait at a time
    const HeaderChain headers(founders);
    const auto txs = bench::make_releases(founders, kBlockTxs);
    const double pow_only = pow_only_rate(seconds, headers);
    const double signatures = signature_rate(seconds, founders);
    const double sealed = sealed_rate(seconds, headers);
    const double transactions = transaction_rate(seconds, headers, txs);
    const BlockFigures block = block_figures(seconds, founders, txs);
    std::printf(
        "{\"headers_per_s.pow_only\": %.0f, \"signatures_per_s\": %.0f, "
        "\"headers_sealed_per_s\": %.0f, \"tx_validate_per_s.2cores\": %.0f, "
        "\"block_validate_ms.1500tx\": %.2f, \"proof_us\": %.2f}\n",
        pow_only, signatures, sealed, transactions, block.block_ms, block.proof_us);
    return 0;
}
