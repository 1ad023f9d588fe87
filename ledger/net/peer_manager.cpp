#include "ledger/net/peer_manager.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include <boost/asio/steady_timer.hpp>

#include "host/http/as_tuple.hpp"
#include "host/http/timeout.hpp"
#include "ledger/net/dial_address.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;


// How often a dialler whose member has connected by itself looks again.
constexpr std::chrono::seconds kDialCheck{1};
constexpr std::chrono::seconds kTick{1};
// Blocks that arrive in a row while we catch up are announced together.
constexpr std::chrono::milliseconds kAnnounceGap{100};
// Transactions that arrive in a row likewise: one message for each would be a flood under load.
constexpr std::chrono::milliseconds kNewsGap{20};
constexpr std::uint64_t kTicksPerPoint = 60;  // a score goes down by one a minute

// What a checkpoint that was refused says about its sender.
int score_of(const Error& error) noexcept {
    if (error.is(Refusal::kSignatureInvalid)) return kPenaltyInvalid;
    if (error.is(Refusal::kMalformed) || error.is(Refusal::kLimitExceeded) ||
        error.is(Refusal::kUnknownType)) {
        return kPenaltyMalformed;
    }
    return 0;
}

}  // namespace

std::string_view peer_alpn(LedgerKind kind) noexcept {
    return kind == LedgerKind::kConsortium ? "assay-c/1" : "assay-g/1";
}

Result<std::unique_ptr<PeerManager>> PeerManager::create(asio::any_io_executor executor,
                                                         Chain& chain,
                                                         PeerOptions options,
                                                         PeerObserver& observer,
                                                         const Clock& clock) {
    http::TlsOptions tls(http::TlsRole::kClient, options.tls.certificate_pem, options.tls.key_pem);
    tls.alpn = {std::string(peer_alpn(chain.genesis().kind))};
    tls.accept = [&chain](const http::PeerIdentity& peer) {
        const Member* member = chain.registry().find_by_spki(peer.spki_sha256);
        return member != nullptr && member->is_active();
    };
    auto context = http::TlsContext::make(tls);
    if (!context) return fail(std::move(context).error().within("TLS identity for peers"));
    return std::unique_ptr<PeerManager>(new PeerManager(
        std::move(executor), chain, std::move(options), observer, clock, std::move(*context)));
}

PeerManager::PeerManager(asio::any_io_executor executor,
                         Chain& chain,
                         PeerOptions options,
                         PeerObserver& observer,
                         const Clock& clock,
                         std::shared_ptr<const http::TlsContext> tls)
    : executor_{std::move(executor)},
      chain_{chain},
      options_{std::move(options)},
      observer_{observer},
      clock_{clock},
      tls_{std::move(tls)},
      sync_{chain},
      tasks_{executor_} {}

PeerManager::~PeerManager() = default;

void PeerManager::start() {
    tasks_.spawn(tick_for_ever());
    for (const std::string& address : options_.connect) tasks_.spawn(dial(address));
}

asio::awaitable<void> PeerManager::stop() {
    co_await tasks_.stop();
    for (auto& [slot, record] : records_) record.connection.reset();
}

void PeerManager::adopt(http::Stream stream) { tasks_.spawn(serve_adopted(std::move(stream))); }

void PeerManager::broadcast(const PeerMessage& message) {
    for (auto& [slot, record] : records_) {
        if (record.connection) record.connection->session.send(message);
    }
}

void PeerManager::announce(const InventoryItem& item) { announce_to_all_but(options_.slot, item); }

void PeerManager::announce_to_all_but(Slot from, const InventoryItem& item) {
    for (auto& [slot, record] : records_) {
        if (slot == from || !record.connection) continue;
        record.connection->news.items.push_back(item);
        if (record.connection->news.items.size() == kAnnounceMax) tell_news_to(*record.connection);
    }
    if (!std::exchange(news_planned_, true)) tasks_.spawn(tell_news());
}

asio::awaitable<void> PeerManager::tell_news() {
    asio::steady_timer timer(executor_, kNewsGap);
    co_await timer.async_wait(kAsTuple);
    news_planned_ = false;
    for (auto& [slot, record] : records_) {
        if (record.connection) tell_news_to(*record.connection);
    }
}

void PeerManager::tell_news_to(Connection& connection) {
    if (connection.news.items.empty()) return;
    connection.session.send(std::exchange(connection.news, Announce{}));
}

void PeerManager::perform(Actions actions) { apply(options_.slot, std::move(actions)); }

