// Gateways on the gateway ledger: their devices send receipts until they are acknowledged, and the
// store and recorder of production bring these onto the ledger, each in one batch (I12). And what
// gateways offer of the consortium ledger (I11). One thread.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "host/base/bytes.hpp"
#include "ledger/core/ids.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

class Node;
class World;

// A release that the member's chain offers although its recall is final there, in words (I11).
[[nodiscard]] std::optional<std::string> recalled_but_offered(World& world, Node& node);

class Gateways {
  public:
    Gateways(World& world, Random random) : world_{world}, random_{random} {}

    // To be called once a second.
    void tick();
    // The only batch of a liar: of receipts that nobody has.
    [[nodiscard]] Bytes batch_by(Node& liar);
    // I12: what was acknowledged by then is in exactly one final batch, and batches hold nothing else.
    [[nodiscard]] std::optional<std::string> check(Node& node, Millis acknowledged_by) const;
    [[nodiscard]] std::uint64_t acknowledged() const noexcept { return acknowledged_; }

  private:
    struct Gateway;  // of one member, over all its lives
    void open(Node& node, Gateway& gateway);
    void hear(Node& node, Gateway& gateway, std::size_t device);

    World& world_;
    Random random_;
    std::map<ledger::Slot, std::shared_ptr<Gateway>> gateways_;
    std::uint64_t acknowledged_ = 0;
};

}  // namespace assay::sim
