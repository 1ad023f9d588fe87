// One simulated member: the chain, synchronisation, protocol and duties of production, over a disk,
// a network and a clock that the simulator owns. What PeerManager, Mining and Node do with them in
// production is done here without sockets: messages passed on, scores kept, blocks mined by
// lottery. One thread.

#pragma once

#include <functional>
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

// The key set of which each key is. An organisation replaces one key at a time.
struct KeysInUse {
    const test::ConsortiumMember *root, *tx, *seal, *vote, *cosign, *log;
    friend bool operator==(const KeysInUse&, const KeysInUse&) = default;
};

class Node {
  public:
    Node(World& world, ledger::Slot slot, const Organisation& organisation, Random random);
    Node(const Node&) = delete;
    Node& operator=(const Node&) = delete;
    ~Node();

    // From what is on the disk.
    void start();
    // All memory is lost.
    void stop();
    [[nodiscard]] bool is_up() const noexcept { return chain_ != nullptr; }
    // Counts starts.
    [[nodiscard]] std::uint64_t life() const noexcept { return life_; }

    // From another member's disk, as `assay ledger bundle` carries it.
    void read_bundle_of(const Node& other);
    [[nodiscard]] bool accepts(ledger::Slot peer) const;
    void on_connected(ledger::Slot peer);
    void on_closed(ledger::Slot peer);
    void on_message(ledger::Slot from, const Message& message);
    void tick();
    [[nodiscard]] Result<ledger::TxId> submit(ByteView tx);
    // By this member, for the next 10,000 blocks. Precondition: is_up().
    [[nodiscard]] Bytes make_transaction(ledger::TxType type,
                                         ByteView record,
                                         const std::string& subject,
                                         const crypto::PrivateKey& key);

    // Makes this member a liar.
    void corrupt(std::unique_ptr<Byzantine> liar);
    [[nodiscard]] bool is_honest() const noexcept { return liar_ == nullptr; }
    // It lost its record of own votes, or got an old one back: it counts among those that finality has
    // to tolerate. It cannot always know, and then may contradict itself.
    void forget(bool unknowingly) noexcept {
        forgot_ = true;
        may_contradict_ = may_contradict_ || unknowingly;
    }
    [[nodiscard]] bool forgot() const noexcept { return forgot_; }
    [[nodiscard]] bool may_contradict() const noexcept { return may_contradict_; }

    [[nodiscard]] ledger::Slot slot() const noexcept { return slot_; }
    [[nodiscard]] Disk& disk() noexcept { return disk_; }
    // Precondition of these: is_up().
    [[nodiscard]] ledger::Chain& chain() noexcept { return *chain_; }
    [[nodiscard]] const ledger::Chain& chain() const noexcept { return *chain_; }
    [[nodiscard]] const ledger::Sync& sync() const noexcept { return *sync_; }
    [[nodiscard]] const ledger::MemberDuties* duties() const noexcept { return duties_.get(); }
    // The operator's word after a loss of the record of own votes.
    void resume_voting() { (void)duties_->resume_voting(); }
    // Waits for its disk: it does nothing, and nothing that it has to say has left.
    [[nodiscard]] bool is_busy() const;
    // Once the disk is done with what it was given so far, if the node is still up by then.
    void once_written(std::function<void()> action);

    [[nodiscard]] const Organisation& organisation() const noexcept { return organisation_; }
    [[nodiscard]] const std::string& name() const noexcept { return organisation_.name; }
    // The keys that the node has in use: those that its chain named when it started.
    [[nodiscard]] const crypto::PrivateKey& seal_key() const noexcept { return keys_.seal->seal; }
    [[nodiscard]] const crypto::PrivateKey& vote_key() const noexcept { return keys_.vote->vote; }
    [[nodiscard]] const crypto::PrivateKey& tx_key() const noexcept { return keys_.tx->tx; }
    [[nodiscard]] const crypto::PrivateKey& cosign_key() const noexcept {
        return keys_.cosign->cosign;
    }
    [[nodiscard]] const crypto::PublicKey& tx_public() const noexcept { return keys_.tx->member.tx; }
    // The members named other keys since, which this organisation has.
    [[nodiscard]] bool lacks_new_keys() const;
    // Kept offline, so it is the one that the members name now. Precondition: is_up().
    [[nodiscard]] const crypto::PrivateKey& root_key() const;
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
    void depart(ledger::Slot to, const Message& message);
    void note_said(const ledger::PeerMessage& message);
    void penalise(const ledger::Penalty& penalty);
    void serve(ledger::Slot peer);
    [[nodiscard]] KeysInUse keys_in_force() const;
    [[nodiscard]] bool may_seal() const;
    void mine();
    void find_block(std::uint64_t search);
    // After whatever may have changed the chain.
    void settle();

    World& world_;
    const ledger::Slot slot_;
    const Organisation& organisation_;
    Random random_;
    KeysInUse keys_;
    Disk disk_;
    std::unique_ptr<ledger::Chain> chain_;  // null while down
    std::unique_ptr<ledger::Sync> sync_;
    std::unique_ptr<ledger::MemberDuties> duties_;
    std::map<ledger::Slot, Peer> peers_;
    std::map<ledger::Slot, Standing> standing_;
    std::unique_ptr<Byzantine> liar_;
    std::uint64_t life_ = 0;
    std::uint64_t ticks_ = 0;
    std::uint64_t search_ = 0;  // counts searches: the result of an older one is not wanted
    bool searching_ = false;
    bool settles_later_ = false;
    bool forgot_ = false;
    bool may_contradict_ = false;
    ledger::BlockId searched_on_;  // the parent
    ledger::BlockId settled_tip_;
};

}  // namespace assay::sim
