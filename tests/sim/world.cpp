#include "tests/sim/world.hpp"

#include <iomanip>
#include <ostream>

#include "host/base/text_encoding.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/core/vendor_policy.hpp"
#include "tests/sim/byzantine.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/final_checks.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr std::array<std::size_t, 8> kSizes{1, 2, 3, 4, 5, 7, 10, 13};
constexpr Millis kQuietStart = kMinute;
constexpr Millis kLiveness = Millis{40} * kInterval * kSecond;  // I10: 40 T
// A block at the floor of difficulty comes eight times as fast as T: there is room below.
constexpr double kFloorFactor = 8;
constexpr BlockHeight kConfirmed = 6;  // blocks, as is the custom with plain proof of work

std::string name(const BlockId& id) { return to_hex(id.view()).substr(0, 8); }

const Founders& founders_of(std::uint64_t seed, const AllFounders& founders) {
    Random choice(seed ^ 0x5eed);
    return founders.at(kSizes[choice.below(kSizes.size())]);
}

}  // namespace

World::World(std::uint64_t seed, const AllFounders& founders, Options options)
    : seed_{seed},
      options_{options},
      random_{seed},
      founders_{founders_of(seed, founders)},
      network_{queue_, random_.fork(), founders_.members.size(), *this},
      seen_(founders_.members.size()) {}

World::~World() {
    for (auto& node : nodes_) node->stop();
}

double World::ordinary_hash_rate() const noexcept {
    return 65'536 * kFloorFactor / kInterval / static_cast<double>(founders_.members.size());
}

Summary World::run() {
    summary_.runs = 1;
    summary_.members[std::to_string(size())] = 1;
    plan_members();
    const Millis healing = kQuietStart + static_cast<Millis>(random_.between(8, 18) * kMinute);
    queue_.after(kQuietStart, [this, healing] { plan_faults(*this, random_.fork(), healing); });
    queue_.after(healing, [this] { heal(); });
    queue_.after(0, [this] { every_second(); });
    end_ = healing + kLiveness;
    while (!failed_ && queue_.run_next(end_)) {
    }
    if (!failed_ && options_.finality) check_live();
    for (auto& node : nodes_) {
        if (failed_) break;
        if (!node->is_up() || !node->is_honest()) continue;
        for (const auto& wrong : {check_log(node->chain(), node->disk()),
                                  check_replay(node->chain(), node->disk(), founders_),
                                  check_difficulty(node->chain())}) {
            if (wrong) fail_run("m" + std::to_string(node->slot()) + ": " + *wrong);
        }
        if (size() > 5 && node->slot() > 2) break;  // what they agree on need not be computed again
    }
    summary_.final_blocks = final_.size();
    summary_.events = queue_.count();
    summary_.virtual_time = queue_.now();
    summary_.runs_with_reverted = summary_.confirmed_reverted > 0 ? 1 : 0;
    return summary_;
}

void World::plan_members() {
    for (std::size_t i = 0; i < size(); ++i) {
        nodes_.push_back(std::make_unique<Node>(*this, static_cast<Slot>(i), random_.fork()));
        nodes_[i]->hash_rate = ordinary_hash_rate();
        nodes_[i]->clock_skew = static_cast<Millis>(random_.between(-2'000, 2'000));
    }
    // As many liars as finality tolerates, or fewer.
    const std::size_t tolerated = (size() - 1) / 3;
    std::size_t liars = tolerated == 0 ? 0 : random_.below(tolerated + 1);
    if (!options_.finality) liars = size() > 2 ? 1 : 0;
    for (std::size_t i = 0; i < liars; ++i) {
        // In slot order from a random one on; with the paper's rules it is the farm alone.
        const std::size_t slot = options_.finality ? (seed_ + 2 * i) % size() : 0;
        if (!nodes_[slot]->is_honest()) continue;
        if (!options_.finality) nodes_[slot]->hash_rate = 0;  // all of it is for its attacks
        nodes_[slot]->corrupt(std::make_unique<Byzantine>(*nodes_[slot], !options_.finality));
    }
    for (auto& node : nodes_) node->start();
}

