// What members write on the consortium ledger in the course of business: vendors they claim, and
// for these releases, recalls and statuses. Each waits until the one before it is final, as an OEM
// would. One thread.

#pragma once

#include <optional>
#include <vector>

#include "ledger/core/consortium_state.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

class Node;
class World;

class Load {
  public:
    Load(World& world, Random random) : world_{world}, random_{random} {}
    // To be called once a second.
    void tick();
    // The policy of a vendor nobody has heard of, so that no other transaction can stand in its way.
    [[nodiscard]] Bytes claim_vendor(Node& by);

  private:
    struct Line {
        ledger::Slot owner = 0;
        ledger::ReleaseKey key;
        ledger::TxId last;  // handed in
    };
    void next_of(Node& node, Line& line);
    [[nodiscard]] bool is_settled(Node& node, const Line& line) const;
    [[nodiscard]] Bytes policy(Node& by, const ledger::Uuid& vendor, std::uint64_t version) const;
    [[nodiscard]] Bytes release(Node& by, const Line& line, std::uint64_t sequence) const;
    [[nodiscard]] Bytes recall(Node& by, const ledger::LeafHash& release) const;
    [[nodiscard]] Bytes status(Node& by, const Line& line, const ledger::LeafHash& release) const;
    void hand_in(Node& node, Line& line, const Bytes& tx);

    World& world_;
    Random random_;
    Millis next_ = 0;
    std::uint64_t vendors_ = 0;
    std::vector<Line> lines_;
};

}  // namespace assay::sim
