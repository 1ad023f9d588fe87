// One run: members, network, faults and liars, all of it a function of the seed. The invariants
// (I1 to I10 of docs/simulator.md) are checked while it runs, the dear ones at its end. One thread.

#pragma once

#include <functional>
#include <iosfwd>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tests/sim/founders.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/node.hpp"
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
    [[nodiscard]] std::size_t size() const noexcept { return founders_.members.size(); }
    [[nodiscard]] Node& node(std::size_t slot) noexcept { return *nodes_[slot]; }
    [[nodiscard]] Summary& summary() noexcept { return summary_; }
    // Of one honest member on an ordinary day.
    [[nodiscard]] double ordinary_hash_rate() const noexcept;
    [[nodiscard]] bool is_healed() const noexcept { return healed_; }
    // Claims a vendor of its own, so that none can stand in the way of another.
    [[nodiscard]] Bytes make_transaction(const Node& by, ledger::BlockHeight valid_until);

    // Members tell what happened to them; the world looks whether it may.
    void note_chain(Node& node);
    void note_vote(Node& node, const ledger::Vote& vote);
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
    };
    struct Pending {
        Millis submitted = 0;
        bool calm = false;
        std::set<ledger::Slot> final_at;
    };

    void plan_members();
    void every_second();
    void submit_to(Node& node);
    void heal();
    void check_bounds(Node& node);
    void check_live();
    void check_diversity(Node& node, ledger::BlockHeight from);
    void note_reorganisation(Node& node, std::size_t depth, ledger::BlockHeight fork);
    void note_final(Node& node);
    void count_final(Node& node, const ledger::BlockId& id);
    void write_trace(const Node* node, const std::string& text);

    const std::uint64_t seed_;
    const Options options_;
    Random random_;
    const Founders& founders_;
    EventQueue queue_;
    Network network_;
    std::vector<std::unique_ptr<Node>> nodes_;
    std::vector<Seen> seen_;
    std::map<ledger::BlockHeight, ledger::BlockId> final_;  // by whichever honest member first
    std::map<ledger::TxId, Pending> pending_;
    std::unordered_map<ledger::BlockId, std::vector<ledger::TxId>> txs_of_;
    std::unordered_set<ledger::BlockId> diverse_;  // blocks whose window was looked at
    Summary summary_;
    Millis next_transaction_ = 0;
    std::uint64_t made_transactions_ = 0;
    Millis end_ = 0;
    bool healed_ = false;
    bool failed_ = false;
};

}  // namespace assay::sim