void World::every_second() {
    network_.tick();
    for (auto& node : nodes_) node->tick();
    if (queue_.now() >= next_transaction_) {
        submit_to(node(random_.below(size())));
        next_transaction_ = queue_.now() + static_cast<Millis>(random_.exponential(45 * kSecond));
    }
    if (queue_.now() / kSecond % 60 == 0) {
        for (auto& node : nodes_) check_bounds(*node);
    }
    queue_.after(kSecond, [this] { every_second(); });
}

Bytes World::make_transaction(const Node& by, BlockHeight valid_until) {
    VendorPolicy policy;
    policy.vendor = {};
    for (std::size_t i = 0; i < 8; ++i) {
        policy.vendor[i] = static_cast<std::byte>(made_transactions_ >> (8 * i) & 0xff);
    }
    ++made_transactions_;
    policy.version = 1;
    policy.keys = {{by.slot(), by.keys().member.tx}};
    policy.threshold = 1;
    const Bytes encoded = encode_vendor_policy(policy);
    TxBody body;
    body.type = TxType::kVendorPolicy;
    body.chain_id = founders_.chain_id;
    body.slot = by.slot();
    body.valid_until = valid_until;
    body.body = encoded;
    const crypto::PrivateKey* const keys[] = {&by.keys().root};
    return sign_transaction(body, {by.keys().member.name, subject_of(policy), keys}).value();
}

