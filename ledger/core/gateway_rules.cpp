#include "ledger/core/gateway_rules.hpp"

#include "ledger/core/evidence.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/rule_switches.hpp"
#include "ledger/core/state_value.hpp"

namespace assay::ledger {
namespace {

Bytes batch_state_key(Slot slot) {
    return {std::byte{'b'}, static_cast<std::byte>(slot >> 8), static_cast<std::byte>(slot & 0xff)};
}

class GatewayRules final : public RuleSet {
  public:
    [[nodiscard]] Result<void> check(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) const override {
        if (auto r = check_keys_not_revoked(tx, state); !r) return r;
        if (is_governance(tx.body.type)) return check_governance(tx, state, context);
        if (tx.body.type == TxType::kEvidence) return check_evidence(tx, state, context);
        if (is_on(Rule::kG1) && tx.body.type != TxType::kReceiptBatch) {
            return fail(Refusal::kUnknownType,
                        "transaction type " +
                            std::to_string(static_cast<std::uint64_t>(tx.body.type)) +
                            " is not known on the gateway ledger");
        }
        const auto batch = decode_receipt_batch(tx.body.body);
        if (!batch) return fail(batch.error());
        if (is_on(Rule::kG1) &&
            tx.subject != receipt_batch_subject(tx.body.slot, batch->batch_no)) {
            return fail(Refusal::kMalformed, "receipt batch: the subject is not that of the body");
        }
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kG2) && (signer == nullptr || !signer->has(Role::kGateway))) {
            return fail(Refusal::kSignerNotPermitted, "receipt batch: the signer is no gateway");
        }
        if (auto r = verify_single_signature(tx, signer->tx); is_on(Rule::kG2) && !r) return r;
        const auto last = last_batch(state, tx.body.slot).value_or(BatchEntry{});
        if (is_on(Rule::kG3) &&
            (batch->batch_no != last.batch_no + 1 || batch->previous_root != last.root)) {
            return fail(Refusal::kBatchOutOfOrder,
                        "receipt batch: number " + std::to_string(batch->batch_no) +
                            " does not follow number " + std::to_string(last.batch_no));
        }
        if (is_on(Rule::kG4) && !may_follow(batch->consortium, last.consortium)) {
            return fail(Refusal::kConsortiumHeadRolledBack,
                        "receipt batch: consortium block " +
                            std::to_string(batch->consortium.height) + " after block " +
                            std::to_string(last.consortium.height));
        }
        return {};
    }

    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        if (is_governance(tx.body.type)) return apply_governance(tx, index, state);
        if (tx.body.type == TxType::kEvidence) return apply_evidence(tx, index, state);
        const auto batch = decode_receipt_batch(tx.body.body);
        cbor::Encoder value;
        value.array(7).unsigned_int(batch->batch_no).bytes(batch->root.view());
        value.bytes(tx.leaf.view()).unsigned_int(index);
        value.unsigned_int(batch->consortium.height).bytes(batch->consortium.id.view());
        value.unsigned_int(batch->consortium.log_size);
        state.put(batch_state_key(tx.body.slot), value.take());
    }

    // The roots of receipts stay for ever: what a device answered years ago is proved under them.
    [[nodiscard]] bool is_kept(const Transaction& tx, const StateView&, std::uint64_t) const override {
        return !is_governance(tx.body.type) || is_governance_kept(tx.body.type);
    }
};

}  // namespace

const RuleSet& gateway_rules() {
    static const GatewayRules kRules;
    return kRules;
}

std::optional<BatchEntry> last_batch(const StateView& state, Slot slot) {
    const auto bytes = state.get(batch_state_key(slot));
    if (!bytes) return std::nullopt;
    StateValue value(*bytes, 7);
    BatchEntry entry;
    entry.batch_no = value.number();
    entry.root = value.hash<LogHash>();
    entry.leaf = value.hash<LeafHash>();
    entry.log_index = value.number();
    entry.consortium.height = static_cast<BlockHeight>(value.number());
    entry.consortium.id = value.hash<BlockId>();
    entry.consortium.log_size = value.number();
    return value.is_good() ? std::optional(entry) : std::nullopt;
}

bool may_follow(const ConsortiumHead& head, const ConsortiumHead& last) {
    if (last == ConsortiumHead{} || head == last) return true;  // none before
    return head.height > last.height && head.log_size >= last.log_size;
}

}  // namespace assay::ledger
