// What a ledger costs on the disk and in memory: a full block connected, a restart, and how both grow.
//
//     ledger_storage_bench measure BLOCKS ENTRIES SECONDS   prints one JSON object
//     ledger_storage_bench open FOLDER                      the same process fresh, for the above
//
// It runs the code that `assay run` runs, on a real disk. For the growing log the rule set is one
// that asks for no signatures, for signing a million releases would take longer than all else; the
// seals of all blocks are real. A restart is measured in a process of its own.

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "bench/release_transactions.hpp"
#include "host/base/file.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/compact_proof.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace {

using namespace assay;
using namespace assay::ledger;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kBlockTxs = 1'500;
constexpr std::size_t kTxsAtOnce = 4'000;  // of a block, while the log grows
constexpr std::uint32_t kHeartbeat = 3'600;

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

void require(bool condition, const std::string& what) {
    if (condition) return;
    std::fprintf(stderr, "ledger_storage_bench: %s\n", what.c_str());
    std::exit(1);
}

class NoRules final : public RuleSet {
  public:
    Result<void> check(const Transaction&, const StateView&, const TxContext&) const override {
        return {};
    }
    void apply(const Transaction&, LogIndex, StateWriter&) const override {}
};
const NoRules kNoRules;

// Transactions that differ in their last bytes, which nobody verifies.
class Forgery {
  public:
    explicit Forgery(const test::Founders& founders) {
        const auto& member = founders.members[0];
        const Bytes body = to_bytes(as_bytes(std::string(1, '\x18') + "\x2a"));  // a CBOR number
        TxBody tx;
        tx.type = TxType::kRelease;
        tx.chain_id = founders.chain_id;
        tx.slot = member.entry.slot;
        tx.valid_until = 10'000;
        tx.body = body;
        bytes_ = test::sign(tx, member, "bench", member.log);
    }
    Bytes next() {
        Bytes tx = bytes_;
        ++count_;
        for (std::size_t i = 0; i < 6; ++i)
            tx[tx.size() - 40 + i] = static_cast<std::byte>(count_ >> (8 * i) & 0xff);
        return tx;
    }

  private:
    Bytes bytes_;
    std::uint64_t count_ = 0;
};

// Extends a chain by sealed blocks, an hour apart.
class Growing {
  public:
    // `chain` may be closed and opened again between two blocks.
    Growing(const test::Founders& founders, const std::unique_ptr<Chain>& chain)
        : founders_{founders}, chain_{chain} {}

    Bytes make(std::vector<Bytes> txs) {
        now_ += kHeartbeat;
        auto made = chain_->make_template(0, test::at(now_));
        require(made && made->txs.size() == 1, "template");
        if (!txs.empty()) put(*made, std::move(txs));
        return test::mine(*std::move(made), founders_.members[0]);
    }
    void take(const Bytes& block, Durable durable) {
        const auto outcome = chain_->accept_block(block, test::at(now_), durable);
        require(outcome.verdict == BlockVerdict::kValid,
                std::string(to_string(outcome.verdict)) + " " + outcome.detail);
    }

  private:
    void put(BlockTemplate& block, std::vector<Bytes> txs) {
        for (const Bytes& tx : txs) log_.append(crypto::leaf_hash(tx));
        auto coinbase = decode_coinbase(block.txs.front()).value();
        coinbase.n_tx = static_cast<std::uint32_t>(txs.size() + 1);
        coinbase.log_size = log_.size();
        coinbase.log_root = log_.root();
        block.txs.front() = encode_coinbase(coinbase);
        block.txs.insert(block.txs.end(), txs.begin(), txs.end());
        std::vector<TxId> ids;
        for (const Bytes& each : block.txs) ids.push_back(tx_id(each));
        block.header.merkle_root = bitcoin_merkle_root(std::move(ids));
    }

    const test::Founders& founders_;
    const std::unique_ptr<Chain>& chain_;
    crypto::CompactRange log_;
    std::uint32_t now_ = test::kGenesisTime;
};

std::unique_ptr<Chain> open_chain(const std::filesystem::path& dir, const Bytes& genesis) {
    auto chain = Chain::open(dir, genesis, kNoRules);
    require(chain.has_value(), chain ? "" : chain.error().to_string());
    require(!(*chain)->repair(), "a whole store was repaired");
    return *std::move(chain);
}

