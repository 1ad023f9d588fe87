#include "ledger/core/validation.hpp"

#include <algorithm>
#include <set>

#include "ledger/core/coinbase.hpp"
#include "ledger/core/difficulty.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/pow.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

bool pow_is_met(const BlockHeader& header, const BlockId& id, const ChainParams& params) noexcept {
    if (!is_on(Rule::kH6)) return true;
    const auto target = expand_target(header.bits, params.pow_limit);
    return target && meets_target(id, *target);
}

BodyResult broken(BlockVerdict verdict, std::string detail) {
    BodyResult result;
    result.verdict = verdict;
    result.detail = std::move(detail);
    return result;
}

bool is_broken(const BodyResult& result) noexcept { return result.verdict != BlockVerdict::kValid; }

std::string number(std::uint64_t value) { return std::to_string(value); }

// B2: whether this is the body that the header commits to. `coinbase` is decoded already, for its
// n_tx tells a list of transactions from the longer one with the same Merkle root (CVE-2012-2459).
BodyResult check_commitment(const Block& block,
                            const std::vector<TxId>& ids,
                            const Result<Coinbase>& coinbase) {
    if (!is_on(Rule::kB2)) return {};
    if (bitcoin_merkle_root(ids) != block.header().merkle_root) {
        return broken(BlockVerdict::kMutated, "transactions do not hash to the Merkle root");
    }
    if (coinbase && coinbase->n_tx != block.txs.size()) {
        return broken(BlockVerdict::kMutated, "coinbase counts " + number(coinbase->n_tx) +
                                                  " transactions, block has " +
                                                  number(block.txs.size()));
    }
    return {};
}

// B6 to B9: what the coinbase says without regard to the transactions.
BodyResult check_coinbase(const Coinbase& coinbase,
                          const Block& block,
                          const ParentContext& parent,
                          const ChainRules& rules) {
    if (is_on(Rule::kB6) && coinbase.height != parent.height + 1) {
        return broken(BlockVerdict::kCoinbaseHeight, number(coinbase.height));
    }
    if (is_on(Rule::kB7) && coinbase.slot != block.header().slot()) {
        return broken(BlockVerdict::kCoinbaseSlot, number(coinbase.slot));
    }
    if (is_on(Rule::kB8) && coinbase.registry_epoch != parent.epoch->number()) {
        return broken(BlockVerdict::kCoinbaseEpoch, number(coinbase.registry_epoch));
    }
    if (is_on(Rule::kB9) && coinbase.chain_id != rules.chain_id) {
        return broken(BlockVerdict::kCoinbaseChainId, "coinbase of another ledger");
    }
    return {};
}

BlockVerdict verdict_of(CertificateVerdict verdict) noexcept {
    switch (verdict) {
        case CertificateVerdict::kValid:
            break;
        case CertificateVerdict::kSource:
            return BlockVerdict::kCertificateSource;
        case CertificateVerdict::kQuorum:
            return BlockVerdict::kCertificateQuorum;
        case CertificateVerdict::kSignature:
            return BlockVerdict::kCertificateSignature;
    }
    return BlockVerdict::kValid;
}

// F1 to F5.
BodyResult check_embedded(const Certificate& certificate,
                          const ParentContext& parent,
                          const ChainRules& rules,
                          const FindAncestor& find_ancestor) {
    const ChainPoint& point = certificate.link.target;
    const std::string which = "certificate for block " + number(point.height);
    if (is_on(Rule::kF2) && point.height <= parent.chain_justified.height) {
        return broken(BlockVerdict::kCertificateNotNewer, which);
    }
    const auto target = point.height <= parent.height ? find_ancestor(point.height) : std::nullopt;
    if (!target || target->point != point) {
        if (!is_on(Rule::kF1)) return {};
        return broken(BlockVerdict::kCertificateTarget, which);
    }
    const BlockVerdict verdict =
        verdict_of(check_certificate(certificate, *target, rules.chain_id));
    return verdict == BlockVerdict::kValid ? BodyResult{} : broken(verdict, which);
}

