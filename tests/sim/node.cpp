#include "tests/sim/node.hpp"

#include "host/base/text_encoding.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/pow.hpp"
#include "tests/sim/byzantine.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

// Production discourages for a day; here liars come back, so that they can go on lying.
constexpr Millis kDiscouraged = 2 * kMinute;
constexpr std::uint64_t kTicksPerPoint = 60;

}  // namespace

double expected_hashes(std::uint32_t bits) {
    const U256 work = block_work(*expand_target(bits));
    double sum = 0;
    for (std::size_t i = U256::kLimbs; i-- > 0;)
        sum = sum * 0x1p64 + static_cast<double>(work.limb(i));
    return sum;
}

Node::Node(World& world, Slot slot, Random random) : world_{world}, slot_{slot}, random_{random} {}
Node::~Node() = default;

const test::ConsortiumMember& Node::keys() const { return world_.founders().members[slot_]; }

SyncTime Node::time() const {
    const Millis now = world_.queue().now();
    const Millis wall = now + clock_skew + std::int64_t{kGenesisTime} * kSecond;
    SyncTime time;
    time.steady = SteadyTime{} + std::chrono::hours(1) + std::chrono::milliseconds(now);
    time.wall = Timestamp{std::chrono::seconds{wall / kSecond}};
    return time;
}

void Node::start() {
    auto chain = Chain::open(disk_.database(), world_.founders().genesis_bytes, consortium_rules());
    if (!chain)
        return world_.fail_run("restart of m" + std::to_string(slot_) + ": " +
                               chain.error().to_string());
    chain_ = *std::move(chain);
    sync_ = std::make_unique<Sync>(*chain_);
    if (world_.options().finality) {
        DutyKeys own;
        own.slot = slot_;
        own.name = keys().member.name;
        own.vote = &keys().vote;
        own.log = &keys().log;
        own.cosign = &keys().cosign;
        own.tx = &keys().tx;
        DutyStores stores;
        stores.safety = disk_.value("safety");
        stores.cosigned = disk_.value("cosigned");
        auto duties = MemberDuties::open(*chain_, own, std::move(stores));
        if (!duties)
            return world_.fail_run("duties of m" + std::to_string(slot_) + ": " +
                                   duties.error().to_string());
        duties_ = *std::move(duties);
    }
    searching_ = false;
    settle();
}

void Node::stop() {
    world_.network().cut_all(slot_);
    peers_.clear();
    duties_.reset();
    sync_.reset();
    chain_.reset();
    ++search_;
    searching_ = false;
}

void Node::corrupt(std::unique_ptr<Byzantine> liar) { liar_ = std::move(liar); }

bool Node::accepts(Slot peer) const {
    if (!is_up()) return false;
    const auto standing = standing_.find(peer);
    return standing == standing_.end() ||
           standing->second.discouraged_until <= world_.queue().now();
}

void Node::on_connected(Slot peer) {
    const auto [entry, is_new] = peers_.emplace(peer, Peer(PeerProtocol(*sync_, slot_, peer)));
    send(peer, entry->second.protocol.hello());
}

void Node::on_closed(Slot peer) {
    if (peers_.erase(peer) != 0) sync_->forget(peer);
}

void Node::on_message(Slot from, const PeerMessage& message) {
    const auto peer = peers_.find(from);
    if (peer == peers_.end()) return;
    if (liar_ && liar_->answers(from, message)) return;
    auto actions = peer->second.protocol.on_message(message, time());
    if (!actions) return world_.network().cut(slot_, from);
    apply(from, *std::move(actions));
    serve(from);
    settle();
}

void Node::serve(Slot to) {
    for (auto peer = peers_.find(to); peer != peers_.end(); peer = peers_.find(to)) {
        auto served = peer->second.protocol.next_served();
        if (!served) return;
        send(to, *std::move(served));
    }
}

void Node::send(Slot to, PeerMessage message) {
    if (disk_.crashed()) return;
    world_.network().send(slot_, to, std::make_shared<const PeerMessage>(std::move(message)));
}

void Node::broadcast(const Message& message, Slot except) {
    if (disk_.crashed()) return;
    for (std::size_t i = 0; i < world_.size(); ++i) {
        const auto to = static_cast<Slot>(i);
        if (to != except && to != slot_) world_.network().send(slot_, to, message);
    }
}