void PeerManager::announce_tip() {
    tip_to_announce_ = true;
    flush_tip_announcement();
}

std::vector<PeerStatus> PeerManager::peers() const {
    std::vector<PeerStatus> out;
    for (const Member& member : chain_.registry().members()) {
        if (member.slot == options_.slot) continue;
        PeerStatus& status = out.emplace_back();
        status.slot = member.slot;
        status.name = member.name;
        const auto record = records_.find(member.slot);
        if (record == records_.end()) continue;
        status.score = record->second.score;
        const auto& until = record->second.discouraged_until;
        status.left_alone = until && steady_clock::now() < *until;
        status.last_error = record->second.last_error;
        if (const auto& connection = record->second.connection) {
            status.connected = connection->protocol.greeted();
            status.outbound = connection->dialler == options_.slot;
            status.height = connection->protocol.peer_height();
            status.first_block = connection->protocol.peer_first_block();
            status.address = connection->session.stream().remote_address();
        }
    }
    return out;
}

// --- connecting ---------------------------------------------------------------------------------

asio::awaitable<void> PeerManager::dial(std::string address) {
    asio::steady_timer timer(executor_);
    std::chrono::milliseconds pause = kDialPauseMin;
    std::optional<Slot> slot;  // known after the first handshake
    for (;;) {
        if (slot && is_talking_to(*slot)) {
            timer.expires_after(kDialCheck);
            co_await timer.async_wait(kAsTuple);
            continue;
        }
        const DialEnd end = co_await dial_once(address, slot);
        if (end == DialEnd::kOneself) co_return;
        if (end == DialEnd::kGreeted) pause = kDialPauseMin;
        timer.expires_after(pause);
        co_await timer.async_wait(kAsTuple);
        pause = std::min(2 * pause, kDialPauseMax);
    }
}

asio::awaitable<PeerManager::DialEnd> PeerManager::dial_once(std::string address,
                                                             std::optional<Slot>& slot) {
    auto stream = co_await http::with_timeout(connect(address), kHandshakeMax, "dial " + address);
    if (!stream) {
        dial_errors_[address] = stream.error().to_string();
        co_return DialEnd::kFailed;
    }
    const Result<Slot> peer = slot_of(*stream);
    if (!peer) {
        dial_errors_[address] = peer.error().to_string();
        co_return DialEnd::kFailed;
    }
    dial_errors_.erase(address);
    if (*peer == options_.slot) co_return DialEnd::kOneself;
    slot = *peer;
    const bool greeted = co_await serve(std::move(*stream), *peer, options_.slot);
    co_return greeted ? DialEnd::kGreeted : DialEnd::kFailed;
}

asio::awaitable<Result<http::Stream>> PeerManager::connect(std::string address) {
    auto socket = co_await dial_address(executor_, address);
    if (!socket) co_return fail(std::move(socket).error());
    http::Stream stream(std::move(*socket), tls_);
    auto done = co_await stream.handshake();
    if (!done) co_return fail(std::move(done).error().within(address));
    co_return Result<http::Stream>(std::move(stream));
}

asio::awaitable<void> PeerManager::serve_adopted(http::Stream stream) {
    const Result<Slot> peer = slot_of(stream);
    if (!peer) {
        note_refused(stream.remote_address() + ": " + peer.error().to_string());
        co_return;
    }
    co_await serve(std::move(stream), *peer, *peer);
}

Result<Slot> PeerManager::slot_of(const http::Stream& stream) const {
    if (stream.peer() == nullptr) {
        return fail(Refusal::kPeerUnknown, "peer without a TLS certificate");
    }
    if (stream.alpn() != peer_alpn(chain_.genesis().kind)) {
        return fail(Refusal::kChainIdMismatch, "peer speaks '" + std::string(stream.alpn()) + "'");
    }
    const Member* member = chain_.registry().find_by_spki(stream.peer()->spki_sha256);
    if (member == nullptr || !member->is_active()) {
        return fail(Refusal::kPeerUnknown, "the TLS key of '" + stream.peer()->common_name +
                                               "' is not that of an active member");
    }
    return member->slot;
}

bool PeerManager::is_talking_to(Slot peer) const {
    const auto record = records_.find(peer);
    if (record == records_.end()) return false;
    const auto& until = record->second.discouraged_until;
    return record->second.connection != nullptr || (until && steady_clock::now() < *until);
}

