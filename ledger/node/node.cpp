#include "ledger/node/node.hpp"

#include <tuple>
#include <utility>

#include <boost/json/object.hpp>

#include "host/base/file.hpp"
#include "host/base_daemon/log.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "ledger/net/peer_manager.hpp"
#include "ledger/net/task_group.hpp"
#include "ledger/node/life_watch.hpp"
#include "ledger/node/member_duties.hpp"
#include "ledger/node/mining.hpp"
#include "ledger/node/node_status.hpp"
#include "ledger/node/store_keeper.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;

// Takes the keys that the registry names, where they are at hand. The old one takes the place of
// the new one: a reorganisation may bring it back.
void adopt_keys(NodeOptions& options, const Registry& registry) {
    MemberKeys& keys = options.keys;
    const Member* member = registry.find(keys.slot);
    if (member == nullptr) return;  // about to join
    const std::tuple<std::string_view, crypto::PrivateKey&, std::optional<crypto::PrivateKey>&,
                     const crypto::PublicKey&>
        all[] = {{"seal", keys.seal, keys.next.seal, member->seal},
                 {"vote", keys.vote, keys.next.vote, member->vote},
                 {"tx", keys.tx, keys.next.tx, member->tx},
                 {"log", keys.log, keys.next.log, member->log},
                 {"cosign", keys.cosign, keys.next.cosign, member->cosign}};
    for (const auto& [name, key, next, wanted] : all) {
        if (key.public_key() == wanted) continue;
        const auto is_at_hand = [&] { return next && next->public_key() == wanted; };
        if (!is_at_hand() && options.next_key) next = options.next_key(name);
        if (!is_at_hand()) continue;
        std::swap(key, *next);
        log::info("key-in-force", {{"member", member->name}, {"key", name}});
    }
}

// A key that differs means a rotation that has not reached this chain, or has overtaken it; all of
// them, another member's folder.
Result<void> check_keys(const MemberKeys& keys, const Registry& registry) {
    const Member* member = registry.find(keys.slot);
    if (member == nullptr) return {};  // about to join
    std::string others;
    std::size_t good = 0;
    for (const auto& [name, is_same] :
         {std::pair{"seal", keys.seal.public_key() == member->seal},
          std::pair{"vote", keys.vote.public_key() == member->vote},
          std::pair{"tx", keys.tx.public_key() == member->tx},
          std::pair{"log", keys.log.public_key() == member->log},
          std::pair{"cosign", keys.cosign.public_key() == member->cosign}}) {
        if (is_same) {
            ++good;
        } else {
            others += (others.empty() ? "" : ", ") + std::string(name);
        }
    }
    if (good == 0) {
        return fail(Refusal::kSignerUnknown, "the keys are not those that the registry names for " +
                                                 member->name + " in slot " +
                                                 std::to_string(keys.slot));
    }
    if (!others.empty()) {
        log::warning("keys-not-in-force", {{"member", member->name}, {"keys", others}});
    }
    return {};
}

}  // namespace

struct Node::Impl final : PeerObserver {
    Impl(asio::any_io_executor on_executor,
         NodeOptions node_options,
         std::unique_ptr<Chain> opened,
         CheckpointStore opened_checkpoints)
        : executor{std::move(on_executor)},
          options{std::move(node_options)},
          chain{std::move(opened)},
          checkpoints{std::move(opened_checkpoints)},
          last_tip{chain->tip()},
          last_registry{chain->registry().root()},
          events{std::string(to_string(chain->genesis().kind))},
          watch{events},
          keeper{*chain, events},
          tasks{executor} {}