struct Connect {
    double relayed_ms = 1e9;  // the transactions came before the block, as they do
    double unknown_ms = 1e9;  // the member has seen none of them
};

// A block of 1,500 releases, taken onto the disk. The best of some runs of each kind.
Connect connect_ms(double seconds, const std::filesystem::path& dir) {
    const test::Founders founders(7);  // at most 256 transactions of one member wait at a time
    const auto miner = founders.open(dir / "miner");
    const auto releases = bench::make_releases(founders, kBlockTxs);
    const auto relay_to = [&releases](Chain& chain) {
        for (const Bytes& tx : releases) {
            const auto taken = chain.accept_transaction(tx, Durable::kLater);
            require(taken.has_value(), taken ? "" : taken.error().to_string());
        }
        require(chain.flush().has_value(), "cannot write");
    };
    relay_to(*miner);
    const Timestamp now = test::at(test::kGenesisTime + 100);
    auto made = miner->make_template(0, now);
    require(made && made->txs.size() == kBlockTxs + 1, "full block");
    const Bytes block = test::mine(*std::move(made), founders.members[0]);
    Connect best;
    const auto start = Clock::now();
    for (int run = 0; run < 2 || seconds_since(start) < seconds; ++run) {
        const bool is_relayed = run % 2 == 0;
        const auto chain = founders.open(dir / ("connect" + std::to_string(run)));
        if (is_relayed) relay_to(*chain);
        const auto begun = Clock::now();
        const BlockOutcome outcome = chain->accept_block(block, now);
        double& figure = is_relayed ? best.relayed_ms : best.unknown_ms;
        figure = std::min(figure, 1e3 * seconds_since(begun));
        require(outcome.verdict == BlockVerdict::kValid, outcome.detail);
    }
    return best;
}

std::uint64_t bytes_below(const std::filesystem::path& dir) {
    std::uint64_t bytes = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(dir))
        bytes += entry.is_regular_file() ? entry.file_size() : 0;
    return bytes;
}

