#include "tests/sim/node.hpp"

#include "host/base/text_encoding.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/node/node_bundle.hpp"
#include "tests/sim/byzantine.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

// Production discourages for ten minutes; here liars come back, so that they can go on lying.
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

Node::Node(World& world, Slot slot, const Organisation& organisation, Random random)
    : world_{world}, slot_{slot}, organisation_{organisation}, random_{random} {
    const test::ConsortiumMember* first = &organisation_.sets.front();
    keys_ = KeysInUse{first, first, first, first, first, first};
}
Node::~Node() = default;

// As Node::create of production takes them from the folder of a member.
KeysInUse Node::keys_in_force() const {
    KeysInUse keys = keys_;
    const Member* self = chain_->registry().find(slot_);
    if (self == nullptr || self->name != name()) return keys;  // about to join
    for (const test::ConsortiumMember& set : organisation_.sets) {
        if (set.member.root == self->root) keys.root = &set;
        if (set.member.tx == self->tx) keys.tx = &set;
        if (set.member.seal == self->seal) keys.seal = &set;
        if (set.member.vote == self->vote) keys.vote = &set;
        if (set.member.cosign == self->cosign) keys.cosign = &set;
        if (set.member.log == self->log) keys.log = &set;
    }
    return keys;
}

bool Node::lacks_new_keys() const {
    KeysInUse keys = keys_in_force();
    keys.root = keys_.root;
    return keys != keys_;
}

const crypto::PrivateKey& Node::root_key() const { return keys_in_force().root->root; }

bool Node::may_seal() const {
    const EpochNode* self = chain_->epoch().find_node(slot_);
    return self != nullptr && self->seal == keys_.seal->member.seal;
}

SyncTime Node::time() const {
    const Millis now = world_.queue().now();
    const Millis wall = now + clock_skew + std::int64_t{kGenesisTime} * kSecond;
    SyncTime time;
    time.steady = SteadyTime{} + std::chrono::hours(1) + std::chrono::milliseconds(now);
    time.wall = Timestamp{std::chrono::seconds{wall / kSecond}};
    return time;
}

void Node::start() {
    auto chain = Chain::open(disk_.database(), world_.founders().genesis_bytes,
                             world_.founders().rules());
    if (!chain)
        return world_.fail_run("restart of m" + std::to_string(slot_) + ": " +
                               chain.error().to_string());
    chain_ = *std::move(chain);
    keys_ = keys_in_force();
    ++life_;
    sync_ = std::make_unique<Sync>(*chain_);
    if (world_.options().finality) {
        DutyKeys own;
        own.slot = slot_;
        own.name = name();
        own.vote = &keys_.vote->vote;
        own.log = &keys_.log->log;
        own.cosign = &keys_.cosign->cosign;
        own.tx = &keys_.tx->tx;
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
    settles_later_ = false;
    settle();
}

void Node::stop() {
    world_.network().cut_all(slot_);
    disk_.lose_unfinished(world_.queue().now());
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
    const Member* member = chain_->registry().find(peer);
    if (member == nullptr || !member->is_active()) return false;
    const auto standing = standing_.find(peer);
    return standing == standing_.end() ||
           standing->second.discouraged_until <= world_.queue().now();
}

void Node::read_bundle_of(const Node& other) {
    Actions news;
    for (BlockHeight since = 1;;) {
        const BundlePart part = make_bundle_part(other.chain(), since);
        const auto taken = take_bundle_part(*chain_, part, wall());
        if (!taken) break;  // the clock is behind, say: what came before stays
        news.tip_changed |= taken->tip_changed;
        news.block_added |= taken->blocks > 0;
        since += static_cast<BlockHeight>(part.blocks.size());
        if (part.is_last || part.blocks.empty()) break;
    }
    apply(slot_, std::move(news));
    settle();
}

void Node::on_connected(Slot peer) {
    const auto [entry, is_new] = peers_.emplace(peer, Peer(PeerProtocol(*sync_, slot_, peer)));
    send(peer, entry->second.protocol.hello());
}

void Node::on_closed(Slot peer) {
    if (peers_.erase(peer) != 0) sync_->forget(peer);
}

bool Node::is_busy() const { return disk_.busy_until() > world_.queue().now(); }

void Node::once_written(std::function<void()> action) {
    if (!is_busy()) return action();
    world_.queue().after(disk_.busy_until() - world_.queue().now(),
                         [this, life = life_, action = std::move(action)] {
                             if (is_up() && life == life_) action();
                         });
}

void Node::on_message(Slot from, const Message& shared) {
    if (is_busy()) {  // it is not read yet
        const auto connection = world_.network().connection(slot_, from);
        return once_written([this, from, shared, connection] {
            if (connection == world_.network().connection(slot_, from)) on_message(from, shared);
        });
    }
    const PeerMessage& message = *shared;
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
    const auto shared = std::make_shared<const PeerMessage>(std::move(message));
    once_written([this, shared] { note_said(*shared); });
    depart(to, shared);
}

void Node::broadcast(const Message& message, Slot except) {
    if (disk_.crashed()) return;
    once_written([this, message] { note_said(*message); });
    for (std::size_t i = 0; i < world_.size(); ++i) {
        const auto to = static_cast<Slot>(i);
        if (to != except && to != slot_) depart(to, message);
    }
}

// What is said after a write leaves after it.
void Node::depart(Slot to, const Message& message) {
    const auto connection = world_.network().connection(slot_, to);
    if (connection == 0) return;
    once_written([this, to, message, connection] {
        if (connection != world_.network().connection(slot_, to)) return;
        world_.network().send(slot_, to, message);
    });
}

void Node::note_said(const PeerMessage& message) {
    if (const auto* vote = std::get_if<VoteMessage>(&message)) world_.note_vote(*this, vote->vote);
    if (const auto* signed_epoch = std::get_if<EpochSignatureMessage>(&message)) {
        world_.note_epoch_signature(*this, *signed_epoch);
    }
    if (const auto* checkpoint = std::get_if<CheckpointMessage>(&message)) {
        world_.note_checkpoint(*this, checkpoint->text);
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

Bytes Node::make_transaction(TxType type,
                             ByteView record,
                             const std::string& subject,
                             const crypto::PrivateKey& key) {
    TxBody body;
    body.type = type;
    body.chain_id = chain_->chain_id();
    body.slot = slot_;
    body.valid_until = chain_->tip().height + 10'000;
    body.body = record;
    const crypto::PrivateKey* const keys[] = {&key};
    return sign_transaction(body, {name(), subject, keys}).value();
}

void Node::tick() {
    if (!is_up() || is_busy()) return;
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
    if (is_busy()) {  // whatever changed is not certain yet
        if (!std::exchange(settles_later_, true)) {
            once_written([this] {
                settles_later_ = false;
                settle();
            });
        }
        return;
    }
    world_.note_chain(*this);
    if (chain_->tip().id != searched_on_) searching_ = false;
    if (!searching_) mine();
}

// Searching hashes has no memory, so a search that starts anew loses nothing.
void Node::mine() {
    if (hash_rate <= 0 || (liar_ && liar_->mines_elsewhere())) return;
    const auto block = chain_->make_template(slot_, wall());
    if (!block || !may_seal()) return;
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
    if (is_busy()) return once_written([this, search] { find_block(search); });
    searching_ = false;
    // A miner refreshes its template every second: the time in it is that of the find.
    auto block = chain_->make_template(slot_, wall());
    if (block && may_seal()) {
        block->header.nonce = static_cast<std::uint32_t>(random_.next());
        (void)take_own_block(seal_block(*block, seal_key()).value());
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
