// One run: members, network, faults and liars, all of it a function of the seed. The invariants
// (docs/simulator.md) are checked while it runs, the dear ones at its end. One thread.

#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "tests/sim/final_ledger.hpp"
#include "tests/sim/founders.hpp"
#include "tests/sim/gateways.hpp"
#include "tests/sim/load.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/operators.hpp"
#include "tests/sim/summary.hpp"

namespace assay::sim {

struct Options {
    // False: plain proof of work as in the paper, and member 0 has a hundred times the others' hash
    // power. The rules themselves are switched by the caller.
    bool finality = true;
    std::ostream* trace = nullptr;
};

class World final : public Endpoints {
  public:
    World(std::uint64_t seed, const AllFounders& founders, Options options);
    ~World() override;

    // To be called once.
    [[nodiscard]] Summary run();

    [[nodiscard]] EventQueue& queue() noexcept { return queue_; }
    [[nodiscard]] Network& network() noexcept { return network_; }
    [[nodiscard]] const Founders& founders() const noexcept { return founders_; }
    [[nodiscard]] const Options& options() const noexcept { return options_; }
    // Who was ever a member; slots count up to here.
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }
    [[nodiscard]] Node& node(std::size_t slot) noexcept { return *nodes_[slot]; }
    [[nodiscard]] const Node& node(std::size_t slot) const noexcept { return *nodes_[slot]; }
    [[nodiscard]] Summary& summary() noexcept { return summary_; }
    [[nodiscard]] const FinalLedger& final_ledger() const noexcept { return final_; }
    // Of any kind that the ledger takes, for liars' branches.
    [[nodiscard]] Bytes harmless_transaction(Node& by);
    // Of one honest member on an ordinary day.
    [[nodiscard]] double ordinary_hash_rate() const noexcept;
    [[nodiscard]] bool is_healed() const noexcept { return healed_; }

    // To an honest member, which answers for it from then on: it becomes final. False if refused.
    bool hand_in(Node& node, const Bytes& tx);
    void note_handed_in(Node& node, const Bytes& tx);
    // The next slot is this organisation's, whose node starts after `delay`.
    void seat(const Organisation& organisation, Millis delay);
    void note_left(ledger::Slot slot);
    [[nodiscard]] bool has_left(ledger::Slot slot) const { return left_.contains(slot); }
    // Whether finality tolerates that this member does not vote, or contradicts itself, too.
    [[nodiscard]] bool may_forget(const Node& node) const;
    [[nodiscard]] bool is_consortium() const noexcept {
        return founders_.genesis.kind == ledger::LedgerKind::kConsortium;
    }

    // Members tell what happened to them; the world looks whether it may.
    void note_chain(Node& node);
    void note_vote(Node& node, const ledger::Vote& vote);
    void note_epoch_signature(Node& node, const ledger::EpochSignatureMessage& message);
    void note_checkpoint(Node& node, const std::string& text);
    // Its disk is empty: what it had to itself alone is lost.
    void note_wiped(Node& node);
    void note_mined(Node& node, const ledger::BlockOutcome& outcome);
    void note_penalty(Node& node, const ledger::Penalty& penalty);
    void note_discouraged(Node& node, const ledger::Penalty& penalty);
    // The disk lost power under the member: it goes down and comes back.
    void note_crash(Node& node);
    void note_lie(Node& node, const std::string& kind, const std::string& detail = {});
    void crash(Node& node, Millis down_for);
    void fail_run(const std::string& what);
    template <typename Text>
    void trace(const Node* node, Text text) {
        if (options_.trace != nullptr) write_trace(node, text());
    }

    [[nodiscard]] bool accepts(ledger::Slot self, ledger::Slot peer) override;
    void on_connected(ledger::Slot self, ledger::Slot peer) override;
    void on_closed(ledger::Slot self, ledger::Slot peer) override;
    void on_message(ledger::Slot self, ledger::Slot from, const Message& message) override;

  private:
    struct Seen {                             // of one member's chain
        std::vector<ledger::BlockId> branch;  // by height
        ledger::ChainPoint final;
        ledger::BlockHeight counted_final = 0;
        std::vector<ledger::Vote> votes;  // its own
        std::map<std::uint64_t, Sha256Digest> epochs;        // it signed, by number
        std::map<std::uint64_t, LogHash> cosigned;           // roots, by size
    };
    struct Pending {
        ledger::Slot by = 0;
        Bytes bytes;
        Millis submitted = 0;
        bool calm = false;
        std::set<ledger::Slot> final_at;
    };

    void plan_members();
    Node& add_node(const Organisation& organisation);
    void every_second();
    void heal();
    void write_trace(const Node* node, const std::string& text);

    // invariants.cpp
    void check_bounds(Node& node);
    void check_live();
    void check_end(Node& node);
    void check_diversity(Node& node, ledger::BlockHeight from);
    void note_reorganisation(Node& node, std::size_t depth, ledger::BlockHeight fork);
    void note_final(Node& node);
    void count_final(Node& node, ledger::BlockHeight height);
    void check_new_final(const Bytes& block);
    [[nodiscard]] bool is_final_everywhere(const Pending& pending) const;
    [[nodiscard]] bool is_excused(const Pending& pending);
    // An honest member whose node runs and who did not leave.
    [[nodiscard]] bool counts(const Node& node) const;

    const std::uint64_t seed_;
    const Options options_;
    Random random_;
    const Founders& founders_;
    EventQueue queue_;
    Network network_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Seen> seen_;
    FinalLedger final_;
    std::map<ledger::TxId, Pending> pending_;
    std::unordered_set<ledger::BlockId> diverse_;  // blocks whose window was looked at
    std::set<ledger::Slot> left_;
    Load load_;
    Gateways gateways_;
    std::optional<Operators> operators_;
    Summary summary_;
    Millis healing_ = 0;
    ledger::BlockHeight healed_at_ = 0;  // what was final then
    std::uint64_t healed_log_size_ = 0;
    Millis end_ = 0;
    bool healed_ = false;
    bool failed_ = false;
};

}  // namespace assay::sim