// One connection per member: the one that the lower slot dialled wins. Of two by the same dialler
// the newer wins if the peer dialled: it would not dial again while it believed in the older.
Result<void> PeerManager::make_room(Slot peer, Slot dialler) {
    PeerRecord& record = records_[peer];
    if (peer == options_.slot) {
        return fail(std::errc::already_connected, "a connection from ourselves");
    }
    if (record.discouraged_until && steady_clock::now() < *record.discouraged_until) {
        return fail(std::errc::connection_refused, "misbehaved: " + record.last_error);
    }
    if (!record.connection) return {};

    const Slot standing = record.connection->dialler;
    const bool wins =
        standing == dialler ? dialler == peer : dialler == std::min(peer, options_.slot);
    if (!wins) {
        // Should the standing one be dead, this finds out.
        record.connection->session.send(Ping{0});
        return fail(std::errc::already_connected, "another connection stands");
    }
    record.connection->session.close(Error(std::make_error_code(std::errc::already_connected),
                                           "replaced by another connection"));
    record.connection.reset();
    sync_.forget(peer);
    return {};
}

// --- serving ------------------------------------------------------------------------------------

asio::awaitable<bool> PeerManager::serve(http::Stream stream, Slot peer, Slot dialler) {
    if (const auto room = make_room(peer, dialler); !room) {
        if (room.error().is(std::errc::connection_refused)) {
            note_refused(name_of_member(peer) + ": " + room.error().to_string());
        }
        co_return false;
    }
    const auto connection = std::make_shared<Connection>(
        std::move(stream), options_.session, PeerProtocol(sync_, options_.slot, peer), dialler);
    records_[peer].connection = connection;
    Connection& current = *connection;
    current.session.send(current.protocol.hello());

    PeerSession::Handlers handlers;
    handlers.on_message = [this, peer, &current](PeerMessage message) {
        return on_message(peer, current, std::move(message));
    };
    handlers.next_served = [&current] { return current.protocol.next_served(); };
    handlers.pause = [&current] { return current.guard.pause(steady_clock::now()); };
    const Error why = co_await current.session.run(std::move(handlers));
    on_end(peer, connection, why);
    co_return current.protocol.greeted();
}

Result<void> PeerManager::on_message(Slot peer, Connection& connection, PeerMessage message) {
    // A copy of the kind and size; the message itself goes on.
    const FloodGuard::Charge charge = FloodGuard::charge_of(message);
    auto actions = connection.protocol.on_message(std::move(message), time());
    if (!actions) return fail(std::move(actions).error());
    const bool was_asked = actions->was_asked;
    apply(peer, std::move(*actions));
    if (!was_asked) judge_flood(peer, connection, charge);
    connection.session.wake();
    return {};
}

void PeerManager::judge_flood(Slot peer, Connection& connection, const FloodGuard::Charge& charge) {
    const auto now = steady_clock::now();
    connection.guard.charge(charge, now);
    if (!connection.guard.is_flood(now)) return;
    Penalty penalty;
    penalty.slot = peer;
    penalty.score = kPenaltyUnasked;
    penalty.reason = "floods: lately with " + std::string(charge.name) +
                     ", more than it may say unasked";
    penalise(penalty);
}

void PeerManager::on_end(Slot peer,
                         const std::shared_ptr<Connection>& connection,
                         const Error& why) {
    PeerRecord& record = records_[peer];
    record.last_error = why.to_string();
    if (record.connection == connection) {
        record.connection.reset();
        sync_.forget(peer);
        if (connection->protocol.greeted()) {
            observer_.on_peer_event("peer-lost", peer, why.to_string());
        }
    }
    if (!connection->protocol.greeted() && assay::refusal_of(why.code())) {
        note_refused(name_of_member(peer) + ": " + why.to_string());
    }
    if (const int score = score_of(why); score > 0) {
        penalise(Penalty{peer, score, why.to_string()});
    }
}

