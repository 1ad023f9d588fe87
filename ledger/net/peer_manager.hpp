// The peers of one chain: dials the configured members, takes the connections they open, keeps one
// per member, and moves messages between them and the protocol. Trust is the registry's: both sides
// prove the TLS key that it names, and a stranger gets no further than the handshake.
//
// Everything on one executor, which must not run two handlers at once.

#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/base/clock.hpp"
#include "host/crypto/certificate.hpp"
#include "host/http/stream.hpp"
#include "host/http/tls.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/net/flood_guard.hpp"
#include "ledger/net/peer_message.hpp"
#include "ledger/net/peer_protocol.hpp"
#include "ledger/net/peer_session.hpp"
#include "ledger/net/sync.hpp"
#include "ledger/net/task_group.hpp"

namespace assay::ledger {

inline constexpr std::chrono::milliseconds kDialPauseMin{200};  // doubles up to the second value
inline constexpr std::chrono::milliseconds kDialPauseMax{5'000};
inline constexpr std::chrono::seconds kHandshakeMax{10};  // TCP, TLS and hello
// How long a member that reached 100 points is not talked to.
inline constexpr std::chrono::minutes kDiscouraged{10};

// "assay-c/1" or "assay-g/1".
[[nodiscard]] std::string_view peer_alpn(LedgerKind kind) noexcept;

// What the manager tells the node it belongs to.
class PeerObserver {
  public:
    PeerObserver() = default;
    PeerObserver(const PeerObserver&) = delete;
    PeerObserver& operator=(const PeerObserver&) = delete;
    virtual ~PeerObserver() = default;

    virtual void on_tip_changed() = 0;
    virtual void on_transaction_added() = 0;
    // A block under construction should carry it.
    virtual void on_certificate_added() = 0;
    // This member has just signed the checkpoint; its peers hear of it without further ado.
    virtual void on_cosigned(std::string_view text) = 0;
    // A member did what no correct program does; `what` is for the operator.
    virtual void on_misbehaviour(Slot slot, std::string_view what) = 0;
    // What else the operator should hear of a member: "peer-connected", "peer-lost",
    // "peer-left-alone", "peer-transactions-refused", "peer-pruned".
    virtual void on_peer_event(std::string_view name, Slot slot, std::string_view what) = 0;
    // A refusal word as error counts against the peer.
    virtual Result<void> on_checkpoint(Slot from, std::string_view text) = 0;
    // The member's duties: what to do next. Replies go to `peer`, relays to all others,
    // broadcasts to all.
    virtual Actions on_greeted(Slot peer) = 0;
    virtual Actions on_vote(Slot peer, const Vote& vote) = 0;
    virtual Actions on_epoch_signature(const EpochSignatureMessage& message) = 0;
    virtual Actions on_block_added() = 0;
    virtual Actions on_tick() = 0;
};

struct PeerOptions {
    PeerOptions(Slot own_slot, crypto::TlsIdentity tls_identity)
        : slot{own_slot}, tls{std::move(tls_identity)} {}

    Slot slot;
    crypto::TlsIdentity tls;
    std::vector<std::string> connect;  // "host:port"
    SessionLimits session;
};

struct PeerStatus {
    Slot slot = 0;
    std::string name;
    bool connected = false;
    bool outbound = false;  // we dialled
    BlockHeight height = 0;
    BlockHeight first_block = 0;  // that it keeps, if it said so
    std::string address;
    int score = 0;
    bool left_alone = false;  // misbehaved, and is not talked to for now
    std::string last_error;  // why the last connection ended or was refused
};

struct PeerCounters {
    std::uint64_t refused = 0;  // connections of strangers, and for another chain
    std::string last_refused;
    std::uint64_t misbehaviours = 0;
    std::string last_misbehaviour;  // "member oem2: block ...: target-not-met"
};

class PeerManager {
  public:
    // `chain`, `observer` and `clock` must outlive the manager. Fails if the TLS identity does not
    // load.
    [[nodiscard]] static Result<std::unique_ptr<PeerManager>> create(
        boost::asio::any_io_executor executor,
        Chain& chain,
        PeerOptions options,
        PeerObserver& observer,
        const Clock& clock);
    PeerManager(const PeerManager&) = delete;
    PeerManager& operator=(const PeerManager&) = delete;
    // Precondition: never started, or stop() has finished, or the executor runs nothing any more.
    ~PeerManager();

    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop();

    // What peers are given when they ask for a blob.
    void serve_blobs(ReadBlob read) { sync_.serve_blobs(std::move(read)); }
    // The blob of this SHA-256, which has `bytes`, from the first connected peer that gives it. Fails
    // with std::errc::no_such_file_or_directory if none has it, and with why of the last one else.
    [[nodiscard]] boost::asio::awaitable<Result<Bytes>> fetch_blob(Sha256Digest hash,
                                                                   std::size_t bytes);

    // A handshaken connection that a peer opened for this chain.
    void adopt(http::Stream stream);

    // To every peer, with others that come at about the same time.
    void announce(const InventoryItem& item);
    // What follows from a block of our own, or from what the operator did.
    void perform(Actions actions);

    // "member NAME", for the operator.
    [[nodiscard]] std::string name_of_member(Slot slot) const;
    // Members of the registry but ourselves, by slot.
    [[nodiscard]] std::vector<PeerStatus> peers() const;
    [[nodiscard]] const PeerCounters& counters() const noexcept { return counters_; }
    // Configured addresses that could not be reached at the last try, and why.
    [[nodiscard]] const std::map<std::string, std::string>& dial_errors() const noexcept {
        return dial_errors_;
    }

  private:
    // One connection and its protocol. Lives as long as its coroutine.
    struct Connection {
        Connection(http::Stream stream,
                   const SessionLimits& limits,
                   PeerProtocol peer_protocol,
                   Slot dialler_slot)
            : session{std::move(stream), limits},
              protocol{std::move(peer_protocol)},
              dialler{dialler_slot} {}
        PeerSession session;
        PeerProtocol protocol;
        Slot dialler;
        std::chrono::steady_clock::time_point since = std::chrono::steady_clock::now();
        FloodGuard guard{since};
        Announce news;  // not said yet
    };
    struct PeerRecord {
        std::shared_ptr<Connection> connection;
        int score = 0;
        std::optional<std::chrono::steady_clock::time_point> discouraged_until;
        std::string last_error;
    };
    // Somebody waits for a part of a blob.
    struct BlobWait {
        BlobWait(PeerManager& peers, Slot peer, const Sha256Digest& blob, std::size_t from);
        BlobWait(const BlobWait&) = delete;
        BlobWait& operator=(const BlobWait&) = delete;
        ~BlobWait() { waits.erase(this); }
        std::set<BlobWait*>& waits;
        Slot slot;
        Sha256Digest hash;
        std::size_t offset;
        std::optional<BlobPart> part;
        boost::asio::steady_timer timer;
    };
    enum class DialEnd { kFailed, kGreeted, kOneself };

    PeerManager(boost::asio::any_io_executor executor,
                Chain& chain,
                PeerOptions options,
                PeerObserver& observer,
                const Clock& clock,
                std::shared_ptr<const http::TlsContext> tls);

    boost::asio::awaitable<void> dial(std::string address);
    boost::asio::awaitable<DialEnd> dial_once(std::string address, std::optional<Slot>& slot);
    boost::asio::awaitable<Result<http::Stream>> connect(std::string address);
    boost::asio::awaitable<void> serve_adopted(http::Stream stream);
    // Whether the peer said hello before the connection ended.
    boost::asio::awaitable<bool> serve(http::Stream stream, Slot peer, Slot dialler);
    boost::asio::awaitable<void> tick_for_ever();
    void tick();

    [[nodiscard]] Result<Slot> slot_of(const http::Stream& stream) const;
    [[nodiscard]] bool is_talking_to(Slot peer) const;
    [[nodiscard]] Result<void> make_room(Slot peer, Slot dialler);
    Result<void> on_message(Slot peer, Connection& connection, PeerMessage message);
    void on_end(Slot peer, const std::shared_ptr<Connection>& connection, const Error& why);
    void broadcast(const PeerMessage& message);
    void announce_tip();
    void apply(Slot from, Actions actions);
    boost::asio::awaitable<Result<Bytes>> fetch_blob_from(Slot peer,
                                                          Sha256Digest hash,
                                                          std::size_t bytes);
    boost::asio::awaitable<Result<BlobPart>> fetch_blob_part(Slot peer,
                                                             Sha256Digest hash,
                                                             std::size_t offset);
    void take_blob_part(Slot from, BlobPart part);
    void announce_to_all_but(Slot from, const InventoryItem& item);
    boost::asio::awaitable<void> tell_news();
    void tell_news_to(Connection& connection);
    void judge_flood(Slot peer, Connection& connection, const FloodGuard::Charge& charge);
    void flush_tip_announcement();
    boost::asio::awaitable<void> flush_later();
    void penalise(const Penalty& penalty);
    void note_refused(std::string what);
    [[nodiscard]] SyncTime time() const;

    boost::asio::any_io_executor executor_;
    Chain& chain_;
    PeerOptions options_;
    PeerObserver& observer_;
    const Clock& clock_;
    std::shared_ptr<const http::TlsContext> tls_;
    Sync sync_;
    std::map<Slot, PeerRecord> records_;
    std::set<BlobWait*> blob_waits_;
    PeerCounters counters_;
    std::map<std::string, std::string> dial_errors_;
    std::uint64_t ticks_ = 0;
    bool tip_to_announce_ = false;
    bool flush_planned_ = false;
    bool news_planned_ = false;
    std::chrono::steady_clock::time_point tip_announced_{};
    TaskGroup tasks_;
};

}  // namespace assay::ledger
