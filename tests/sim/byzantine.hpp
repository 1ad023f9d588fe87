// A member that lies: it speaks the protocol and mines like any other, and every half a minute or
// so commits one of the acts of docs/simulator.md. It lies to each peer as it likes, for it answers
// questions about its forgeries itself, past its own honest protocol. One thread.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/chain/chain.hpp"
#include "ledger/net/peer_message.hpp"
#include "tests/sim/disk.hpp"
#include "tests/sim/event_queue.hpp"

namespace assay::sim {

class Node;

class Byzantine {
  public:
    // A farm has a hundred times the hash power of a member and does nothing but mine in secret, to
    // undo what others take for confirmed.
    Byzantine(Node& node, bool farm) : node_{node}, farm_{farm} {}

    // Whether it deals with a peer's message itself.
    [[nodiscard]] bool answers(ledger::Slot from, const ledger::PeerMessage& message);
    void tick();
    [[nodiscard]] bool mines_elsewhere() const noexcept { return secret_ != nullptr; }

  private:
    struct Forgery {
        Bytes bytes;
        ledger::SealedHeader header;
    };
    using Spoil = void (Byzantine::*)();

    void act();
    // Tells `peers` of blocks that build on each other, the first on a block that they know.
    void offer(const std::vector<Bytes>& blocks, const std::vector<ledger::Slot>& peers);
    [[nodiscard]] std::vector<ledger::Slot> others() const;
    [[nodiscard]] std::vector<ledger::Slot> half(bool first) const;

    // What the member would mine now, whoever's turn it is; the slot in it may be another's.
    [[nodiscard]] std::optional<ledger::BlockTemplate> any_template();
    // Commits to what the block holds now, so that it is bad in the intended way alone.
    void commit(ledger::BlockTemplate& block) const;
    // With the log that follows.
    void append_transaction(ledger::BlockTemplate& block, const Bytes& tx) const;
    [[nodiscard]] Bytes seal(ledger::BlockTemplate block);
    void send_vote(ledger::Vote vote, const std::vector<ledger::Slot>& peers);
    [[nodiscard]] std::optional<ledger::Vote> vote_for(const ledger::BlockId& id);

    void double_seal();
    void double_vote();
    void surround_vote();
    void foreign_slot();
    void barred_slot();
    void lying_time();
    void wrong_bits();
    void mutated_body();
    void invalid_release();
    void stale_registry();
    void wrong_log_root();
    void oversize();
    void vote_spam();
    void bad_signatures();

    // byzantine_members.cpp
    void leaked_vote_key();
    void old_seal_key();
    void removed_slot();
    void forged_epoch();
    void hostile_proposal();
    void forged_certificate();
    void false_evidence();

    void begin_secret();
    void mine_secret(std::uint64_t attack);
    void end_secret(bool release);

    Node& node_;
    const bool farm_;
    Millis next_act_ = 0;
    std::map<ledger::BlockId, Forgery> forgeries_;
    std::map<ledger::Slot, std::vector<ledger::SealedHeader>> offered_;  // headers for each peer
    std::vector<ledger::BlockId> siblings_;                              // of the last double seal

    // A branch mined in secret, with a ledger of its own.
    struct Secret {
        Disk disk;
        std::unique_ptr<ledger::Chain> chain;
        ledger::BlockHeight fork = 0;
        Millis began = 0;
    };
    std::unique_ptr<Secret> secret_;
    std::uint64_t attacks_ = 0;
    std::uint64_t secret_txs_ = 0;
};

}  // namespace assay::sim