void World::submit_to(Node& node) {
    if (!node.is_up() || !node.is_honest()) return;
    const auto accepted = node.submit(make_transaction(node, node.chain().tip().height + 10'000));
    if (!accepted) return;  // its disk failed
    ++summary_.transactions;
    trace(&node, [&] { return "submits transaction " + to_hex(accepted->view()).substr(0, 8); });
    Pending pending;
    pending.submitted = queue_.now();
    pending.calm = healed_;
    pending_.emplace(*accepted, std::move(pending));
}

void World::heal() {
    healed_ = true;
    trace(nullptr, [] { return std::string("healed"); });
    network_.heal();
    for (auto& node : nodes_) {
        node->clock_skew = static_cast<Millis>(random_.between(-2'000, 2'000));
        if (size() > 1 && node->is_honest()) node->hash_rate = ordinary_hash_rate();
        if (node->disk().full() || node->disk().crashed()) {
            node->disk().recover();
            if (node->is_up()) node->stop();
        }
        if (!node->is_up()) node->start();
    }
}

// --- what members tell ---------------------------------------------------------------------------

void World::note_chain(Node& node) {
    Chain& chain = node.chain();
    if (chain.has_failed()) return;  // it knows nothing any more, and says nothing
    Seen& seen = seen_[node.slot()];
    const ChainTip& tip = chain.tip();
    const bool moved =
        seen.branch.size() != std::size_t{tip.height} + 1 || seen.branch.back() != tip.id;
    if (moved) {
        BlockHeight fork = static_cast<BlockHeight>(
            std::min<std::size_t>(seen.branch.size(), std::size_t{tip.height} + 1));
        while (fork > 0 && chain.id_at(fork - 1) != seen.branch[fork - 1]) --fork;
        const std::size_t depth = seen.branch.size() - fork;
        seen.branch.resize(fork);
        for (BlockHeight height = fork; height <= tip.height; ++height)
            seen.branch.push_back(*chain.id_at(height));
        trace(&node, [&] {
            return "tip " + std::to_string(tip.height) + ' ' + name(tip.id) +
                   (depth > 0 ? " after leaving " + std::to_string(depth) + " blocks" : "");
        });
        if (depth > 0) note_reorganisation(node, depth, fork);
        if (node.is_honest() && options_.finality) check_diversity(node, fork);
    }
    if (chain.final_block() != seen.final) note_final(node);
    if (node.is_honest() && !chain.conflict().empty()) fail_run("I1: " + chain.conflict());
}

void World::note_reorganisation(Node& node, std::size_t depth, BlockHeight fork) {
    if (!node.is_honest()) return;
    ++summary_.reorganisations;
    summary_.deepest_reorganisation =
        std::max<std::uint64_t>(summary_.deepest_reorganisation, depth);
    if (depth >= kConfirmed) summary_.confirmed_reverted += depth - kConfirmed + 1;
    if (fork <= seen_[node.slot()].final.height && seen_[node.slot()].final.height > 0) {
        fail_run("I2: m" + std::to_string(node.slot()) + " left its final block " +
                 std::to_string(seen_[node.slot()].final.height));
    }
}

// I4. Of s blocks in a row no two are by one member.
void World::check_diversity(Node& node, BlockHeight from) {
    const Chain& chain = node.chain();
    const std::uint32_t window = chain.epoch().diversity_window();
    const BlockHeight first = from > window ? from - window : 1;
    const auto before = chain.id_at(first - 1);
    const BlockId start[] = {before.value_or(BlockId{})};
    const auto headers = chain.headers_after(start, chain.tip().height);
    for (std::size_t i = 0; i < headers.size(); ++i) {
        if (!diverse_.insert(headers[i].id()).second) continue;
        for (std::size_t k = i - std::min<std::size_t>(i, window - 1); k < i; ++k) {
            if (headers[k].header.slot() != headers[i].header.slot()) continue;
            fail_run("I4: m" + std::to_string(headers[i].header.slot()) +
                     " sealed two of s blocks in a row");
        }
    }
}

void World::note_final(Node& node) {
    const Chain& chain = node.chain();
    Seen& seen = seen_[node.slot()];
    const ChainPoint final = chain.final_block();
    if (final.height < seen.final.height) {
        return fail_run("I2: the final block of m" + std::to_string(node.slot()) +
                        " went back to " + std::to_string(final.height));
    }
    seen.final = final;
    if (!node.is_honest()) return;
    trace(&node, [&] { return "final " + std::to_string(final.height) + ' ' + name(final.id); });
    for (BlockHeight height = seen.counted_final + 1; height <= final.height; ++height) {
        const auto id = chain.id_at(height);
        if (!id || (height == final.height && *id != final.id)) {
            return fail_run("I2: m" + std::to_string(node.slot()) +
                            " is not on the branch of its final block " + std::to_string(height));
        }
        const auto [entry, is_new] = final_.emplace(height, *id);
        if (entry->second != *id) {
            return fail_run("I1: m" + std::to_string(node.slot()) + " has another final block " +
                            std::to_string(height) + " than others");
        }
        count_final(node, *id);
    }
    seen.counted_final = final.height;
}

void World::count_final(Node& node, const BlockId& id) {
    const auto [known, is_new] = txs_of_.try_emplace(id);
    if (is_new) {
        const auto bytes = node.chain().block(id);
        const auto block = decode_block(bytes.value());
        for (std::size_t i = 1; i < block->txs.size(); ++i)
            known->second.push_back(tx_id(block->txs[i]));
    }
    const auto honest = static_cast<std::size_t>(
        std::ranges::count_if(nodes_, [](const auto& each) { return each->is_honest(); }));
    for (const TxId& tx : known->second) {
        const auto pending = pending_.find(tx);
        if (pending == pending_.end()) continue;
        pending->second.final_at.insert(node.slot());
        if (pending->second.final_at.size() < honest) continue;
        ++summary_.final_transactions;
        (pending->second.calm ? summary_.calm_finality : summary_.faulty_finality)
            .push_back(queue_.now() - pending->second.submitted);
        pending_.erase(pending);
    }
}

// I3: no honest member contradicts a vote of its own.
void World::note_vote(Node& node, const Vote& vote) {
    if (vote.slot != node.slot() || !node.is_honest()) return;
    auto& votes = seen_[node.slot()].votes;
    for (const Vote& other : votes) {
        if (other.link == vote.link) return;
        if (contradicts(other, vote)) {
            return fail_run("I3: m" + std::to_string(node.slot()) + " contradicts itself");
        }
    }
    votes.push_back(vote);
}

void World::note_mined(Node& node, const BlockOutcome& outcome) {
    if (!node.is_honest() || node.disk().crashed() || node.disk().full()) return;
    if (outcome.verdict != BlockVerdict::kValid) {
        return fail_run("m" + std::to_string(node.slot()) + " mined a block that is " +
                        std::string(to_string(outcome.verdict)) + ": " + outcome.detail);
    }
    ++summary_.blocks;
    trace(&node, [&] { return "mines " + name(outcome.id); });
}

void World::note_penalty(Node& node, const Penalty& penalty) {
    trace(&node, [&] {
        return "blames m" + std::to_string(penalty.slot) + " by " + std::to_string(penalty.score) +
               ": " + penalty.reason;
    });
    const bool innocent = penalty.slot != node.slot() && nodes_[penalty.slot]->is_honest();
    if (node.is_honest() && innocent && penalty.score >= kPenaltyMalformed) {
        fail_run("I9: m" + std::to_string(node.slot()) + " blames the honest m" +
                 std::to_string(penalty.slot) + ": " + penalty.reason);
    }
}

void World::note_discouraged(Node& node, const Penalty& penalty) {
    if (!node.is_honest()) return;
    ++summary_.discouraged;
    if (nodes_[penalty.slot]->is_honest()) {
        fail_run("I9: m" + std::to_string(node.slot()) + " cuts off the honest m" +
                 std::to_string(penalty.slot) + ": " + penalty.reason);
    }
}

void World::note_crash(Node& node) {
    crash(node, static_cast<Millis>(random_.between(kSecond, 90 * kSecond)));
}

void World::crash(Node& node, Millis down_for) {
    trace(&node, [] { return std::string("crashes"); });
    // After this event: the member may still be on the stack.
    queue_.after(0, [this, &node] {
        if (node.is_up()) node.stop();
    });
    queue_.after(std::max<Millis>(down_for, 1), [this, &node] {
        if (node.is_up() || failed_) return;
        node.disk().recover();
        trace(&node, [] { return std::string("starts"); });
        node.start();
    });
}

void World::note_lie(Node& node, const std::string& kind, const std::string& detail) {
    ++summary_.lies[kind];
    trace(&node, [&] { return "lies: " + kind + ' ' + detail; });
}

// --- invariants ----------------------------------------------------------------------------------

// I9: what a member keeps of others is bounded.
void World::check_bounds(Node& node) {
    if (!node.is_up()) return;
    for (std::size_t peer = 0; peer < size(); ++peer) {
        if (node.sync().waiting().count(static_cast<Slot>(peer)) > kWaitingBlocksMax) {
            fail_run("I9: more waiting blocks than allowed");
        }
    }
    if (node.duties() != nullptr &&
        node.duties()->votes().size() > size() * kVoteHeightsOfSlotMax * kVotesAtHeightMax) {
        fail_run("I9: more votes than allowed");
    }
}

// I10: within 40 T of healing, all that was accepted before is final everywhere.
void World::check_live() {
    const Millis deadline = end_ - kLiveness;
    for (const auto& [id, pending] : pending_) {
        if (pending.submitted > deadline) continue;
        return fail_run("I10: transaction " + to_hex(id.view()).substr(0, 8) + " is final at " +
                        std::to_string(pending.final_at.size()) + " members only, " +
                        std::to_string(kLiveness / kSecond) + " s after healing");
    }
}

void World::fail_run(const std::string& what) {
    if (failed_) return;
    failed_ = true;
    trace(nullptr, [&] { return "FAILED: " + what; });
    Failure failure;
    failure.seed = seed_;
    failure.what = what + " (at " + std::to_string(queue_.now() / kSecond) + " s, " +
                   std::to_string(size()) + " members)";
    summary_.failures.push_back(std::move(failure));
}

void World::write_trace(const Node* node, const std::string& text) {
    std::ostream& out = *options_.trace;
    out << std::fixed << std::setprecision(3) << std::setw(10)
        << static_cast<double>(queue_.now()) / 1e3 << "  ";
    if (node == nullptr) {
        out << "--";
    } else {
        out << 'm' << node->slot() << (node->is_honest() ? "" : "!");
    }
    out << "  " << text << '\n';
}

// --- network -------------------------------------------------------------------------------------

bool World::accepts(Slot self, Slot peer) { return nodes_[self]->accepts(peer); }
void World::on_connected(Slot self, Slot peer) { nodes_[self]->on_connected(peer); }
void World::on_closed(Slot self, Slot peer) { nodes_[self]->on_closed(peer); }
void World::on_message(Slot self, Slot from, const Message& message) {
    nodes_[self]->on_message(from, *message);
}

}  // namespace assay::sim
