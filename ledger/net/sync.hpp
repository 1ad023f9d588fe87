// What the peers of one chain share while they bring it up to date: which blocks are under way,
// which wait for their parent or their time, and the way of each block into the Chain. No sockets;
// time is passed in; one thread. Used by peer_protocol.hpp.

#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/base/clock.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/net/download_table.hpp"
#include "ledger/net/peer_message.hpp"
#include "ledger/net/waiting_blocks.hpp"

namespace assay::ledger {

struct SyncTime {
    SteadyTime steady;  // for time-outs
    Timestamp wall;     // for the rules
};

// Scores add up per member; at 100 it is disconnected and named to the operator.
inline constexpr int kPenaltyMax = 100;
inline constexpr int kPenaltyInvalid = 100;  // seal, work, signature, proof
inline constexpr int kPenaltyMalformed = 50;
inline constexpr int kPenaltyUnasked = 20;
// Slow lines are nobody's fault, and honest members behind one must not cut each other off: who stalls
// is asked for less (download_table.hpp). It costs nothing; the status of the peer names it.
inline constexpr int kPenaltyStall = 0;

struct Penalty {
    Slot slot = 0;  // not always the peer that was just heard: an orphan is judged late
    int score = 0;
    std::string reason;
};

// What the operator should hear of a member that is not to blame for it, or may not be.
struct Notice {
    Slot slot = 0;
    std::string name;  // "peer-transactions-refused"
    std::string what;
};

// What is to be done after a message or a tick.
struct Actions {
    std::vector<PeerMessage> replies;      // to this peer, in order
    std::vector<PeerMessage> relays;       // to every other peer
    std::vector<PeerMessage> broadcasts;   // to every peer
    std::vector<std::string> checkpoints;  // texts this peer sent, to be judged and gathered
    std::vector<std::string> cosigned;     // texts this member has just signed itself
    std::vector<Vote> votes;               // that this peer sent, for the member's duties
    std::vector<EpochSignatureMessage> epoch_signatures;  // likewise
    std::vector<Penalty> penalties;
    std::vector<Notice> notices;
    std::vector<BlobPart> blob_parts;  // that were asked of it
    bool was_asked = false;  // the message was an answer of use: it counts towards no flood
    bool greeted = false;  // the peer's hello was accepted just now
    bool block_added = false;  // to any branch
    bool tip_changed = false;
    bool certificate_added = false;  // a block under construction should carry it
    bool transaction_added = false;
};

// What this member keeps of what transactions name by its SHA-256; nothing if it does not have it.
using ReadBlob = std::function<std::optional<Bytes>(const Sha256Digest& hash)>;

// What the peers of one chain share.
class Sync {
  public:
    explicit Sync(Chain& chain) : chain_{chain} {}

    // Gives a block to the chain, and after it those that waited for it. With Durable::kLater the
    // caller has many more on the way: `actions` says nothing of it until it is on the disk, with the
    // next block that is not held, or with settle().
    void accept_block(WaitingBlocks::Block block,
                      Timestamp now,
                      Actions& actions,
                      Durable durable = Durable::kNow);
    // Puts on the disk what is held. To be called about once a second.
    void settle(Actions& actions);
    // Tries again the blocks whose time has come.
    void retry_early(Timestamp now, Actions& actions);
    void forget(Slot peer);

    // Neither here nor waiting to be judged.
    [[nodiscard]] bool lacks(const InventoryItem& item) const;

    // Whether one more block of this peer could wait, should it turn out to be an orphan.
    [[nodiscard]] bool has_room_for_block_of(Slot peer) const;

    // Without it this member has none.
    void serve_blobs(ReadBlob read) { read_blob_ = std::move(read); }
    [[nodiscard]] std::optional<Bytes> read_blob(const Sha256Digest& hash) const {
        return read_blob_ ? read_blob_(hash) : std::nullopt;
    }

    [[nodiscard]] Chain& chain() noexcept { return chain_; }
    [[nodiscard]] const Chain& chain() const noexcept { return chain_; }
    [[nodiscard]] DownloadTable& downloads() noexcept { return downloads_; }
    [[nodiscard]] const WaitingBlocks& waiting() const noexcept { return waiting_; }

  private:
    bool accept_one(WaitingBlocks::Block block, Timestamp now, Actions& actions, Durable durable);
    void say_held(Actions& actions);

    Chain& chain_;
    ReadBlob read_blob_;
    DownloadTable downloads_;
    WaitingBlocks waiting_;
    bool block_held_ = false;  // taken in, and not said yet
    bool tip_held_ = false;
};

}  // namespace assay::ledger
