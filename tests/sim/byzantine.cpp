#include "tests/sim/byzantine.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/coinbase.hpp"
#include "ledger/core/vote.hpp"
#include "tests/sim/node.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr double kMeanGap = 30 * kSecond;
constexpr std::size_t kForgeriesMax = 256;
constexpr double kFarmPower = 100;  // times that of a member

}  // namespace

bool Byzantine::answers(Slot from, const PeerMessage& message) {
    if (const auto* ask = std::get_if<GetHeaders>(&message)) {
        const auto offered = offered_.find(from);
        if (offered == offered_.end()) return false;
        // Before the forgeries what the peer may lack of the chain they build on.
        Headers answer;
        answer.headers = node_.chain().headers_after(ask->locator, kHeadersMax - 64);
        const BlockId base = offered->second.front().header.previous;
        const auto at = std::ranges::find_if(
            answer.headers, [&](const SealedHeader& header) { return header.id() == base; });
        if (at != answer.headers.end()) {
            answer.headers.erase(at + 1, answer.headers.end());
        } else {
            answer.headers.clear();
        }
        answer.headers.insert(answer.headers.end(), offered->second.begin(), offered->second.end());
        offered_.erase(offered);
        node_.send(from, std::move(answer));
        return true;
    }
    const auto* ask = std::get_if<GetData>(&message);
    if (ask == nullptr) return false;
    const bool knows_one = std::ranges::any_of(ask->items, [&](const InventoryItem& item) {
        return item.kind == InventoryKind::kBlock && forgeries_.contains(item.hash.as<BlockId>());
    });
    if (!knows_one) return false;
    for (const InventoryItem& item : ask->items) {
        if (item.kind == InventoryKind::kTransaction) {
            const auto tx = node_.chain().mempool_transaction(item.hash.as<TxId>());
            node_.send(from,
                       tx ? PeerMessage(TransactionMessage{*tx}) : PeerMessage(NotFound{item}));
            continue;
        }
        const auto id = item.hash.as<BlockId>();
        const auto forged = forgeries_.find(id);
        const auto real = node_.chain().block(id);
        if (forged != forgeries_.end()) {
            node_.send(from, BlockMessage{forged->second.bytes});
        } else {
            node_.send(from, real ? PeerMessage(BlockMessage{*real}) : PeerMessage(NotFound{item}));
        }
    }
    return true;
}

void Byzantine::tick() {
    const Millis now = node_.world().queue().now();
    if (secret_ && now > secret_->began + 6 * kMinute) end_secret(false);
    if (now < next_act_ || secret_ || node_.chain().has_failed()) return;
    if (next_act_ != 0) act();
    const double gap = farm_ ? 3 * kMeanGap : kMeanGap;
    next_act_ = now + 1 + static_cast<Millis>(node_.random().exponential(gap));
}

void Byzantine::act() {
    if (farm_) return begin_secret();
    static constexpr Spoil kActs[] = {
        &Byzantine::double_seal,    &Byzantine::double_seal,     &Byzantine::double_vote,
        &Byzantine::double_vote,    &Byzantine::surround_vote,   &Byzantine::surround_vote,
        &Byzantine::lying_time,     &Byzantine::lying_time,      &Byzantine::begin_secret,
        &Byzantine::begin_secret,   &Byzantine::foreign_slot,    &Byzantine::barred_slot,
        &Byzantine::mutated_body,   &Byzantine::invalid_release, &Byzantine::stale_registry,
        &Byzantine::wrong_log_root, &Byzantine::oversize,        &Byzantine::vote_spam,
        &Byzantine::bad_signatures, &Byzantine::leaked_vote_key, &Byzantine::leaked_vote_key,
        &Byzantine::old_seal_key,   &Byzantine::old_seal_key,    &Byzantine::removed_slot,
        &Byzantine::forged_epoch,   &Byzantine::hostile_proposal,
        &Byzantine::forged_certificate, &Byzantine::forged_certificate,
        &Byzantine::false_evidence,     &Byzantine::wrong_bits,
    };
    (this->*kActs[node_.random().below(std::size(kActs))])();
}

// --- tools ---------------------------------------------------------------------------------------