double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// The tlog-proof of an entry under a checkpoint with three cosignatures, as text.
std::string prove(const Chain& chain, LogIndex index) {
    const auto members = test::make_members(3);
    const Checkpoint checkpoint{chain.genesis().origin, chain.tip().log_size, chain.tip().log_root};
    Note note{checkpoint_text(checkpoint), {}};
    note.signatures.push_back(sign_checkpoint(checkpoint, members[0].log).value());
    for (const auto& member : members) {
        note.signatures.push_back(
            cosign_checkpoint(checkpoint, member.entry.name, 1'760'000'000, member.cosign).value());
    }
    TlogProof proof;
    proof.index = index;
    proof.path = chain.inclusion_path(index, chain.tip().log_size);
    proof.checkpoint = to_string(note);
    return to_string(proof);
}

int open_and_print(const std::filesystem::path& dir) {
    const auto genesis = read_file(dir / "genesis", 1 << 20);
    require(genesis.has_value(), "genesis");
    const auto begun = Clock::now();
    const auto chain = open_chain(dir / "c", *genesis);
    const double seconds = seconds_since(begun);
    const std::uint64_t size = chain->tip().log_size;
    double proof_us = 0;
    std::string proof;
    if (size > 0) {
        constexpr LogIndex kProofs = 1'000;
        const auto proving = Clock::now();
        for (LogIndex i = 0; i < kProofs; ++i)
            require(!chain->inclusion_path(i * 7919 % size, size).empty() || size == 1, "path");
        proof_us = 1e6 * seconds_since(proving) / kProofs;
        proof = prove(*chain, size / 3);
    }
    const std::size_t compact = proof.empty() ? 0 : encode_compact_proof(proof).size();
    std::printf("%.6f %.3f %.3f %zu %zu\n", seconds, resident_mb(), proof_us, compact,
                proof.size());
    return 0;
}

struct Opened {
    double seconds = 0, rss_mb = 0, proof_us = 0, proof_bytes = 0, proof_text_bytes = 0;
};

// The best of three: whatever else the machine does only ever slows it down.
Opened open_in_new_process(const std::filesystem::path& dir) {
    const std::string command =
        std::filesystem::read_symlink("/proc/self/exe").string() + " open " + dir.string();
    Opened best;
    for (int run = 0; run < 3; ++run) {
        FILE* pipe = ::popen(command.c_str(), "r");
        require(pipe != nullptr, "popen");
        Opened each;
        const int fields =
            std::fscanf(pipe, "%lf %lf %lf %lf %lf", &each.seconds, &each.rss_mb, &each.proof_us,
                        &each.proof_bytes, &each.proof_text_bytes);
        require(::pclose(pipe) == 0 && fields == 5, "the ledger does not open again");
        if (run == 0 || each.seconds < best.seconds) best = each;
    }
    return best;
}

void save_genesis(const std::filesystem::path& dir, const Bytes& genesis) {
    require(create_directories_durable(dir).has_value(), "folder");
    require(write_file_durable(dir / "genesis", genesis).has_value(), "genesis");
}

struct Tall {
    Opened opened;
    double build_s = 0, disk_mb = 0;
};

// A ledger of many blocks without transactions, held back in writes of 1,024.
Tall tall_ledger(std::size_t blocks, const std::filesystem::path& dir) {
    const test::Founders founders(1);
    save_genesis(dir, founders.genesis_bytes);
    Tall tall;
    {
        const auto chain = open_chain(dir / "c", founders.genesis_bytes);
        Growing growing(founders, chain);
        for (std::size_t i = 0; i < blocks; ++i) {
            const Bytes block = growing.make({});
            const auto begun = Clock::now();
            growing.take(block, Durable::kLater);
            tall.build_s += seconds_since(begun);
        }
        require(chain->flush().has_value(), "flush");
    }
    tall.opened = open_in_new_process(dir);
    tall.disk_mb = static_cast<double>(bytes_below(dir)) / (1 << 20);
    return tall;
}

// A log that grows to `entries`, looked at after 1,000, 10,000...; prints the rows of a JSON array.
void long_log(std::size_t entries, const std::filesystem::path& dir) {
    const test::Founders founders(1);
    save_genesis(dir, founders.genesis_bytes);
    Forgery forgery(founders);
    auto chain = open_chain(dir / "c", founders.genesis_bytes);
    Growing growing(founders, chain);
    std::size_t have = 0;
    std::size_t look_at = std::min<std::size_t>(1'000, entries);
    while (have < entries) {
        std::vector<Bytes> txs(std::min(kTxsAtOnce, look_at - have));
        std::ranges::generate(txs, [&] { return forgery.next(); });
        have += txs.size();
        const std::size_t of_block = txs.size();
        const Bytes block = growing.make(std::move(txs));
        const auto begun = Clock::now();
        growing.take(block, Durable::kNow);
        const double connect_us = 1e6 * seconds_since(begun) / static_cast<double>(of_block);
        if (have < look_at) continue;
        chain.reset();  // a folder has one owner
        const Opened opened = open_in_new_process(dir);
        chain = open_chain(dir / "c", founders.genesis_bytes);
        std::printf("%s{\"entries\": %zu, \"restart_s\": %.4f, \"rss_mb\": %.2f, \"proof_us\": %.2f, "
                    "\"proof_bytes\": %.0f, \"proof_text_bytes\": %.0f, \"disk_mb\": %.2f, "
                    "\"connect_us_per_tx\": %.2f}",
                    have > 1'000 ? ", " : "", have, opened.seconds, opened.rss_mb, opened.proof_us,
                    opened.proof_bytes, opened.proof_text_bytes,
                    static_cast<double>(bytes_below(dir)) / (1 << 20), connect_us);
        look_at = std::min(look_at * 10, entries);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string> words(argv + 1, argv + argc);
    if (words.size() == 2 && words[0] == "open") return open_and_print(words[1]);
    require(words.size() == 4 && words[0] == "measure", "measure BLOCKS ENTRIES SECONDS");
    const test::TempDir dir;
    const Connect connect = connect_ms(std::stod(words[3]), dir.path());
    const std::size_t blocks = std::stoul(words[1]);
    const Tall tall = tall_ledger(blocks, dir / "tall");
    std::printf("{\"block_connect_ms\": %.3f, \"block_connect_unknown_ms\": %.3f, \"blocks\": %zu, \"take_in_s\": %.3f, "
                "\"restart_s\": %.4f, \"restart_rss_mb\": %.2f, \"disk_mb\": %.2f, \"growth\": [",
                connect.relayed_ms, connect.unknown_ms, blocks, tall.build_s, tall.opened.seconds, tall.opened.rss_mb, tall.disk_mb);
    long_log(std::stoul(words[2]), dir / "long");
    std::printf("]}\n");
    return 0;
}
