// One peer's side of the protocol without sockets: what we answer to each message, and how two
// chains become equal. PeerManager feeds it from a connection; tests wire two of them back to back.
//
// Headers first: a peer's headers must link and carry the work they claim (rules H1 and H6) before
// a block is fetched; everything else about a block is judged by the Chain when its parent is
// there. At most 16 blocks are under way from a peer, and what it does not deliver is asked of
// another. A peer may have let old blocks go: those are asked of others, and of it again only a while
// later.
//
// While our own database has failed nothing is said, and nobody judged: what we would compare a
// message with is not there.
//
// Time is passed in. One thread.

#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "ledger/net/peer_message.hpp"
#include "ledger/net/sync.hpp"

namespace assay::ledger {

// When a peer is asked again for what it said it had let go.
inline constexpr std::chrono::minutes kPrunedAgain{1};

class PeerProtocol {
  public:
    // `peer` is the slot that the TLS certificate proved. `sync` must outlive the protocol.
    PeerProtocol(Sync& sync, Slot own, Slot peer) : sync_{sync}, own_{own}, peer_{peer} {}

    // The first message to send.
    [[nodiscard]] PeerMessage hello() const;

    // An error ends the connection without blame: another chain, protocol or slot than agreed.
    [[nodiscard]] Result<Actions> on_message(PeerMessage message, SyncTime now);
    // To be called about once a second: time-outs, and what others left undone.
    [[nodiscard]] Actions on_tick(SyncTime now);

    // The next block or transaction the peer asked for. Taken one at a time when the connection has
    // nothing else to send, so that answers take no more memory than one block.
    [[nodiscard]] std::optional<PeerMessage> next_served();

    // To be sent to this peer; its answer is among Actions::blob_parts.
    [[nodiscard]] PeerMessage ask_blob(const Sha256Digest& hash, std::uint32_t offset) {
        ++blob_parts_owed_;
        return GetBlob{hash, offset};
    }

    [[nodiscard]] bool greeted() const noexcept { return greeted_; }
    // Height of the newest block that the peer is known to have.
    [[nodiscard]] BlockHeight peer_height() const noexcept { return peer_height_; }
    // The first block that the peer keeps, as it said when it was asked for an earlier one; 0: it
    // never was.
    [[nodiscard]] BlockHeight peer_first_block() const noexcept { return peer_first_block_; }

  private:
    Result<void> on_hello(const Hello& hello, Actions& actions, SyncTime now);
    void handle(const Ping& ping, Actions& actions, SyncTime now);
    void handle(const Pong& pong, Actions& actions, SyncTime now);
    void handle(const Hello& hello, Actions& actions, SyncTime now);
    void handle(const GetHeaders& request, Actions& actions, SyncTime now);
    void handle(const Headers& message, Actions& actions, SyncTime now);
    void handle(const Announce& announce, Actions& actions, SyncTime now);
    void handle(const GetData& request, Actions& actions, SyncTime now);
    void handle(BlockMessage& block, Actions& actions, SyncTime now);
    void handle(const TransactionMessage& transaction, Actions& actions, SyncTime now);
    void handle(CheckpointMessage& checkpoint, Actions& actions, SyncTime now);
    void handle(const NotFound& answer, Actions& actions, SyncTime now);
    void handle(const VoteMessage& message, Actions& actions, SyncTime now);
    void handle(const EpochSignatureMessage& message, Actions& actions, SyncTime now);
    void handle(const GetBlob& request, Actions& actions, SyncTime now);
    void handle(BlobPart& part, Actions& actions, SyncTime now);

    [[nodiscard]] BlobPart next_blob_part();
    [[nodiscard]] bool check_links(const Headers& message, Actions& actions) const;
    [[nodiscard]] bool is_known(const BlockId& id) const;
    [[nodiscard]] bool was_asked(const InventoryItem& item);
    void note_pruned(BlockHeight first, BlockHeight asked, Actions& actions, SyncTime now);
    [[nodiscard]] BlockHeight height_of(const BlockId& id) const;
    void want(const InventoryItem& item, BlockHeight height);
    void unwant(const InventoryItem& item);
    void ask_headers(Actions& actions, SyncTime now);
    void ask_data(Actions& actions, SyncTime now);
    [[nodiscard]] bool will_connect(const InventoryItem& item) const;
    void claim_from(std::deque<InventoryItem>& wanted, GetData& request, SyncTime now);
    void announce_mempool(Actions& actions, SyncTime now);
    void note_tip(const InventoryItem& item);
    void blame(Actions& actions, int score, std::string reason) const;

    Sync& sync_;
    const Slot own_;
    const Slot peer_;
    bool greeted_ = false;

    std::optional<SteadyTime> headers_asked_;
    SteadyTime headers_not_before_{};
    unsigned headers_owed_ = 0;   // answers that have not come yet, late ones included
    bool headers_again_ = false;  // something new was announced meanwhile, or there is more

    // What the peer has and we lack, in the order to fetch it; names once only, of blocks with their
    // height.
    std::deque<InventoryItem> wanted_blocks_;
    std::deque<InventoryItem> wanted_transactions_;
    std::map<InventoryItem, BlockHeight> wanted_;
    std::multiset<InventoryItem> asked_;  // of this peer, and not answered yet

    std::deque<InventoryItem> serving_;
    std::deque<GetBlob> serving_blobs_;
    BlobPart whole_blob_;  // that it asked a part of last, while there is more of it
    unsigned blob_parts_owed_ = 0;  // by the peer
    std::optional<SteadyTime> mempool_announced_;
    BlockHeight peer_height_ = 0;
    BlockHeight peer_first_block_ = 0;
    SteadyTime ask_pruned_at_{};  // again for what it let go
    BlockHeight height_seen_ = 0;  // our own, at the last tick
    InventoryItem peer_tip_;
};

}  // namespace assay::ledger