// B3, B4 and B16.
BodyResult check_sizes(const Block& block, const ChainParams& params) {
    if (is_on(Rule::kB3) && block.bytes.size() > params.block_bytes_max) {
        return broken(BlockVerdict::kTooLarge, number(block.bytes.size()) + " bytes");
    }
    if (is_on(Rule::kB4) && block.txs.size() > params.block_txs_max) {
        return broken(BlockVerdict::kTooManyTransactions, number(block.txs.size()));
    }
    for (std::size_t i = 1; i < block.txs.size(); ++i) {
        if (is_on(Rule::kB16) && block.txs[i].size() > params.tx_bytes_max) {
            return broken(
                BlockVerdict::kTransactionTooLarge,
                "transaction " + number(i) + ": " + number(block.txs[i].size()) + " bytes");
        }
    }
    return {};
}

// M12, as far as the chain's bytes go: blocks on side branches are judged by it, too.
BodyResult check_next_epoch(const Transaction& tx,
                            const ParentContext& parent,
                            const BodyResult& so_far,
                            std::shared_ptr<const Epoch>& next) {
    const auto transition = decode_epoch_transition(tx.body.body);
    if (!transition) {
        return broken(BlockVerdict::kEpochRefused, transition.error().to_string());
    }
    auto checked = check_epoch_transition(*transition, parent.epoch->record());
    if (checked && so_far.next_epoch != nullptr) {
        checked = fail(Refusal::kEpochUnknown, "a second epoch in one block");
    }
    if (is_on(Rule::kM12) && !checked) {
        return broken(BlockVerdict::kEpochRefused, checked.error().to_string());
    }
    next = Epoch::make(transition->record);
    return {};
}

// T1 to T3 for each transaction; collects them and appends their leaves to the log.
BodyResult check_forms(const Block& block, const ParentContext& parent, const ChainRules& rules) {
    BodyResult result;
    result.log = parent.log;
    for (std::size_t i = 1; i < block.txs.size(); ++i) {
        auto tx = decode_transaction(block.txs[i]);
        const std::string which = "transaction " + number(i);
        if (!tx) {
            if (!is_on(Rule::kT1)) continue;
            return broken(BlockVerdict::kTransactionMalformed,
                          which + ": " + tx.error().to_string());
        }
        const BlockVerdict verdict = check_transaction(*tx, rules, parent.height + 1);
        if (verdict != BlockVerdict::kValid) return broken(verdict, which);
        if (tx->body.type == TxType::kEpoch) {
            auto epoch = check_next_epoch(*tx, parent, result, result.next_epoch);
            if (is_broken(epoch)) return epoch;
        }
        result.log.append(tx->leaf);
        result.txs.push_back(*std::move(tx));
    }
    return result;
}

}  // namespace

bool ParentContext::is_urgent(const ChainRules& rules) const noexcept {
    return is_busy() && height - last_tx_height < rules.params.urgent_blocks_max;
}

std::uint64_t ParentContext::empty_block_time(const ChainRules& rules) const noexcept {
    const ChainParams& params = rules.params;
    const std::uint64_t parent_time = time;
    if (is_urgent(rules)) return parent_time + 1;
    const std::uint64_t heartbeat = parent_time + params.heartbeat_s;
    if (!is_busy()) return heartbeat;
    const std::uint64_t wait = std::uint64_t{params.backoff_intervals} * params.target_interval_s;
    return std::min(heartbeat, parent_time + wait);
}

bool ParentContext::bars(Slot slot) const noexcept {
    const std::size_t window =
        std::min<std::size_t>(epoch->diversity_window() - 1, recent_slots.size());
    const auto end = recent_slots.begin() + static_cast<std::ptrdiff_t>(window);
    return std::find(recent_slots.begin(), end, slot) != end;
}

std::uint32_t ParentContext::child_bits(const ChainRules& rules) const noexcept {
    return required_bits(drift_s, height, rules.params);
}

ParentContext genesis_context(const BlockHeader& genesis, std::shared_ptr<const Epoch> epoch) {
    ParentContext context;
    context.id = genesis.id();
    context.chain_justified.id = context.id;
    context.chain_final.id = context.id;
    context.epoch = std::move(epoch);
    context.time = genesis.time;
    return context;
}