void PeerManager::apply(Slot from, Actions actions) {
    for (const Penalty& penalty : actions.penalties) penalise(penalty);
    for (const Notice& notice : actions.notices) {
        observer_.on_peer_event(notice.name, notice.slot, notice.what);
    }
    const auto connection = records_[from].connection;
    if (connection) {
        for (const PeerMessage& reply : actions.replies) connection->session.send(reply);
    }
    for (const PeerMessage& message : actions.relays) {
        if (const auto* const news = std::get_if<Announce>(&message)) {
            for (const InventoryItem& item : news->items) announce_to_all_but(from, item);
            continue;
        }
        for (auto& [slot, record] : records_) {
            if (slot != from && record.connection) record.connection->session.send(message);
        }
    }
    for (const PeerMessage& message : actions.broadcasts) broadcast(message);
    for (const std::string& text : actions.checkpoints) {
        const auto accepted = observer_.on_checkpoint(from, text);
        if (accepted || score_of(accepted.error()) == 0) continue;
        penalise(Penalty{from, score_of(accepted.error()), accepted.error().to_string()});
    }
    for (const std::string& text : actions.cosigned) observer_.on_cosigned(text);
    if (actions.greeted && connection) {
        observer_.on_peer_event("peer-connected", from, connection->session.stream().remote_address());
        apply(from, observer_.on_greeted(from));
    }
    for (BlobPart& part : actions.blob_parts) take_blob_part(from, std::move(part));
    for (const Vote& vote : actions.votes) apply(from, observer_.on_vote(from, vote));
    for (const EpochSignatureMessage& message : actions.epoch_signatures) {
        apply(from, observer_.on_epoch_signature(message));
    }
    if (actions.transaction_added) observer_.on_transaction_added();
    if (actions.certificate_added) observer_.on_certificate_added();
    if (actions.tip_changed) {
        announce_tip();
        observer_.on_tip_changed();
    }
    if (actions.block_added) perform(observer_.on_block_added());
}

asio::awaitable<void> PeerManager::tick_for_ever() {
    asio::steady_timer timer(executor_);
    for (;;) {
        timer.expires_after(kTick);
        co_await timer.async_wait(kAsTuple);
        tick();
    }
}

void PeerManager::tick() {
    const SyncTime now = time();
    ++ticks_;
    for (auto& [slot, record] : records_) {
        if (ticks_ % kTicksPerPoint == 0 && record.score > 0) --record.score;
        const auto connection = record.connection;
        if (!connection) continue;
        // Its key may have been replaced, or the member removed, since it shook hands.
        if (const auto still = slot_of(connection->session.stream()); !still || *still != slot) {
            connection->session.close(
                Error(make_error_code(Refusal::kPeerUnknown), "its TLS key is no member's any more"));
            continue;
        }
        connection->session.on_tick(now.steady);
        if (!connection->protocol.greeted() && now.steady >= connection->since + kHandshakeMax) {
            connection->session.close(
                Error(std::make_error_code(std::errc::timed_out), "no hello"));
        }
        apply(slot, connection->protocol.on_tick(now));
    }
    Actions retried;
    sync_.retry_early(now.wall, retried);
    perform(std::move(retried));
    perform(observer_.on_tick());
}

void PeerManager::flush_tip_announcement() {
    if (!tip_to_announce_) return;
    const auto now = steady_clock::now();
    if (now < tip_announced_ + kAnnounceGap) {
        if (!std::exchange(flush_planned_, true)) tasks_.spawn(flush_later());
        return;
    }
    tip_to_announce_ = false;
    tip_announced_ = now;
    Announce news;
    news.items.emplace_back(chain_.tip().id);
    broadcast(news);
}

asio::awaitable<void> PeerManager::flush_later() {
    asio::steady_timer timer(executor_, tip_announced_ + kAnnounceGap);
    co_await timer.async_wait(kAsTuple);
    flush_planned_ = false;
    flush_tip_announcement();
}

void PeerManager::penalise(const Penalty& penalty) {
    PeerRecord& record = records_[penalty.slot];
    record.score += penalty.score;
    record.last_error = penalty.reason;
    if (penalty.score >= kPenaltyUnasked) {
        ++counters_.misbehaviours;
        counters_.last_misbehaviour = name_of_member(penalty.slot) + ": " + penalty.reason;
        observer_.on_misbehaviour(penalty.slot, counters_.last_misbehaviour);
    }
    if (record.score < kPenaltyMax) return;
    record.score = 0;
    record.discouraged_until = steady_clock::now() + kDiscouraged;
    observer_.on_peer_event("peer-left-alone", penalty.slot,
                            "for " + std::to_string(kDiscouraged.count()) + " minutes, after: " +
                                penalty.reason);
    if (record.connection) {
        record.connection->session.close(
            Error(std::make_error_code(std::errc::connection_aborted), penalty.reason));
    }
}

void PeerManager::note_refused(std::string what) {
    ++counters_.refused;
    counters_.last_refused = std::move(what);
}

std::string PeerManager::name_of_member(Slot slot) const {
    const Member* member = chain_.registry().find(slot);
    return "member " + (member != nullptr ? member->name : std::to_string(slot));
}

SyncTime PeerManager::time() const { return SyncTime{steady_clock::now(), clock_.now()}; }

}  // namespace assay::ledger
