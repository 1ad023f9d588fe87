#include "ledger/core/gateway_rules.hpp"

#include "host/base/cbor.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/rule_switches.hpp"

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
        return {};
    }

    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        if (is_governance(tx.body.type)) return apply_governance(tx, index, state);
        if (tx.body.type == TxType::kEvidence) return apply_evidence(tx, index, state);
        const auto batch = decode_receipt_batch(tx.body.body);
        cbor::Encoder value;
        value.array(4).unsigned_int(batch->batch_no).bytes(batch->root.view());
        value.bytes(tx.leaf.view()).unsigned_int(index);
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
    const auto value = state.get(batch_state_key(slot));
    if (!value) return std::nullopt;
    cbor::Decoder in(*value);
    const auto items = in.array(4);
    const auto batch_no = in.unsigned_int();
    const auto root = in.hash<LogHash>();
    const auto leaf = in.hash<LeafHash>();
    const auto index = in.unsigned_int();
    if (!items || *items != 4 || !batch_no || !root || !leaf || !index) return std::nullopt;
    return BatchEntry{*batch_no, *root, *leaf, *index};
}

}  // namespace assay::ledger