std::vector<Slot> Byzantine::others() const {
    std::vector<Slot> slots;
    for (std::size_t i = 0; i < node_.world().size(); ++i) {
        if (i != node_.slot()) slots.push_back(static_cast<Slot>(i));
    }
    return slots;
}

std::vector<Slot> Byzantine::half(bool first) const {
    std::vector<Slot> slots = others();
    std::erase_if(slots, [first](Slot slot) { return (slot % 2 == 0) != first; });
    return slots;
}

void Byzantine::offer(const std::vector<Bytes>& blocks, const std::vector<Slot>& peers) {
    if (blocks.empty()) return;
    if (forgeries_.size() > kForgeriesMax) forgeries_.clear();
    std::vector<SealedHeader> headers;
    for (const Bytes& block : blocks) {
        Forgery forgery;
        forgery.bytes = block;
        forgery.header = decode_sealed_header(ByteView(block).first<kSealedHeaderBytes>());
        headers.push_back(forgery.header);
        forgeries_[forgery.header.id()] = std::move(forgery);
    }
    for (const Slot peer : peers) {
        offered_[peer] = headers;
        Announce news;
        news.items.emplace_back(headers.back().id());
        node_.send(peer, std::move(news));
    }
}

std::optional<BlockTemplate> Byzantine::any_template() {
    auto own = node_.chain().make_template(node_.slot(), node_.wall());
    for (const Slot slot : others()) {
        if (own) break;
        own = node_.chain().make_template(slot, node_.wall());
    }
    return own;
}

void Byzantine::commit(BlockTemplate& block) const {
    auto coinbase = decode_coinbase(block.txs[0]).value();
    coinbase.n_tx = static_cast<std::uint32_t>(block.txs.size());
    coinbase.extranonce = node_.random().next();
    block.txs[0] = encode_coinbase(coinbase);
    std::vector<TxId> ids;
    for (const Bytes& tx : block.txs) ids.push_back(tx_id(tx));
    block.header.merkle_root = bitcoin_merkle_root(std::move(ids));
}

void Byzantine::append_transaction(BlockTemplate& block, const Bytes& tx) const {
    block.txs.push_back(tx);
    auto coinbase = decode_coinbase(block.txs[0]).value();
    crypto::CompactRange log;
    for (const auto& [key, value] : node_.disk().table()) {
        if (key[0] == std::byte{'l'}) log.append(LogHash::from(value));
    }
    for (std::size_t i = 1; i < block.txs.size(); ++i) log.append(crypto::leaf_hash(block.txs[i]));
    coinbase.log_size = log.size();
    coinbase.log_root = log.root();
    block.txs[0] = encode_coinbase(coinbase);
    commit(block);
}

Bytes Byzantine::seal(BlockTemplate block) {
    block.header.nonce = static_cast<std::uint32_t>(node_.random().next());
    return seal_block(block, node_.seal_key()).value();
}

std::optional<Vote> Byzantine::vote_for(const BlockId& id) {
    const auto target = node_.chain().vote_target(id);
    if (!target) return std::nullopt;
    Vote vote;
    vote.epoch = target->voters->number();
    vote.slot = node_.slot();
    vote.link = VoteLink{target->chain_justified, target->point};
    return vote;
}

void Byzantine::send_vote(Vote vote, const std::vector<Slot>& peers) {
    const auto signed_vote = sign_vote(vote, node_.chain().chain_id(), node_.vote_key()).value();
    for (const Slot peer : peers) node_.send(peer, VoteMessage{signed_vote});
}

// --- acts ----------------------------------------------------------------------------------------

// Two blocks on one parent, each shown to half of the members: legal, and so is either's child.
void Byzantine::double_seal() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "double-seal");
    siblings_.clear();
    std::vector<Bytes> made;
    for (int i = 0; i < 2; ++i) {
        commit(*block);
        made.push_back(seal(*block));
        siblings_.push_back(decode_block(made.back())->sealed.id());
    }
    offer({made[0]}, half(true));
    offer({made[1]}, half(false));
    for (const Bytes& each : made) (void)node_.take_own_block(each);
}

