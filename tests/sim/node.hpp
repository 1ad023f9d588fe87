// One simulated member: the chain, synchronisation, protocol and duties of production, over a disk,
// a network and a clock that the simulator owns. What PeerManager, Mining and Node do with them in
// production is done here without sockets: messages passed on, scores kept, blocks mined by
// lottery. One thread.

#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>

#include "ledger/net/peer_protocol.hpp"
#include "ledger/node/member_duties.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/founders.hpp"
#include "tests/sim/network.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

class Byzantine;
class World;

// That a block with this target takes on average.
[[nodiscard]] double expected_hashes(std::uint32_t bits);

class Node {
  public:
    Node(World& world, ledger::Slot slot, Random random);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node();

    // From what is on the disk.
    void start();
    // All memory is lost.
    void stop();
    [[nodiscard]] bool is_up() const noexcept { return chain_ != nullptr; }

    [[nodiscard]] bool accepts(ledger::Slot peer) const;
    void on_connected(ledger::Slot peer);
    void on_closed(ledger::Slot peer);
    void on_message(ledger::Slot from, const ledger::PeerMessage& message);
    void tick();
    [[nodiscard]] Result<ledger::TxId> submit(ByteView tx);

    // Makes this member a liar.
    void corrupt(std::unique_ptr<Byzantine> liar);
    [[nodiscard]] bool is_honest() const noexcept { return liar_ == nullptr; }

    [[nodiscard]] ledger::Slot slot() const noexcept { return slot_; }
    [[nodiscard]] Disk& disk() noexcept { return disk_; }
    // Precondition of these: is_up().
    [[nodiscard]] ledger::Chain& chain() noexcept { return *chain_; }
    [[nodiscard]] const ledger::Sync& sync() const noexcept { return *sync_; }
    [[nodiscard]] const ledger::MemberDuties* duties() const noexcept { return duties_.get(); }

    [[nodiscard]] const test::ConsortiumMember& keys() const;
    [[nodiscard]] ledger::SyncTime time() const;
    [[nodiscard]] Timestamp wall() const { return time().wall; }

    // For liars: into the own chain as a miner does, and to one peer past the own protocol.
    ledger::BlockVerdict take_own_block(const Bytes& block);
    void send(ledger::Slot to, ledger::PeerMessage message);
    [[nodiscard]] Random& random() noexcept { return random_; }
    [[nodiscard]] World& world() noexcept { return world_; }

    double hash_rate = 0;  // a second
    Millis clock_skew = 0;

  private:
    struct Peer {
        explicit Peer(ledger::PeerProtocol spoken) : protocol{std::move(spoken)} {}
        ledger::PeerProtocol protocol;
    };
    struct Standing {
        int score = 0;
        Millis discouraged_until = 0;
    };

    void apply(ledger::Slot from, ledger::Actions actions);
    void broadcast(const Message& message, ledger::Slot except);
    void penalise(const ledger::Penalty& penalty);
    void serve(ledger::Slot peer);
    void mine();
    void find_block(std::uint64_t search);
    // After whatever may have changed the chain.
    void settle();

    World& world_;
    const ledger::Slot slot_;
    Random random_;
    Disk disk_;
    std::unique_ptr<ledger::Chain> chain_;  // null while down
    std::unique_ptr<ledger::Sync> sync_;
    std::unique_ptr<ledger::MemberDuties> duties_;
    std::map<ledger::Slot, Peer> peers_;
    std::map<ledger::Slot, Standing> standing_;
    std::unique_ptr<Byzantine> liar_;
    std::uint64_t ticks_ = 0;
    std::uint64_t search_ = 0;  // counts searches: the result of an older one is not wanted
    bool searching_ = false;
    ledger::BlockId searched_on_;  // the parent
    ledger::BlockId settled_tip_;
};

}  // namespace assay::sim