ParentContext child_context(const ParentContext& parent,
                            const BlockHeader& header,
                            const BodyResult& body,
                            const ChainRules& rules) {
    ParentContext child;
    child.id = header.id();
    child.height = parent.height + 1;
    child.time = header.time;
    child.drift_s =
        next_drift(parent.drift_s, parent.time, header.time, parent.is_urgent(rules), rules.params);
    child.last_tx_height = body.log.size() > parent.log.size() ? child.height : parent.last_tx_height;
    child.recent_slots.push_back(header.slot());
    child.recent_slots.insert(child.recent_slots.end(), parent.recent_slots.begin(),
                              parent.recent_slots.end());
    if (child.recent_slots.size() > kRecentSlotsMax) child.recent_slots.resize(kRecentSlotsMax);
    child.log = body.log;
    child.chain_justified = parent.chain_justified;
    child.chain_final = parent.chain_final;
    if (body.certificate) {
        const VoteLink& link = body.certificate->link;
        child.chain_justified = link.target;
        if (body.certificate->finalises_source() &&
            link.source.height > child.chain_final.height) {
            child.chain_final = link.source;
        }
    }
    child.epoch = body.next_epoch ? body.next_epoch : parent.epoch;
    return child;
}

BlockVerdict check_header_alone(const BlockHeader& header,
                                const BlockId& id,
                                const ChainParams& params) noexcept {
    if (is_on(Rule::kH1) && (header.version & kVersionTopMask) != kVersionTop) {
        return BlockVerdict::kBadVersion;
    }
    if (!expand_target(header.bits, params.pow_limit)) return BlockVerdict::kWrongBits;
    if (!pow_is_met(header, id, params)) return BlockVerdict::kTargetNotMet;
    return BlockVerdict::kValid;
}

BlockVerdict check_header(const SealedHeader& sealed,
                          const ParentContext& parent,
                          const ChainRules& rules,
                          Timestamp now) {
    const BlockHeader& header = sealed.header;
    if (header.previous != parent.id) return BlockVerdict::kOrphan;
    if (is_on(Rule::kH1) && (header.version & kVersionTopMask) != kVersionTop) {
        return BlockVerdict::kBadVersion;
    }
    const EpochNode* node = parent.epoch->find_node(header.slot());
    if (is_on(Rule::kH2) && node == nullptr) return BlockVerdict::kSlotNotNode;
    if (is_on(Rule::kH3) && header.bits != parent.child_bits(rules)) {
        return BlockVerdict::kWrongBits;
    }
    if (is_on(Rule::kH4) && header.time <= parent.time) return BlockVerdict::kTimeTooOld;
    if (!pow_is_met(header, header.id(), rules.params)) return BlockVerdict::kTargetNotMet;
    if (is_on(Rule::kH8) && parent.bars(header.slot())) return BlockVerdict::kSlotBarred;
    if (is_on(Rule::kH7) && node != nullptr && !verify_seal(sealed, rules.chain_id, node->seal)) {
        return BlockVerdict::kMutated;
    }

    // Last, for it is the one rule that time heals: what is kept for later is good otherwise.
    const Timestamp time{std::chrono::seconds{header.time}};
    const std::chrono::seconds ahead_max{2 * std::int64_t{rules.params.target_interval_s}};
    if (is_on(Rule::kH5) && time > now + ahead_max) return BlockVerdict::kTooEarly;
    return BlockVerdict::kValid;
}