// V1: each half hears of another vote at one height.
void Byzantine::double_vote() {
    auto first = vote_for(node_.chain().tip().id);
    if (!first) return;
    Vote second = *first;
    second.link.target.id.bytes[0] ^= std::byte{1};
    if (siblings_.size() == 2) {
        const auto a = vote_for(siblings_[0]);
        const auto b = vote_for(siblings_[1]);
        if (a && b) {
            first = a;
            second = *b;
        }
    }
    node_.world().note_lie(node_, "double-vote");
    ++node_.world().summary().contradictions;
    send_vote(*first, half(true));
    send_vote(second, half(false));
}

// V2: from below the source of an older vote to above its target.
void Byzantine::surround_vote() {
    auto vote = vote_for(node_.chain().tip().id);
    if (!vote || vote->link.source.height == 0) return;
    node_.world().note_lie(node_, "surround-vote");
    ++node_.world().summary().contradictions;
    send_vote(*vote, others());
    vote->link.source = ChainPoint{0, *node_.chain().id_at(0)};
    vote->link.target.height += 1;
    vote->link.target.id.bytes[1] ^= std::byte{1};
    send_vote(*vote, others());
}

void Byzantine::foreign_slot() {
    const auto slots = others();
    const Slot victim = slots[node_.random().below(slots.size())];
    const auto block = node_.chain().make_template(victim, node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "foreign-slot");
    offer({seal(*block)}, others());
}

void Byzantine::barred_slot() {
    if (node_.chain().make_template(node_.slot(), node_.wall())) return;  // its turn
    auto block = any_template();
    if (!block) return;
    node_.world().note_lie(node_, "barred-slot");
    auto coinbase = decode_coinbase(block->txs[0]).value();
    coinbase.slot = node_.slot();
    block->txs[0] = encode_coinbase(coinbase);
    block->header.version = kVersionTop | node_.slot();
    commit(*block);
    offer({seal(*block)}, others());
}

// As far ahead as the rules let it, farther, or as far back.
void Byzantine::lying_time() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "lying-time");
    switch (node_.random().below(4)) {
        case 0:
            block->header.time = node_.chain().tip().time + 1;
            break;
        case 1:
            block->header.time = node_.chain().tip().time - 1;
            break;
        case 2:
            block->header.time += 2 * kInterval - 1;
            break;
        default:
            block->header.time += 300;
    }
    offer({seal(*block)}, others());
}

// As easy as it gets.
void Byzantine::wrong_bits() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block || block->header.bits == kPowLimit) return;
    node_.world().note_lie(node_, "wrong-bits");
    block->header.bits = kPowLimit;
    offer({seal(*block)}, others());
}

// CVE-2012-2459: the last transaction twice has the same Merkle root; or just another body.
void Byzantine::mutated_body() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "mutated-body");
    const Bytes good = seal(*block);
    const SealedHeader header = decode_block(good)->sealed;
    std::vector<Bytes> txs = block->txs;
    txs.push_back(txs.back());
    if (node_.random().chance(0.5)) txs.back().back() ^= std::byte{1};
    offer({encode_block(header, txs)}, half(true));
    offer({good}, half(false));
}

void Byzantine::invalid_release() {
    auto block = any_template();
    if (!block || block->header.slot() != node_.slot()) return;
    node_.world().note_lie(node_, "invalid-release");
    TxBody body;
    body.chain_id = node_.chain().chain_id();
    body.slot = node_.slot();
    body.valid_until = block->height + 10;
    const Bytes nothing{std::byte{0}};
    body.body = nothing;
    const crypto::PrivateKey* const keys[] = {&node_.tx_key()};
    const Bytes tx = sign_transaction(body, {node_.name(), "a/b/c", keys}).value();
    append_transaction(*block, tx);
    offer({seal(*block)}, others());
}

void Byzantine::stale_registry() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "stale-registry");
    auto coinbase = decode_coinbase(block->txs[0]).value();
    if (node_.random().chance(0.5)) {
        coinbase.registry_root.bytes[0] ^= std::byte{1};
    } else {
        ++coinbase.registry_epoch;
    }
    block->txs[0] = encode_coinbase(coinbase);
    commit(*block);
    offer({seal(*block)}, others());
}