    void on_tip_changed() override {
        const auto same_height = chain->id_at(last_tip.height);
        if (!same_height || *same_height != last_tip.id) {
            ++reorgs;
            note(log::Level::kInfo, "chain-reorganised", "",
                 "from block " + std::to_string(last_tip.height) + " to another branch's block " +
                     std::to_string(chain->tip().height));
        }
        follow_tip();
    }
    void on_transaction_added() override {
        if (mining) mining->on_transaction_added();
        tell(NodeEvent::kTransaction);
    }
    void on_misbehaviour(Slot slot, std::string_view what) override {
        note(log::Level::kWarning, "peer-misbehaved", peers->name_of_member(slot), what);
        tell(NodeEvent::kMisbehaviour);
    }
    void on_peer_event(std::string_view name, Slot slot, std::string_view what) override {
        const bool is_alarm =
            name != "peer-connected" && name != "peer-lost" && name != "peer-pruned";
        note(is_alarm ? log::Level::kWarning : log::Level::kInfo, name, peers->name_of_member(slot), what);
    }
    Result<void> on_checkpoint(Slot from, std::string_view text) override {
        auto changed = checkpoints.add(from, text);
        // A full disk is no fault of the peer's.
        if (!changed && assay::refusal_of(changed.error().code())) {
            return fail(std::move(changed).error());
        }
        note_checkpoint(std::move(changed));
        return {};
    }
    void on_certificate_added() override {
        if (mining) mining->on_certificate_added();
        alarm();
    }
    void on_cosigned(std::string_view text) override {
        note_checkpoint(checkpoints.add(options.keys.slot, text));
    }
    Actions on_greeted(Slot peer) override {
        Actions actions = duties->on_greeted(peer, clock().now());
        if (checkpoints.newest()) {
            actions.replies.emplace_back(CheckpointMessage{checkpoints.newest()->text});
        }
        return actions;
    }
    Actions on_vote(Slot peer, const Vote& vote) override {
        return duties->on_vote(peer, vote, clock().now());
    }
    Actions on_epoch_signature(const EpochSignatureMessage& message) override {
        return duties->on_epoch_signature(message);
    }
    Actions on_block_added() override {
        Actions actions = duties->on_chain(clock().now());
        alarm();
        return actions;
    }
    Actions on_tick() override {
        const auto steady = std::chrono::steady_clock::now();
        watch.on_tick(*chain, clock().now(), steady);
        // The chain is as it was on disk then, which need not be as it was known here.
        if (keeper.on_tick(clock().now(), steady)) follow_tip();
        if (const auto missing = missing_blocks(*chain, peers->peers()); missing != last_missing) {
            last_missing = missing;
            if (!missing.empty()) note(log::Level::kError, "blocks-not-to-be-had", "", missing);
        }
        return duties->on_tick(clock().now());
    }

    void follow_tip() {
        last_tip = chain->tip();
        if (last_registry != chain->registry().root()) {
            last_registry = chain->registry().root();
            adopt_keys(options, chain->registry());
        }
        if (mining) mining->on_tip_changed();
        note_checkpoint(checkpoints.on_tip());
        tell(NodeEvent::kTip);
    }

    // Rule F8: nothing is sealed, voted for or cosigned any more; the operator must hear of it.
    void alarm() {
        if (alarmed || chain->conflict().empty()) return;
        alarmed = true;
        note(log::Level::kError, "finality-conflict", "", chain->conflict());
    }

    void note_checkpoint(const Result<bool>& changed) {
        if (!changed) return note_error(changed.error());
        if (conflict != checkpoints.conflict()) {
            conflict = checkpoints.conflict();
            if (!conflict.empty()) {
                note(log::Level::kError, "checkpoint-conflict", "", conflict);
            }
        }
        if (!*changed) return;
        log::debug("checkpoint", {{"ledger", kind()}, {"size", checkpoints.newest()->size}});
        tell(NodeEvent::kCheckpoint);
    }

    void note_error(const Error& error) {
        last_error = error.to_string();
        note(log::Level::kError, "node-failed", "", last_error);
    }

    void note(log::Level level,
              std::string_view name,
              std::string_view subject,
              std::string_view what) {
        events.note(clock().now(), level, name, subject, std::string(what));
    }

    [[nodiscard]] Result<TlogProof> prove(const LeafHash& leaf) const;

    [[nodiscard]] std::string_view kind() const { return to_string(chain->genesis().kind); }

    void tell(NodeEvent event) {
        for (const auto& callback : callbacks) callback(event);
    }

    void on_own_block() {
        Actions actions;
        actions.tip_changed = true;
        actions.block_added = true;
        peers->perform(std::move(actions));
    }

    [[nodiscard]] const Clock& clock() const noexcept {
        return options.clock != nullptr ? *options.clock : system_clock;
    }

    asio::any_io_executor executor;
    NodeOptions options;
    SystemClock system_clock;
    std::unique_ptr<Chain> chain;
    CheckpointStore checkpoints;
    std::unique_ptr<MemberDuties> duties;  // set by create(), like the next
    std::unique_ptr<PeerManager> peers;
    std::unique_ptr<Mining> mining;  // null: this member does not mine
    ChainTip last_tip;
    Sha256Digest last_registry;
    std::uint64_t reorgs = 0;
    std::string last_error;
    std::string last_missing;  // blocks, as told
    std::string conflict;  // of checkpoints, as last logged
    bool alarmed = false;
    std::vector<std::function<void(NodeEvent)>> callbacks;
    OperatorEvents events;
    LifeWatch watch;
    StoreKeeper keeper;
    TaskGroup tasks;
};