// As PeerManager does.
void Node::apply(Slot from, Actions actions) {
    for (const Penalty& penalty : actions.penalties) penalise(penalty);
    for (PeerMessage& reply : actions.replies) send(from, std::move(reply));
    for (PeerMessage& relay : actions.relays) {
        broadcast(std::make_shared<const PeerMessage>(std::move(relay)), from);
    }
    for (PeerMessage& news : actions.broadcasts) {
        if (const auto* vote = std::get_if<VoteMessage>(&news)) world_.note_vote(*this, vote->vote);
        broadcast(std::make_shared<const PeerMessage>(std::move(news)), slot_);
    }
    const SyncTime now = time();
    if (actions.greeted && duties_) apply(from, duties_->on_greeted(from, now.wall));
    if (duties_) {
        for (const Vote& vote : actions.votes) apply(from, duties_->on_vote(from, vote, now.wall));
        for (const EpochSignatureMessage& message : actions.epoch_signatures) {
            apply(from, duties_->on_epoch_signature(message));
        }
    }
    if (actions.tip_changed) {
        Announce news;
        news.items.emplace_back(chain_->tip().id);
        broadcast(std::make_shared<const PeerMessage>(std::move(news)), slot_);
    }
    if (actions.block_added && duties_) apply(slot_, duties_->on_chain(now.wall));
    if (actions.certificate_added || actions.transaction_added) searching_ = false;
}

void Node::penalise(const Penalty& penalty) {
    Standing& standing = standing_[penalty.slot];
    standing.score += penalty.score;
    world_.note_penalty(*this, penalty);
    if (standing.score < kPenaltyMax) return;
    standing.score = 0;
    standing.discouraged_until = world_.queue().now() + kDiscouraged;
    world_.note_discouraged(*this, penalty);
    // After this event: the protocol that caused it is still on the stack.
    const Slot peer = penalty.slot;
    world_.queue().after(0, [this, peer] { world_.network().cut(slot_, peer); });
}

Result<TxId> Node::submit(ByteView tx) {
    auto accepted = chain_->accept_transaction(tx);
    if (!accepted || disk_.crashed()) {
        settle();
        return accepted;
    }
    Announce news;
    news.items.emplace_back(*accepted);
    broadcast(std::make_shared<const PeerMessage>(std::move(news)), slot_);
    searching_ = false;
    settle();
    return accepted;
}

void Node::tick() {
    if (!is_up()) return;
    ++ticks_;
    const SyncTime now = time();
    for (auto& [slot, standing] : standing_) {
        if (ticks_ % kTicksPerPoint == 0 && standing.score > 0) --standing.score;
    }
    std::vector<Slot> connected;
    for (const auto& [slot, peer] : peers_) connected.push_back(slot);
    for (const Slot slot : connected) {
        const auto peer = peers_.find(slot);
        if (peer == peers_.end()) continue;
        apply(slot, peer->second.protocol.on_tick(now));
        serve(slot);
    }
    Actions retried;
    sync_->retry_early(now.wall, retried);
    apply(slot_, std::move(retried));
    if (duties_) apply(slot_, duties_->on_tick(now.wall));
    if (liar_) liar_->tick();
    settle();
}

void Node::settle() {
    if (disk_.crashed()) return world_.note_crash(*this);
    world_.note_chain(*this);
    if (chain_->tip().id != searched_on_) searching_ = false;
    if (!searching_) mine();
}

// Searching hashes has no memory, so a search that starts anew loses nothing.
void Node::mine() {
    if (hash_rate <= 0 || (liar_ && liar_->mines_elsewhere())) return;
    const auto block = chain_->make_template(slot_, wall());
    if (!block) return;
    searching_ = true;
    searched_on_ = chain_->tip().id;
    const double seconds = random_.exponential(expected_hashes(block->header.bits) / hash_rate);
    if (seconds > 1e7) return;
    const std::uint64_t search = ++search_;
    world_.queue().after(static_cast<Millis>(seconds * 1e3),
                         [this, search] { find_block(search); });
}

void Node::find_block(std::uint64_t search) {
    if (search != search_ || !searching_ || !is_up()) return;
    searching_ = false;
    // A miner refreshes its template every second: the time in it is that of the find.
    if (auto block = chain_->make_template(slot_, wall())) {
        block->header.nonce = static_cast<std::uint32_t>(random_.next());
        (void)take_own_block(seal_block(*block, keys().seal).value());
    }
    settle();
}

BlockVerdict Node::take_own_block(const Bytes& block) {
    const BlockOutcome outcome = chain_->accept_block(block, wall());
    world_.note_mined(*this, outcome);
    Actions actions;
    actions.tip_changed = outcome.tip_changed;
    actions.block_added = outcome.verdict == BlockVerdict::kValid;
    apply(slot_, std::move(actions));
    return outcome.verdict;
}

}  // namespace assay::sim
