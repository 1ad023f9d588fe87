// The people at the members: until the run is healed they propose changes of members, and always they
// approve what others propose, start nodes of those who joined, and restart nodes whose keys were
// replaced. They keep within what finality tolerates: never more liars than a third. One thread.

#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "ledger/core/governance_state.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

class Node;
class World;

class Operators {
  public:
    // Nothing new is proposed from `until` on.
    Operators(World& world, Random random, Millis until);
    // To be called once a second.
    void tick();

  private:
    enum class Deed {
        kRotate,
        kAdd,
        kRemove,
        kDropNode,
        kRegainNode,
        kRecover,
        kSetParam,
        kRevoke,
    };
    // The one change under way that takes a node away; more at once could leave too many liars.
    struct Shrinking {
        ledger::Slot slot = 0;
        bool leaves = false;  // the members, and not only the nodes
    };

    void do_something();
    bool rotate(Node& node, ledger::KeyPurpose purpose);
    bool add();
    bool shrink(Node& node, bool leaves);
    bool regain(Node& node);
    bool recover(Node& node);
    bool set_param();
    bool revoke(Node& node);
    bool propose(ledger::RegistryChange change);
    void approve_some(Node& node);
    void seat_newcomers();
    void note_shrunk();
    void carry_bundle_to(Node& node);

    [[nodiscard]] bool is_node(ledger::Slot slot) const;
    [[nodiscard]] bool may_shrink(const Node& node) const;
    // An honest member whose node runs; null if there is none.
    [[nodiscard]] Node* any_running();
    [[nodiscard]] static const ledger::Member* entry_of(Node& node);

    World& world_;
    Random random_;
    const Millis until_;
    Millis next_deed_ = 0;
    std::map<std::pair<ledger::Slot, ledger::KeyPurpose>, std::size_t> replaced_;  // keys
    std::map<ledger::Slot, std::size_t> recovered_;
    std::size_t invited_ = 0;
    std::set<ledger::Slot> dropped_;  // are members without NODE
    std::optional<Shrinking> shrinking_;
    std::set<ledger::LeafHash> proposed_;
    std::map<std::pair<ledger::Slot, ledger::LeafHash>, Millis> approved_;
    std::set<ledger::Slot> left_key_behind_;  // liars that go on with old keys
};

}  // namespace assay::sim