BodyResult check_body(const Block& block,
                      const ParentContext& parent,
                      const ChainRules& rules,
                      const FindAncestor& find_ancestor) {
    if (block.txs.empty()) return broken(BlockVerdict::kMutated, "block without a coinbase");
    std::vector<TxId> ids;
    ids.reserve(block.txs.size());
    for (const ByteView tx : block.txs) ids.push_back(tx_id(tx));
    auto coinbase = decode_coinbase(block.txs.front());

    if (auto result = check_commitment(block, ids, coinbase); is_broken(result)) return result;
    if (auto result = check_sizes(block, rules.params); is_broken(result)) return result;
    if (!coinbase && !is_on(Rule::kB5)) coinbase = Coinbase{};
    if (!coinbase) {
        return broken(BlockVerdict::kCoinbaseMalformed, coinbase.error().to_string());
    }
    if (auto result = check_coinbase(*coinbase, block, parent, rules); is_broken(result)) {
        return result;
    }
    if (is_on(Rule::kB14) && std::set<TxId>(ids.begin(), ids.end()).size() != ids.size()) {
        return broken(BlockVerdict::kDuplicateTransaction, "two transactions are the same");
    }
    if (is_on(Rule::kB15) && block.txs.size() == 1 &&
        block.header().time < parent.empty_block_time(rules)) {
        return broken(BlockVerdict::kEmptyNotAllowed,
                      "an empty block may come at " + number(parent.empty_block_time(rules)));
    }
    auto certificate = decode_extension(coinbase->ext);
    if (is_on(Rule::kB13) && !certificate) {
        return broken(BlockVerdict::kCoinbaseExtension, certificate.error().to_string());
    }
    BodyResult result = check_forms(block, parent, rules);
    if (is_broken(result)) return result;
    if (is_on(Rule::kB10) && coinbase->log_size != result.log.size()) {
        return broken(BlockVerdict::kCoinbaseLogSize, number(coinbase->log_size));
    }
    if (is_on(Rule::kB11) && coinbase->log_root != result.log.root()) {
        return broken(BlockVerdict::kCoinbaseLogRoot, "coinbase names another log root");
    }
    result.registry_root = coinbase->registry_root;
    if (certificate && *certificate) {  // last: the signatures are the dearest
        auto embedded = check_embedded(**certificate, parent, rules, find_ancestor);
        if (is_broken(embedded)) return embedded;
        result.certificate = std::move(*certificate);
    }
    return result;
}

BlockVerdict check_transaction(const Transaction& tx,
                               const ChainRules& rules,
                               BlockHeight height) noexcept {
    if (is_on(Rule::kT2) && tx.body.chain_id != rules.chain_id) {
        return BlockVerdict::kTransactionChainId;
    }
    const bool expired = tx.body.valid_until <= height;
    const bool too_far = tx.body.valid_until - height > rules.params.validity_blocks_max;
    if (is_on(Rule::kT3) && (expired || too_far)) {
        return BlockVerdict::kTransactionExpired;
    }
    return BlockVerdict::kValid;
}

BlockVerdict check_issuer(const Transaction& tx, const Registry& registry) noexcept {
    const Member* member = registry.find(tx.body.slot);
    const bool known = member != nullptr && member->is_active() && member->name == tx.issuer;
    return known || !is_on(Rule::kT4) ? BlockVerdict::kValid : BlockVerdict::kTransactionIssuer;
}

StateVerdict check_transactions(const BodyResult& body,
                                LogIndex first_index,
                                BlockHeight height,
                                const ChainRules& rules,
                                const StateCheck& check) {
    StateVerdict result;
    result.registry = check.registry;
    const auto refuse = [&result](BlockVerdict verdict, std::string detail) {
        result.verdict = verdict;
        result.detail = std::move(detail);
        return result;
    };
    for (std::size_t i = 0; i < body.txs.size(); ++i) {
        const Transaction& tx = body.txs[i];
        const std::string which = "transaction " + number(i + 1);
        const BlockVerdict issuer = check_issuer(tx, *result.registry);
        if (issuer != BlockVerdict::kValid) return refuse(issuer, which);
        if (is_on(Rule::kT5) && check.is_on_chain(tx.id)) {
            return refuse(BlockVerdict::kTransactionNotNew, which);
        }
        const TxContext context{height, *result.registry, rules.chain_id, check.final_log_size};
        if (auto passed = rules.rule_set.check(tx, check.state, context); !passed) {
            if (!is_on(Rule::kT6)) continue;
            return refuse(BlockVerdict::kTransactionRefused,
                          which + ": " + passed.error().to_string());
        }
        rules.rule_set.apply(tx, first_index + i, check.state);
        if (!is_governance(tx.body.type)) continue;
        if (auto changed = load_registry(check.state)) result.registry = std::move(changed);
    }
    if (is_on(Rule::kB12) && body.registry_root != result.registry->root()) {
        return refuse(BlockVerdict::kCoinbaseRegistryRoot, "coinbase names another registry");
    }
    return result;
}

}  // namespace assay::ledger