Result<std::unique_ptr<Node>> Node::create(asio::any_io_executor executor, NodeOptions options) {
    if (auto made = create_directories_durable(options.dir); !made) {
        return fail(std::move(made).error());
    }
    auto chain = Chain::open(options.dir / "chain", options.genesis, *options.rules, options.chain);
    if (!chain) return fail(std::move(chain).error());
    const Registry& registry = (*chain)->registry();
    adopt_keys(options, registry);
    if (auto checked = check_keys(options.keys, registry); !checked) {
        return fail(std::move(checked).error());
    }
    if (const Member* self = registry.find(options.keys.slot)) options.name = self->name;
    auto checkpoints = CheckpointStore::open(options.dir / "final.checkpoint", **chain);
    if (!checkpoints) return fail(std::move(checkpoints).error());
    auto impl = std::make_unique<Impl>(executor, std::move(options), std::move(*chain),
                                       std::move(*checkpoints));

    impl->keeper.on_opened(impl->clock().now());

    // Refers to the keys where they stay.
    const MemberKeys& keys = impl->options.keys;
    const DutyKeys duty_keys{keys.slot, impl->options.name, &keys.vote,
                             &keys.log, &keys.cosign,       &keys.tx};
    DutyStores stores;
    stores.safety = durable_file(impl->options.dir / "safety.votes");
    stores.cosigned = durable_file(impl->options.dir / "cosigned.checkpoint");
    auto duties = MemberDuties::open(*impl->chain, duty_keys, std::move(stores));
    if (!duties) return fail(std::move(duties).error());
    impl->duties = std::move(*duties);

    PeerOptions peer_options(keys.slot, keys.tls);
    peer_options.connect = impl->options.connect;
    auto peers =
        PeerManager::create(executor, *impl->chain, std::move(peer_options), *impl, impl->clock());
    if (!peers) return fail(std::move(peers).error());
    impl->peers = std::move(*peers);
    return std::unique_ptr<Node>(new Node(std::move(impl)));
}

