#include "gateway/receipt/anchor_writer.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"

namespace assay::gateway {
namespace {

// Who comes next waits that part of the terms longer: time for an anchor to be seen.
constexpr unsigned kTurns = 8;
constexpr std::chrono::seconds kLooksEvery{10};

// The newest final block of that log; nothing while it is not final here.
std::optional<ledger::ChainTip> block_of_log(const ledger::Chain& chain, std::uint64_t size) {
    for (ledger::BlockHeight height = chain.final_block().height; height > 0; --height) {
        const ledger::ChainTip block = chain.at_height(height);
        if (block.log_size < size) return std::nullopt;
        if (block.log_size == size) return block;
    }
    return std::nullopt;
}

std::chrono::seconds age_of(const ledger::Chain& chain, ledger::BlockHeight height, Timestamp now) {
    return now - Timestamp{std::chrono::seconds{chain.at_height(height).time}};
}

}  // namespace

bool anchor_is_due(const AnchorOutlook& outlook, const AnchorTerms& terms) {
    if (!outlook.has_news) return false;
    const auto rank = static_cast<ledger::BlockHeight>(outlook.rank);
    return outlook.blocks >= terms.blocks + rank * std::max<ledger::BlockHeight>(1, terms.blocks / kTurns) ||
           outlook.age >= terms.age + rank * std::max(std::chrono::seconds{1}, terms.age / kTurns);
}

AnchorVerdict judge_anchor(const ledger::LedgerAnchor& anchor, const ledger::Chain& chain) {
    if (anchor.height > chain.final_block().height) return AnchorVerdict::kAhead;
    const bool agrees = chain.id_at(anchor.height) == anchor.block &&
                        chain.at_height(anchor.height).log_size == anchor.log.size &&
                        chain.log_root(anchor.log.size) == anchor.log.root;
    return agrees ? AnchorVerdict::kAgrees : AnchorVerdict::kContradicts;
}

std::optional<ledger::AnchorEntry> newest_true_anchor(const ledger::StateView& consortium,
                                                      const ledger::Chain& chain) {
    std::optional<ledger::AnchorEntry> newest;
    for (ledger::AnchorEntry& entry : ledger::anchors_of(consortium, chain.chain_id())) {
        if (newest && entry.anchor.height <= newest->anchor.height) continue;
        if (judge_anchor(entry.anchor, chain) == AnchorVerdict::kAgrees) newest = std::move(entry);
    }
    return newest;
}

AnchorWriter::AnchorWriter(boost::asio::any_io_executor executor,
                           ledger::Node& consortium,
                           const ledger::Node& gateways,
                           std::string name,
                           const AnchorTerms& terms,
                           const Clock& clock)
    : consortium_{consortium},
      gateways_{gateways},
      name_{std::move(name)},
      terms_{terms},
      clock_{clock},
      wakeup_{std::move(executor)} {}

// In the order of slots, beginning behind who wrote the last one.
std::size_t AnchorWriter::rank_of(const ledger::Member& self,
                                  const std::optional<ledger::AnchorEntry>& last) const {
    std::vector<ledger::Slot> slots;
    for (const ledger::Member& member : consortium_.chain().registry().members()) {
        if (member.is_active() && member.has(ledger::Role::kGateway)) slots.push_back(member.slot);
    }
    const auto place = [&](ledger::Slot slot) {
        return static_cast<std::size_t>(std::ranges::lower_bound(slots, slot) - slots.begin());
    };
    const std::size_t own = place(self.slot);
    if (!last) return own;
    return (own + slots.size() - place(last->slot) - 1) % slots.size();
}

std::optional<ledger::LedgerAnchor> AnchorWriter::due_anchor(const ledger::Member& self) const {
    const auto& checkpoint = gateways_.checkpoint();
    if (!checkpoint || checkpoint->size == 0) return std::nullopt;
    const ledger::Chain& chain = gateways_.chain();
    const auto block = block_of_log(chain, checkpoint->size);
    if (!block) return std::nullopt;
    const auto last = newest_true_anchor(consortium_.chain().state(), chain);
    const ledger::BlockHeight anchored = last ? last->anchor.height : 0;
    AnchorOutlook outlook;
    outlook.blocks = block->height - std::min(block->height, anchored);
    outlook.age = age_of(chain, anchored, clock_.now());
    outlook.has_news = checkpoint->size > (last ? last->anchor.log.size : 0);
    outlook.rank = rank_of(self, last);
    if (!anchor_is_due(outlook, terms_)) return std::nullopt;
    auto anchor = ledger::make_ledger_anchor(chain.chain_id(), block->height, block->id,
                                             checkpoint->text);
    if (!anchor) {
        log::warning("anchor-not-made", {{"reason", anchor.error().to_string()}});
        return std::nullopt;
    }
    return *std::move(anchor);
}

void AnchorWriter::step() {
    warn_of_contradictions();
    const ledger::Chain& chain = consortium_.chain();
    const ledger::Member* const self = chain.registry().find_by_name(name_);
    if (self == nullptr || !self->is_active() || !self->has(ledger::Role::kGateway) ||
        self->tx != consortium_.tx_key().public_key()) {
        return;
    }
    const ledger::ChainTip& tip = chain.tip();
    const auto now = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count());
    // While it catches up, which anchor is the newest is not known.
    if (tip.time + 2 * std::uint64_t{chain.genesis().params.heartbeat_s} < now) return;
    if (tip.height < waits_until_) return;
    ledger::TxBody body;
    body.valid_until = tip.height + ledger::kAnchorValidityBlocks;
    const auto before = ledger::last_anchor_valid_until(chain.state(), self->slot);
    if (before && body.valid_until < *before + ledger::kAnchorBlocksMin) return;
    const auto anchor = due_anchor(*self);
    if (!anchor) return;
    const Bytes encoded = ledger::encode_ledger_anchor(*anchor);
    body.type = ledger::TxType::kAnchor;
    body.chain_id = chain.chain_id();
    body.slot = self->slot;
    body.body = encoded;
    const crypto::PrivateKey* const keys[] = {&consortium_.tx_key()};
    const auto tx = ledger::sign_transaction(body, {name_, ledger::subject_of(*anchor), keys});
    if (!tx) return;
    waits_until_ = tip.height + ledger::kAnchorBlocksMin;  // or it waits in the mempool still
    if (const auto submitted = consortium_.submit(*tx); !submitted) {
        log::warning("anchor-not-taken", {{"reason", submitted.error().to_string()}});
        return;
    }
    log::info("anchor-written", {{"block", anchor->height}, {"entries", anchor->log.size}});
}

// A gateway has anchored a log that is not ours: one of the two is not what the gateways agreed on.
void AnchorWriter::warn_of_contradictions() {
    const ledger::Chain& chain = gateways_.chain();
    for (const auto& entry : ledger::anchors_of(consortium_.chain().state(), chain.chain_id())) {
        if (judge_anchor(entry.anchor, chain) != AnchorVerdict::kContradicts) continue;
        if (!contradictions_.insert(entry.leaf).second) continue;
        log::warning("anchor-contradicts", {{"slot", entry.slot},
                                            {"block", entry.anchor.height},
                                            {"anchor", to_hex(entry.leaf.view())}});
    }
}

boost::asio::awaitable<void> AnchorWriter::run() {
    for (;;) {
        step();
        co_await wakeup_.sleep(kLooksEvery);
    }
}

}  // namespace assay::gateway
