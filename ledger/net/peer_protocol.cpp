#include "ledger/net/peer_protocol.hpp"

#include <algorithm>
#include <utility>

#include "host/base/text_encoding.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/validation.hpp"

namespace assay::ledger {
namespace {

// A peer's headers and announcements beyond these are asked for again when there is room.
constexpr std::size_t kWantedBlocksMax = 4'096;
constexpr std::size_t kWantedTransactionsMax = 8'192;
// Answers owed to a peer; an honest one has at most 16 blocks and 256 transactions under way.
constexpr std::size_t kServingMax = 1'024;
// An honest peer asks for one part at a time, or two.
constexpr std::size_t kServingBlobsMax = 8;
// What was asked of a peer and never came, so that a late answer is not held against it.
constexpr std::size_t kAskedMax = 4'096;
constexpr std::chrono::seconds kHeadersTimeout{20};
// Who names blocks and then lacks them is not asked for more of them as fast as it can answer.
constexpr std::chrono::seconds kHeadersAgain{2};
// Who refused a transaction because it came before what it builds on gets another chance.
constexpr std::chrono::seconds kMempoolAgain{10};
// Of a block whose parent waits to be judged itself.
constexpr BlockHeight kHeightUnknown = UINT32_MAX;

// Errors that a member which checks what it relays cannot cause.
bool blames_sender(const Error& error) noexcept {
    return error.is(Refusal::kMalformed) || error.is(Refusal::kSignatureInvalid) ||
           error.is(Refusal::kChainIdMismatch) || error.is(Refusal::kUnknownVersion);
}

}  // namespace

PeerMessage PeerProtocol::hello() const {
    const ChainTip& tip = sync_.chain().tip();
    return Hello{sync_.chain().chain_id(), own_, tip.height, tip.id};
}

Result<Actions> PeerProtocol::on_message(PeerMessage message, SyncTime now) {
    Actions actions;
    if (sync_.chain().has_failed()) {
        if (headers_owed_ > 0 && std::holds_alternative<Headers>(message)) --headers_owed_;
        return actions;
    }
    if (!greeted_) {
        const auto* greeting = std::get_if<Hello>(&message);
        if (greeting == nullptr) {
            return fail(Refusal::kMalformed, std::string(name_of(message)) + " before hello");
        }
        if (auto accepted = on_hello(*greeting, actions, now); !accepted) {
            return fail(std::move(accepted).error());
        }
        return actions;
    }
    std::visit([&](auto& alternative) { handle(alternative, actions, now); }, message);
    return actions;
}

Result<void> PeerProtocol::on_hello(const Hello& hello, Actions& actions, SyncTime now) {
    if (hello.chain_id != sync_.chain().chain_id()) {
        return fail(Refusal::kChainIdMismatch, "hello: the peer's chain is " +
                                                   to_hex(hello.chain_id.view()) + ", ours is " +
                                                   to_hex(sync_.chain().chain_id().view()));
    }
    if (hello.slot != peer_) {
        return fail(Refusal::kPeerUnknown, "hello: names slot " + std::to_string(hello.slot) +
                                               ", but the TLS key is that of slot " +
                                               std::to_string(peer_));
    }
    greeted_ = true;
    actions.greeted = true;
    peer_height_ = hello.tip_height;
    ask_headers(actions, now);
    announce_mempool(actions, now);
    return {};
}

Actions PeerProtocol::on_tick(SyncTime now) {
    Actions actions;
    if (!greeted_ || sync_.chain().has_failed()) return actions;
    sync_.settle(actions);
    note_tip(peer_tip_);
    if (asked_.size() > kAskedMax) {
        blame(actions, kPenaltyUnasked, "announced thousands of things that it never delivered");
        asked_.clear();
    }
    const BlockHeight height = sync_.chain().tip().height;
    headers_again_ |= height < height_seen_;  // a damaged store was rebuilt, and lacks blocks
    height_seen_ = height;
    if (sync_.downloads().expire(peer_, now.steady)) {
        blame(actions, kPenaltyStall, "did not deliver what it announced");
    }
    if (headers_asked_ && now.steady >= *headers_asked_ + kHeadersTimeout) {
        headers_asked_.reset();  // the answer may still come
        blame(actions, kPenaltyStall, "did not answer get-headers");
        ask_headers(actions, now);
    }
    if (!mempool_announced_ || now.steady >= *mempool_announced_ + kMempoolAgain) {
        announce_mempool(actions, now);
    }
    ask_data(actions, now);
    return actions;
}

std::optional<PeerMessage> PeerProtocol::next_served() {
    if (serving_.empty() && !serving_blobs_.empty()) return next_blob_part();
    if (serving_.empty()) return std::nullopt;
    const InventoryItem item = serving_.front();
    serving_.pop_front();
    const Chain& chain = sync_.chain();
    if (item.kind == InventoryKind::kBlock) {
        if (auto bytes = chain.block(item.hash.as<BlockId>())) {
            return BlockMessage{std::move(*bytes)};
        }
    } else {
        const auto id = item.hash.as<TxId>();
        if (auto bytes = chain.mempool_transaction(id)) {
            return TransactionMessage{std::move(*bytes)};
        }
        if (auto found = chain.find(id)) return TransactionMessage{std::move(found->bytes)};
    }
    return NotFound{item, chain.first_block()};
}

// --- messages -----------------------------------------------------------------------------------

void PeerProtocol::handle(const Ping& ping, Actions& actions, SyncTime) {
    actions.replies.emplace_back(Pong{ping.nonce});
}

void PeerProtocol::handle(const Pong&, Actions&, SyncTime) {}  // hearing from the peer is enough

void PeerProtocol::handle(const Hello&, Actions& actions, SyncTime) {
    blame(actions, kPenaltyUnasked, "second hello");
}

void PeerProtocol::handle(const GetHeaders& request, Actions& actions, SyncTime) {
    actions.replies.emplace_back(
        Headers{sync_.chain().headers_after(request.locator, kHeadersMax)});
}

void PeerProtocol::handle(const Headers& message, Actions& actions, SyncTime now) {
    if (headers_owed_ == 0) return blame(actions, kPenaltyUnasked, "headers nobody asked for");
    if (--headers_owed_ == 0) headers_asked_.reset();
    actions.was_asked = true;
    if (!check_links(message, actions)) return;

    BlockHeight height = message.headers.empty() ? 0 : height_of(message.headers.front().header.previous);
    bool are_news = false;
    for (const SealedHeader& sealed : message.headers) {
        const InventoryItem item(sealed.id());
        if (height != kHeightUnknown) ++height;
        if (wanted_blocks_.size() >= kWantedBlocksMax) break;
        if (!sync_.lacks(item)) continue;
        want(item, height);
        are_news = true;
    }
    if (!message.headers.empty()) note_tip(InventoryItem(message.headers.back().id()));
    headers_again_ |= message.headers.size() == kHeadersMax;
    // Who tells what is known, over and over, is not asked as fast as it can answer.
    if (!are_news) headers_not_before_ = now.steady + kHeadersAgain;
    ask_data(actions, now);
}

// Each header builds on the one before, the first on a block that we have or are fetching, and all
// carry the work they claim.
bool PeerProtocol::check_links(const Headers& message, Actions& actions) const {
    const BlockId* parent = nullptr;
    BlockId last;
    for (const SealedHeader& sealed : message.headers) {
        const BlockHeader& header = sealed.header;
        const BlockId id = header.id();
        const BlockVerdict verdict = check_header_alone(header, id, sync_.chain().genesis().params);
        if (verdict != BlockVerdict::kValid) {
            blame(actions, kPenaltyInvalid,
                  "header " + to_hex(id.view()) + ": " + std::string(to_string(verdict)));
            return false;
        }
        const bool linked =
            parent != nullptr ? header.previous == *parent : is_known(header.previous);
        if (!linked) {
            blame(actions, kPenaltyUnasked, "headers that do not link at " + to_hex(id.view()));
            return false;
        }
        last = id;
        parent = &last;
    }
    return true;
}

BlockHeight PeerProtocol::height_of(const BlockId& id) const {
    const auto wanted = wanted_.find(InventoryItem(id));
    if (wanted != wanted_.end()) return wanted->second;
    return sync_.chain().height_of(id).value_or(kHeightUnknown);
}

bool PeerProtocol::is_known(const BlockId& id) const {
    const InventoryItem item(id);
    return wanted_.contains(item) || !sync_.lacks(item);
}

void PeerProtocol::handle(const Announce& announce, Actions& actions, SyncTime now) {
    for (const InventoryItem& item : announce.items) {
        if (item.kind == InventoryKind::kBlock) {
            note_tip(item);
            headers_again_ |= !wanted_.contains(item) && sync_.lacks(item);
        } else if (wanted_transactions_.size() < kWantedTransactionsMax && sync_.lacks(item)) {
            want(item, 0);
        }
    }
    if (headers_again_) ask_headers(actions, now);
    ask_data(actions, now);
}

void PeerProtocol::handle(const GetData& request, Actions& actions, SyncTime) {
    if (serving_.size() + request.items.size() > kServingMax) {
        return blame(actions, kPenaltyUnasked, "more get-data than it takes answers for");
    }
    serving_.insert(serving_.end(), request.items.begin(), request.items.end());
}

void PeerProtocol::handle(BlockMessage& block, Actions& actions, SyncTime now) {
    if (block.bytes.size() < kHeaderBytes) {
        return blame(actions, kPenaltyMalformed, "block shorter than a header");
    }
    const BlockId id = decode_header(ByteView(block.bytes).first<kHeaderBytes>()).id();
    const InventoryItem item(id);
    if (!was_asked(item)) return blame(actions, kPenaltyUnasked, "block nobody asked for");
    sync_.downloads().deliver(item, peer_, now.steady);

    // It has them again.
    if (peer_first_block_ > 0 && height_of(id) < peer_first_block_) peer_first_block_ = 0;
    unwant(item);
    actions.was_asked = true;

    WaitingBlocks::Block received{id, peer_, std::move(block.bytes)};
    // As long as more are on the way than are under way, we catch up.
    const bool behind = wanted_blocks_.size() > kBlocksInFlightMax;
    sync_.accept_block(std::move(received), now.wall, actions,
                       behind ? Durable::kLater : Durable::kNow);
    // An orphan's parent may be one that nobody is fetching: the peer's headers will tell.
    headers_again_ |= sync_.waiting().contains(id);
    ask_data(actions, now);
}

void PeerProtocol::handle(const TransactionMessage& transaction, Actions& actions, SyncTime now) {
    const TxId id = tx_id(transaction.bytes);
    const InventoryItem item(id);
    if (!was_asked(item)) return blame(actions, kPenaltyUnasked, "transaction nobody asked for");
    sync_.downloads().deliver(item, peer_, now.steady);
    unwant(item);

    const auto accepted = sync_.chain().accept_transaction(transaction.bytes);
    actions.was_asked = accepted || accepted.error().is(Refusal::kDuplicateTransaction);
    if (!accepted && accepted.error().is(Refusal::kMempoolFull)) {
        // Its own or one that it relays: either way nobody would see why it does not arrive.
        actions.notices.push_back(
            Notice{peer_, "peer-transactions-refused", accepted.error().to_string()});
    }
    if (accepted) {
        actions.transaction_added = true;
        Announce news;
        news.items.push_back(item);
        actions.relays.emplace_back(std::move(news));
    } else if (blames_sender(accepted.error())) {
        blame(actions, kPenaltyInvalid, "transaction: " + accepted.error().to_string());
    }
    ask_data(actions, now);
}

void PeerProtocol::handle(CheckpointMessage& checkpoint, Actions& actions, SyncTime) {
    actions.checkpoints.push_back(std::move(checkpoint.text));
}

void PeerProtocol::handle(const NotFound& answer, Actions& actions, SyncTime now) {
    if (!was_asked(answer.item)) return blame(actions, kPenaltyUnasked, "not-found unasked");
    sync_.downloads().give_up(answer.item, peer_);
    const auto wanted = wanted_.find(answer.item);
    const bool is_pruned = answer.item.kind == InventoryKind::kBlock && wanted != wanted_.end() &&
                           wanted->second < answer.first_block;
    if (is_pruned) {
        note_pruned(answer.first_block, wanted->second, actions, now);
    } else {
        unwant(answer.item);
        headers_not_before_ = now.steady + kHeadersAgain;
    }
    ask_data(actions, now);
}

// Nobody's fault: others may keep what it let go.
void PeerProtocol::note_pruned(BlockHeight first,
                               BlockHeight asked,
                               Actions& actions,
                               SyncTime now) {
    if (now.steady >= ask_pruned_at_) {  // of many answers the first
        actions.notices.push_back(Notice{peer_, "peer-pruned",
                                         "it keeps blocks from " + std::to_string(first) +
                                             " on: block " + std::to_string(asked) +
                                             " is asked of others"});
        ask_pruned_at_ = now.steady + kPrunedAgain;
    }
    peer_first_block_ = first;
}

void PeerProtocol::handle(const VoteMessage& message, Actions& actions, SyncTime) {
    actions.votes.push_back(message.vote);
}

void PeerProtocol::handle(const EpochSignatureMessage& message, Actions& actions, SyncTime) {
    actions.epoch_signatures.push_back(message);
}

void PeerProtocol::handle(const GetBlob& request, Actions& actions, SyncTime) {
    if (serving_blobs_.size() == kServingBlobsMax) {
        return blame(actions, kPenaltyUnasked, "more get-blob than it takes answers for");
    }
    serving_blobs_.push_back(request);
}

void PeerProtocol::handle(BlobPart& part, Actions& actions, SyncTime) {
    if (blob_parts_owed_ == 0) return blame(actions, kPenaltyUnasked, "blob-part nobody asked for");
    --blob_parts_owed_;
    actions.was_asked = true;
    actions.blob_parts.push_back(std::move(part));
}

// A blob is read once for all its parts, which are asked for one after the other.
BlobPart PeerProtocol::next_blob_part() {
    const GetBlob request = serving_blobs_.front();
    serving_blobs_.pop_front();
    if (whole_blob_.bytes.empty() || whole_blob_.hash != request.hash) {
        whole_blob_.hash = request.hash;
        whole_blob_.bytes = sync_.read_blob(request.hash).value_or(Bytes{});
    }
    BlobPart part;
    part.hash = request.hash;
    part.offset = request.offset;
    const ByteView whole = whole_blob_.bytes;
    if (request.offset < whole.size()) {
        const std::size_t left = whole.size() - request.offset;
        part.bytes = to_bytes(whole.subspan(request.offset, std::min(left, kBlobPartBytesMax)));
    }
    if (request.offset + part.bytes.size() >= whole.size()) whole_blob_ = BlobPart{};
    return part;
}

// --- asking -------------------------------------------------------------------------------------

bool PeerProtocol::was_asked(const InventoryItem& item) {
    const auto asked = asked_.find(item);
    if (asked == asked_.end()) return false;
    asked_.erase(asked);
    return true;
}

void PeerProtocol::want(const InventoryItem& item, BlockHeight height) {
    if (!wanted_.emplace(item, height).second) return;
    (item.kind == InventoryKind::kBlock ? wanted_blocks_ : wanted_transactions_).push_back(item);
}

void PeerProtocol::unwant(const InventoryItem& item) {
    if (wanted_.erase(item) == 0) return;
    auto& wanted = item.kind == InventoryKind::kBlock ? wanted_blocks_ : wanted_transactions_;
    const auto found = std::ranges::find(wanted, item);  // at the front as a rule
    if (found != wanted.end()) wanted.erase(found);
}

void PeerProtocol::ask_headers(Actions& actions, SyncTime now) {
    headers_again_ = true;
    if (headers_asked_) return;  // one question at a time; this one follows the answer
    headers_again_ = false;
    headers_asked_ = now.steady;
    ++headers_owed_;
    actions.replies.emplace_back(GetHeaders{sync_.chain().locator()});
}

void PeerProtocol::ask_data(Actions& actions, SyncTime now) {
    GetData request;
    claim_from(wanted_transactions_, request, now);
    // While there are many to come, for several at a time: a question for each block would cost as much
    // as the block.
    const bool are_many = wanted_blocks_.size() > 2 * kBlocksInFlightMax;
    const std::size_t under_way = sync_.downloads().in_flight(peer_, InventoryKind::kBlock);
    if (!are_many || under_way <= kBlocksInFlightMax / 2) claim_from(wanted_blocks_, request, now);
    if (!request.items.empty()) actions.replies.emplace_back(std::move(request));
    // What was announced since the last answer, or did not fit into it.
    if (headers_again_ && !headers_asked_ && wanted_blocks_.empty() &&
        now.steady >= headers_not_before_) {
        ask_headers(actions, now);
    }
}

void PeerProtocol::claim_from(std::deque<InventoryItem>& wanted, GetData& request, SyncTime now) {
    // What has arrived in the meantime, from whomever, is at the front as a rule.
    while (!wanted.empty() && !sync_.downloads().claimed(wanted.front()) &&
           !sync_.lacks(wanted.front())) {
        wanted_.erase(wanted.front());
        wanted.pop_front();
    }
    const bool is_pruned_there = peer_first_block_ > 0 && now.steady < ask_pruned_at_;
    bool is_next = true;  // the first that is missing
    for (const InventoryItem& item : wanted) {
        if (request.items.size() == kGetDataMax) return;
        if (is_pruned_there && item.kind == InventoryKind::kBlock &&
            wanted_.at(item) < peer_first_block_) {
            continue;
        }
        if (sync_.downloads().claimed(item)) {
            is_next = false;
            continue;
        }
        if (!sync_.lacks(item)) continue;
        const bool frees_others = std::exchange(is_next, false) && will_connect(item);
        if (item.kind == InventoryKind::kBlock && !frees_others &&
            !sync_.has_room_for_block_of(peer_)) {
            return;
        }
        if (!sync_.downloads().claim(item, peer_, now.steady)) return;
        asked_.insert(item);
        request.items.push_back(item);
    }
}

// The block that the waiting ones wait for may be asked of whoever has sent so many of them that there is
// no room for more: else all would wait for ever, once the one that was asked for it is gone.
bool PeerProtocol::will_connect(const InventoryItem& item) const {
    return item.kind == InventoryKind::kBlock &&
           wanted_.at(item) <= sync_.chain().tip().height + 1 &&
           sync_.downloads().in_flight(peer_, InventoryKind::kBlock) == 0;
}

void PeerProtocol::announce_mempool(Actions& actions, SyncTime now) {
    mempool_announced_ = now.steady;
    Announce mempool;
    for (const TxId& id : sync_.chain().mempool_ids()) {
        if (mempool.items.size() == kAnnounceMax) break;
        mempool.items.emplace_back(id);
    }
    if (!mempool.items.empty()) actions.replies.emplace_back(std::move(mempool));
}

void PeerProtocol::note_tip(const InventoryItem& item) {
    peer_tip_ = item;
    const ChainTip& tip = sync_.chain().tip();
    if (item.hash == tip.id.as<Sha256Digest>()) peer_height_ = tip.height;
}

void PeerProtocol::blame(Actions& actions, int score, std::string reason) const {
    actions.penalties.push_back(Penalty{peer_, score, std::move(reason)});
}

}  // namespace assay::ledger