Node::Node(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Node::~Node() = default;

void Node::start() {
    Impl& impl = *impl_;
    impl.peers->start();
    impl.peers->perform(impl.duties->on_tick(impl.clock().now()));
    if (impl.options.engine != nullptr) {  // idle while this member is no node
        const MiningOptions mining{impl.options.engine, impl.options.mining_share};
        impl.mining = std::make_unique<Mining>(impl.executor, *impl.chain, impl.options.keys.slot,
                                               impl.options.keys.seal, mining, impl.clock());
        impl.tasks.spawn(impl.mining->run([&impl] { impl.on_own_block(); }));
    }
}

asio::awaitable<void> Node::stop() {
    if (impl_->mining) impl_->mining->request_stop();
    co_await impl_->peers->stop();
    co_await impl_->tasks.stop();
}

Slot Node::slot() const noexcept { return impl_->options.keys.slot; }
Chain& Node::chain() noexcept { return *impl_->chain; }
const Chain& Node::chain() const noexcept { return *impl_->chain; }

PeerRoute Node::peer_route() {
    PeerRoute route;
    route.alpn = peer_alpn(impl_->chain->genesis().kind);
    route.knows = [impl = impl_.get()](const Sha256Digest& spki) {
        const Member* member = impl->chain->registry().find_by_spki(spki);
        return member != nullptr && member->is_active();
    };
    route.adopt = [impl = impl_.get()](http::Stream stream) {
        impl->peers->adopt(std::move(stream));
    };
    return route;
}

Result<TxId> Node::submit(ByteView transaction) {
    auto accepted = impl_->chain->accept_transaction(transaction);
    if (!accepted) return fail(std::move(accepted).error());
    impl_->peers->announce(InventoryItem(*accepted));
    impl_->on_transaction_added();
    return accepted;
}

void Node::serve_blobs(ReadBlob read) { impl_->peers->serve_blobs(std::move(read)); }

asio::awaitable<Result<Bytes>> Node::fetch_blob(Sha256Digest hash, std::size_t bytes) {
    return impl_->peers->fetch_blob(hash, bytes);
}

const crypto::PrivateKey& Node::tx_key() const noexcept { return impl_->options.keys.tx; }

Result<Bytes> Node::write_bundle_part(BlockHeight since) const {
    BundlePart part = make_bundle_part(*impl_->chain, since);
    if (part.blocks.empty() && !part.is_last) {
        return fail(std::errc::no_such_file_or_directory,
                    "block " + std::to_string(since) + ": " + impl_->chain->what_is_kept() +
                        ", and writes bundles that begin earlier");
    }
    const auto& checkpoint = impl_->checkpoints.newest();
    if (part.is_last && checkpoint) part.checkpoint = checkpoint->text;
    return encode_bundle_part(part);
}

Result<BundleOutcome> Node::read_bundle_part(ByteView bytes) {
    Impl& impl = *impl_;
    const auto part = decode_bundle_part(bytes);
    if (!part) return fail(Error(part.error()));
    auto done = take_bundle_part(*impl.chain, *part, impl.clock().now());
    // What came before a refusal stays, and is told.
    Actions actions;
    actions.tip_changed = impl.chain->tip().id != impl.last_tip.id;
    actions.block_added = actions.tip_changed || !part->certificates.empty();
    actions.certificate_added = !part->certificates.empty();
    actions.transaction_added = !part->transactions.empty();
    impl.peers->perform(std::move(actions));
    if (!done) return fail(std::move(done).error());
    if (!part->checkpoint.empty()) {
        auto changed = impl.checkpoints.add(impl.options.keys.slot, part->checkpoint);
        if (!changed) return fail(std::move(changed).error().within("checkpoint of the bundle"));
        impl.note_checkpoint(std::move(changed));
    }
    return done;
}

Result<BlockHeight> Node::resume_voting() { return impl_->duties->resume_voting(); }

Result<void> Node::add_epoch_signature(const EpochSignature& signature) {
    auto actions = impl_->duties->add_epoch_signature(signature);
    if (!actions) return fail(std::move(actions).error());
    impl_->peers->perform(*std::move(actions));
    return {};
}

const std::optional<FinalCheckpoint>& Node::checkpoint() const noexcept {
    return impl_->checkpoints.newest();
}

Result<std::string> Node::prove(const LeafHash& leaf) const {
    const auto proof = impl_->prove(leaf);
    if (!proof) return fail(Error(proof.error()));
    return to_string(*proof);
}

Result<std::string> Node::prove_with_entry(const LeafHash& leaf) const {
    EntryProof out;
    auto proof = impl_->prove(leaf);
    if (!proof) return fail(std::move(proof).error());
    auto found = impl_->chain->find(leaf);
    if (!found) {
        return fail(std::errc::no_such_file_or_directory,
                    "the transaction was pruned: " + impl_->chain->what_is_kept() +
                        "; without the transaction itself its place is proved here too");
    }
    out.proof = *std::move(proof);
    out.entry = std::move(found->bytes);
    return to_string(out);
}

// Of a transaction that was pruned too: the log is kept whole.
Result<TlogProof> Node::Impl::prove(const LeafHash& leaf) const {
    const auto place = chain->place_of(leaf);
    if (!place) {
        return fail(std::errc::no_such_file_or_directory, "no such transaction on this ledger");
    }
    const auto& checkpoint = checkpoints.newest();
    if (!checkpoint || place->log_index >= checkpoint->size ||
        checkpoint->size > chain->tip().log_size ||
        chain->log_root(checkpoint->size) != checkpoint->root) {
        return fail(std::errc::resource_unavailable_try_again,
                    "the transaction is in block " + std::to_string(place->height) +
                        ", but not enough members have cosigned it yet");
    }
    TlogProof out;
    out.index = place->log_index;
    out.path = chain->inclusion_path(place->log_index, checkpoint->size);
    out.checkpoint = checkpoint->text;
    return out;
}

void Node::on_change(std::function<void(NodeEvent)> callback) {
    impl_->callbacks.push_back(std::move(callback));
}

const OperatorEvents& Node::events() const noexcept { return impl_->events; }

boost::json::object Node::status() const {
    const Impl& impl = *impl_;
    NodeStatusParts parts{*impl.chain, *impl.peers, impl.checkpoints, impl.duties->status(),
                          impl.options.keys.slot};
    if (impl.mining) parts.mining = impl.mining->status();
    parts.reorgs = impl.reorgs;
    parts.last_error = impl.last_error;
    return node_status(parts);
}

}  // namespace assay::ledger
