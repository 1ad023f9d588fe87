#include "ledger/core/consortium_rules.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/policy_check.hpp"
#include "ledger/core/rule_switches.hpp"

namespace assay::ledger {
namespace {

ReleaseKey key_of(const ReleaseRecord& release) {
    return {release.vendor, release.device_class, release.component};
}

tl::unexpected<Error> wrong_subject(std::string_view record) {
    return fail(Refusal::kMalformed, std::string(record) + ": the subject is not that of the body");
}

bool is_key_of(const PolicyKey& entry, const Member& member) {
    return entry.slot == member.slot && entry.key == member.tx;
}

class ConsortiumRules final : public RuleSet {
  public:
    [[nodiscard]] Result<void> check(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) const override {
        if (auto r = check_keys_not_revoked(tx, state); !r) return r;
        if (is_governance(tx.body.type)) return check_governance(tx, state, context);
        switch (tx.body.type) {
            case TxType::kRelease:
                return check_release(tx, state, context);
            case TxType::kRecall:
                return check_recall(tx, state, context);
            case TxType::kStatus:
                return check_status(tx, state, context);
            case TxType::kVendorPolicy:
                return check_policy(tx, state, context);
            case TxType::kAnchor:
                return check_anchor(tx, state, context);
            case TxType::kEvidence:
                return check_evidence(tx, state, context);
            default:
                return fail(Refusal::kUnknownType,
                            "transaction type " +
                                std::to_string(static_cast<std::uint64_t>(tx.body.type)) +
                                " is not known on the consortium ledger");
        }
    }

    void apply(const Transaction& tx, LogIndex index, StateWriter& state) const override {
        if (is_governance(tx.body.type)) return apply_governance(tx, index, state);
        switch (tx.body.type) {
            case TxType::kRecall:
                return put_recall(state, tx, index, decode_recall(tx.body.body)->release);
            case TxType::kStatus: {
                const auto status = decode_status(tx.body.body);
                return put_status(state, tx, index,
                                  {status->vendor, status->device_class, status->component});
            }
            case TxType::kAnchor:
                return put_anchor(state, tx, index, *decode_ledger_anchor(tx.body.body));
            case TxType::kEvidence:
                return apply_evidence(tx, index, state);
            case TxType::kVendorPolicy:
                return put_policy(state, tx, index, *decode_vendor_policy(tx.body.body));
            default:
                return put_release(state, tx, index, *decode_release(tx.body.body));
        }
    }

    // Of statuses the last two count, and those that are final stay the last two whatever comes.
    [[nodiscard]] bool is_kept(const Transaction& tx,
                               const StateView& state,
                               std::uint64_t final_log_size) const override {
        if (is_governance(tx.body.type)) return is_governance_kept(tx.body.type);
        if (tx.body.type != TxType::kStatus) return true;
        const auto status = decode_status(tx.body.body);
        if (!status) return true;
        const ReleaseKey key{status->vendor, status->device_class, status->component};
        const auto newest = status_below(state, key, final_log_size);
        const auto before = newest ? status_below(state, key, newest->log_index) : std::nullopt;
        return !before || newest->leaf == tx.leaf || before->leaf == tx.leaf;
    }