void Byzantine::wrong_log_root() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "wrong-log-root");
    auto coinbase = decode_coinbase(block->txs[0]).value();
    coinbase.log_root.bytes[0] ^= std::byte{1};
    block->txs[0] = encode_coinbase(coinbase);
    commit(*block);
    offer({seal(*block)}, others());
}

void Byzantine::oversize() {
    auto block = node_.chain().make_template(node_.slot(), node_.wall());
    if (!block) return;
    node_.world().note_lie(node_, "oversize");
    if (node_.random().chance(0.5)) {
        for (int i = 0; i < 3; ++i) block->txs.emplace_back(25'000);
    } else {
        for (std::size_t i = 0; i < 65; ++i) block->txs.emplace_back(65 + i);
    }
    commit(*block);
    offer({seal(*block)}, others());
}

// Evidence by the hundred: what members keep of it is bounded.
void Byzantine::vote_spam() {
    const auto base = vote_for(node_.chain().tip().id);
    if (!base) return;
    node_.world().note_lie(node_, "evidence-spam");
    for (unsigned i = 0; i < 60; ++i) {
        Vote vote = *base;
        vote.link.target.height += static_cast<BlockHeight>(node_.random().below(300));
        vote.link.target.id.bytes[2] = static_cast<std::byte>(i);
        send_vote(vote, others());
    }
}

void Byzantine::bad_signatures() {
    auto vote = vote_for(node_.chain().tip().id);
    if (!vote) return;
    node_.world().note_lie(node_, "bad-vote-signature");
    vote->signature[0] ^= std::byte{1};
    for (const Slot peer : others()) node_.send(peer, VoteMessage{*vote});
}

// --- withholding ---------------------------------------------------------------------------------

void Byzantine::begin_secret() {
    node_.world().note_lie(node_, "withhold");
    secret_ = std::make_unique<Secret>();
    secret_->disk = node_.disk().copy();
    auto chain = Chain::open(secret_->disk.database(), node_.world().founders().genesis_bytes,
                             node_.world().founders().rules());
    if (!chain) return secret_.reset();
    secret_->chain = *std::move(chain);
    secret_->fork = secret_->chain->tip().height;
    secret_->began = node_.world().queue().now();
    mine_secret(++attacks_);
}

// With a hundred times the hash power of a member, if the rules leave it anything to mine.
void Byzantine::mine_secret(std::uint64_t attack) {
    if (!secret_ || attack != attacks_ || !node_.is_up()) return;
    Chain& chain = *secret_->chain;
    const Timestamp now = node_.wall();
    if (chain.mempool_size() == 0) {
        const Bytes tx = node_.world().harmless_transaction(node_);
        (void)chain.accept_transaction(tx);
    }
    std::uint32_t next_bits = kPowLimit;
    if (auto block = chain.make_template(node_.slot(), now)) {
        next_bits = block->header.bits;
        (void)chain.accept_block(seal(*block), now);
    }
    // Released once what it undoes is confirmed by custom, and it has the longer branch.
    const BlockHeight open_tip = node_.chain().tip().height;
    if (open_tip >= secret_->fork + 6 && chain.tip().height > open_tip) return end_secret(true);
    const double seconds =
        expected_hashes(next_bits) / (kFarmPower * node_.world().ordinary_hash_rate());
    // The time of a block is above its parent's by a second at least.
    const Millis pause = kSecond + static_cast<Millis>(node_.random().exponential(seconds * 1e3));
    node_.world().queue().after(pause, [this, attack] { mine_secret(attack); });
}

void Byzantine::end_secret(bool release) {
    const auto secret = std::move(secret_);
    ++attacks_;
    std::vector<Bytes> blocks;
    for (BlockHeight height = secret->fork + 1; height <= secret->chain->tip().height; ++height) {
        blocks.push_back(*secret->chain->block(*secret->chain->id_at(height)));
    }
    if (blocks.empty()) return;
    node_.world().note_lie(node_, "release",
                           std::to_string(blocks.size()) + " blocks" + (release ? "" : ", late"));
    offer(blocks, others());
    for (const Bytes& block : blocks) (void)node_.take_own_block(block);
}

}  // namespace assay::sim