  private:
    static Result<void> check_release(const Transaction& tx,
                                      const StateView& state,
                                      const TxContext& context) {
        const auto release = decode_release(tx.body.body);
        if (!release) return fail(release.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*release)) {
            return wrong_subject("release");
        }
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kR6) &&
            (signer == nullptr || !(signer->has(Role::kOem) || signer->has(Role::kSupplier)))) {
            return fail(Refusal::kSignerNotPermitted,
                        "release: the signer is neither OEM nor supplier");
        }
        const auto entry = find_policy(state, release->vendor);
        if (!entry) {
            return fail(Refusal::kVendorPolicyMissing, "release: no policy covers vendor " +
                                                           to_hex(release->vendor) +
                                                           "; its OEM must publish one first");
        }
        if (auto r = release_policy_satisfied(tx, release->component, entry->policy);
            is_on(Rule::kR7) && !r) {
            return r;
        }
        if (is_on(Rule::kR7) && !signed_by_slot(tx, *signer)) {
            return fail(Refusal::kSignerUnknown, "release: the first signature is not the slot's");
        }
        if (auto r = check_signers(tx, entry->policy, context.registry); is_on(Rule::kR7) && !r) {
            return r;
        }
        const auto newest = newest_release(state, key_of(*release));
        return check_sequence(release->sequence, newest ? newest->sequence : 0);
    }

    static Result<void> check_sequence(std::uint64_t sequence, std::uint64_t last) {
        if (is_on(Rule::kR8) && sequence <= last) {
            return fail(Refusal::kSequenceNotIncreasing,
                        "release: sequence " + std::to_string(sequence) + " is not above " +
                            std::to_string(last));
        }
        if (is_on(Rule::kR9) && sequence > last && sequence - last > kSequenceStepMax) {
            return fail(Refusal::kSequenceStepTooLarge,
                        "release: sequence " + std::to_string(sequence) + " is more than " +
                            std::to_string(kSequenceStepMax) + " above " + std::to_string(last));
        }
        return {};
    }

    static bool signed_by_slot(const Transaction& tx, const Member& member) {
        return tx.signatures.front().key_id == crypto::key_id(member.tx);
    }

    // A policy may still name a key that its owner has replaced, or a member that has left. A key
    // counts for the slot that the policy names it for, and for no other that has it now.
    static Result<void> check_signers(const Transaction& tx,
                                      const VendorPolicy& policy,
                                      const Registry& registry) {
        const auto stands = [&](const PolicyKey& key, const crypto::CoseSignature& signature) {
            const Member* owner = registry.find(key.slot);
            return owner != nullptr && owner->is_active() && is_key_of(key, *owner) &&
                   crypto::key_id(key.key) == signature.key_id;
        };
        for (const crypto::CoseSignature& signature : tx.signatures) {
            const bool known =
                std::ranges::any_of(policy.keys,
                                    [&](const auto& key) { return stands(key, signature); }) ||
                std::ranges::any_of(policy.delegations, [&](const Delegation& delegation) {
                    return stands(delegation.signer, signature);
                });
            if (!known) {
                return fail(Refusal::kSignerUnknown,
                            "release: a signature is by no active member's present tx key");
            }
        }
        return {};
    }

    static Result<void> check_recall(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) {
        const auto recall = decode_recall(tx.body.body);
        if (!recall) return fail(recall.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*recall)) return wrong_subject("recall");
        const auto release = find_release_entry(state, recall->release);
        if (!release) return fail(Refusal::kReleaseUnknown, "recall: no such release");
        if (is_on(Rule::kR10) && find_recall(state, recall->release)) {
            return fail(Refusal::kReleaseRecalled, "recall: the release is recalled already");
        }
        if (!is_on(Rule::kR11)) return {};
        const Member* signer = context.registry.find(tx.body.slot);
        if (signer == nullptr) return fail(Refusal::kSignerUnknown, "recall");
        if (auto r = verify_single_signature(tx, signer->tx); !r) return r;
        const auto policy = find_policy(state, release->key.vendor);
        if (!policy || !may_recall(policy->policy, *signer, release->key.component)) {
            return fail(Refusal::kSignerNotPermitted,
                        "recall: the signer may not release this component");
        }
        return {};
    }

    // One of those who sign releases, or the supplier that may sign this component's.
    static bool may_recall(const VendorPolicy& policy,
                           const Member& signer,
                           std::string_view component) {
        return std::ranges::any_of(policy.keys,
                                   [&](const auto& key) { return is_key_of(key, signer); }) ||
               std::ranges::any_of(policy.delegations, [&](const Delegation& delegation) {
                   return is_key_of(delegation.signer, signer) && may_sign(delegation, component);
               });
    }

    static Result<void> check_status(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) {
        const auto status = decode_status(tx.body.body);
        if (!status) return fail(status.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*status)) return wrong_subject("status");
        const ReleaseKey key{status->vendor, status->device_class, status->component};
        if (is_on(Rule::kR12)) {
            const auto release = find_release_entry(state, status->release);
            if (!release || release->key != key || status->min_sequence > release->sequence) {
                return fail(Refusal::kReleaseUnknown,
                            "status: no such release of this vendor, class and component, or one "
                            "below the floor");
            }
            if (find_recall(state, status->release)) {
                return fail(Refusal::kReleaseRecalled, "status: the release is recalled");
            }
        }
        if (auto r = check_status_signer(tx, *status, state, context); is_on(Rule::kR13) && !r) {
            return r;
        }
        const auto last = newest_status(state, key);
        if (is_on(Rule::kR14) && last && status->serial <= last->status.serial) {
            return fail(Refusal::kStatusSerialNotIncreasing,
                        "status: serial " + std::to_string(status->serial) + " is not above " +
                            std::to_string(last->status.serial));
        }
        return {};
    }

    static Result<void> check_status_signer(const Transaction& tx,
                                            const StatusRecord& status,
                                            const StateView& state,
                                            const TxContext& context) {
        const Member* signer = context.registry.find(tx.body.slot);
        if (signer == nullptr) return fail(Refusal::kSignerUnknown, "status");
        if (auto r = verify_single_signature(tx, signer->tx); !r) return r;
        const auto policy = find_policy(state, status.vendor);
        if (!policy || std::ranges::none_of(policy->policy.status_keys, [&](const auto& key) {
                return is_key_of(key, *signer);
            })) {
            return fail(Refusal::kSignerNotPermitted,
                        "status: not a status key of the vendor's policy");
        }
        return {};
    }

    static Result<void> check_policy(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) {
        const auto policy = decode_vendor_policy(tx.body.body);
        if (!policy) return fail(policy.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*policy)) {
            return wrong_subject("vendor policy");
        }
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kR2) && (signer == nullptr || !signer->has(Role::kOem))) {
            return fail(Refusal::kSignerNotPermitted, "vendor policy: the signer is no OEM");
        }
        if (auto r = verify_single_signature(tx, signer->root); is_on(Rule::kR2) && !r) return r;
        if (auto r = check_keys(*policy, context.registry); is_on(Rule::kR3) && !r) return r;
        const auto entry = find_policy(state, policy->vendor);
        if (!entry) return {};
        if (is_on(Rule::kR4) && entry->owner != tx.body.slot) {
            return fail(Refusal::kVendorTaken, "vendor policy: the vendor id belongs to slot " +
                                                   std::to_string(entry->owner));
        }
        if (is_on(Rule::kR5) && policy->version <= entry->policy.version) {
            return fail(Refusal::kPolicyVersionNotIncreasing,
                        "vendor policy: version " + std::to_string(policy->version) +
                            " is not above " + std::to_string(entry->policy.version));
        }
        return {};
    }

    static Result<void> check_anchor(const Transaction& tx,
                                     const StateView& state,
                                     const TxContext& context) {
        const auto anchor = decode_ledger_anchor(tx.body.body);
        if (!anchor) return fail(anchor.error());
        if (is_on(Rule::kR1) && tx.subject != subject_of(*anchor)) return wrong_subject("anchor");
        const Member* signer = context.registry.find(tx.body.slot);
        if (is_on(Rule::kR15) && (signer == nullptr || !signer->has(Role::kGateway))) {
            return fail(Refusal::kSignerNotPermitted, "anchor: the signer is no gateway");
        }
        if (auto r = verify_single_signature(tx, signer->tx); is_on(Rule::kR15) && !r) return r;
        const auto last = newest_anchor(state, anchor->chain_id, tx.body.slot);
        if (is_on(Rule::kR16) && last && !goes_on(*anchor, last->anchor)) {
            return fail(Refusal::kAnchorOutOfOrder,
                        "anchor: block " + std::to_string(anchor->height) +
                            " does not go on from block " + std::to_string(last->anchor.height));
        }
        const auto before = last_anchor_valid_until(state, tx.body.slot);
        const bool rests = !before || tx.body.valid_until >= *before + kAnchorBlocksMin;
        const bool is_short = tx.body.valid_until <= context.height + kAnchorValidityBlocks;
        if (is_on(Rule::kR17) && !(rests && is_short)) {
            return fail(Refusal::kAnchorTooOften,
                        "anchor: valid until block " + std::to_string(tx.body.valid_until) +
                            ", the one before until block " + std::to_string(before.value_or(0)));
        }
        return {};
    }

    static bool goes_on(const LedgerAnchor& anchor, const LedgerAnchor& last) {
        return anchor.height > last.height && anchor.log.size >= last.log.size &&
               (anchor.log.size != last.log.size || anchor.log.root == last.log.root);
    }

    // Each key is the tx key of its slot, and the slot is one that may sign releases at all.
    static Result<void> check_keys(const VendorPolicy& policy, const Registry& registry) {
        std::vector<PolicyKey> entries = policy.keys;
        for (const Delegation& delegation : policy.delegations)
            entries.push_back(delegation.signer);
        entries.insert(entries.end(), policy.status_keys.begin(), policy.status_keys.end());
        for (const PolicyKey& entry : entries) {
            const Member* member = registry.find(entry.slot);
            if (member == nullptr || !member->is_active() || member->tx != entry.key) {
                return fail(Refusal::kSignerUnknown,
                            "vendor policy: not the tx key of slot " + std::to_string(entry.slot));
            }
            if (!member->has(Role::kOem) && !member->has(Role::kSupplier)) {
                return fail(Refusal::kSignerNotPermitted, "vendor policy: slot " +
                                                              std::to_string(entry.slot) +
                                                              " is neither OEM nor supplier");
            }
        }
        return {};
    }
};

}  // namespace

const RuleSet& consortium_rules() {
    static const ConsortiumRules kRules;
    return kRules;
}

}  // namespace assay::ledger
