#include "gateway/release/device_proof_builder.hpp"

#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/policy_check.hpp"

namespace assay::gateway {
namespace {

// The steps from epoch 0 to the one whose members cosigned the checkpoint.
std::vector<ledger::EpochTransition> epochs_of(const ledger::Node& consortium) {
    std::vector<ledger::EpochTransition> epochs;
    const auto& checkpoint = consortium.checkpoint();
    if (!checkpoint) return epochs;
    for (const auto& entry : ledger::epoch_transitions(consortium.chain().state())) {
        auto transition = ledger::decode_epoch_transition(entry.transition);
        if (!transition || transition->record.epoch > checkpoint->epoch) break;
        epochs.push_back(std::move(*transition));
    }
    return epochs;
}

// The newest policy or, where its keys are not the ones that signed the release any more, the one
// that the release was held to: whoever has seen no newer one takes that.
Result<ledger::PolicyEntry> policy_for(const ledger::StateView& state,
                                       const KnownRelease& release,
                                       ByteView release_tx) {
    const auto newest = ledger::find_policy(state, release.record.vendor);
    if (!newest) return fail(Refusal::kVendorPolicyMissing, "vendor of the release");
    const auto tx = ledger::decode_transaction(release_tx);
    if (!tx) return fail(Error(tx.error()));
    if (ledger::release_policy_satisfied(*tx, release.record.component, newest->policy)) {
        return *newest;
    }
    return ledger::policy_before(state, release.record.vendor, release.log_index).value_or(*newest);
}

// If a key that signed the release was revoked, the proof says so.
Result<void> add_revocation(const ledger::Node& consortium,
                            const ledger::LeafHash& release,
                            ledger::DeviceProof& proof) {
    const ledger::Chain& chain = consortium.chain();
    const auto revoked = ledger::signing_key_revoked(chain.state(), release);
    if (!revoked || revoked->revoked_at >= consortium.checkpoint()->size) return {};
    auto revocation = chain.find(revoked->leaf);
    auto path = consortium.prove(revoked->leaf);
    if (!revocation || !path) {
        return fail(std::errc::no_such_file_or_directory, "revocation of the signing key");
    }
    proof.revocation_tx = std::move(revocation->bytes);
    proof.revocation_proof = std::move(*path);
    return {};
}

}  // namespace

Result<Bytes> build_device_proof(const ledger::Node& consortium, const ledger::LeafHash& release) {
    const ledger::Chain& chain = consortium.chain();
    const auto known = find_release(view_of(consortium), release);
    if (!known) return fail(Error(known.error()));
    auto release_tx = chain.find(release);
    if (!release_tx) return fail(Refusal::kReleaseUnknown, to_hex(release.view()));
    const auto policy = policy_for(chain.state(), *known, release_tx->bytes);
    if (!policy) return fail(Error(policy.error()));

    // Both under one checkpoint: nothing here waits, so it cannot change in between.
    auto release_proof = consortium.prove(release);
    if (!release_proof) return fail(std::move(release_proof).error().within("prove the release"));
    auto policy_proof = consortium.prove(policy->leaf);
    if (!policy_proof) return fail(std::move(policy_proof).error().within("prove the policy"));
    auto policy_tx = chain.find(policy->leaf);
    if (!policy_tx) {
        return fail(std::errc::no_such_file_or_directory, "transaction of the proof");
    }

    ledger::DeviceProof proof;
    proof.release_tx = std::move(release_tx->bytes);
    proof.release_proof = std::move(*release_proof);
    proof.policy_tx = std::move(policy_tx->bytes);
    proof.policy_proof = std::move(*policy_proof);
    proof.epochs = epochs_of(consortium);
    if (auto added = add_revocation(consortium, release, proof); !added) {
        return fail(std::move(added).error());
    }
    return ledger::encode_device_proof(proof);
}

Result<ledger::Anchor> make_anchor(const ledger::Node& consortium, const ledger::Uuid& vendor) {
    const ledger::Chain& chain = consortium.chain();
    const ledger::Member* oem = nullptr;
    if (const auto policy = ledger::find_policy(chain.state(), vendor)) {
        oem = chain.registry().find(policy->owner);
    } else {
        std::size_t oems = 0;
        for (const ledger::Member& member : chain.registry().members()) {
            if (!member.has(ledger::Role::kOem)) continue;
            oem = &member;
            ++oems;
        }
        if (oems != 1) oem = nullptr;
    }
    if (oem == nullptr) {
        return fail(Refusal::kVendorPolicyMissing,
                    "no vendor policy for " + to_hex(vendor) +
                        " yet: its OEM sets one with `assay release policy set`");
    }

    ledger::Anchor anchor;
    anchor.chain_id = chain.chain_id();
    anchor.origin = chain.genesis().origin;
    anchor.vendor = vendor;
    anchor.oem_slot = oem->slot;
    anchor.oem_root = oem->root;
    const auto epochs = epochs_of(consortium);
    if (!epochs.empty()) {
        anchor.epoch = epochs.back().record;
        return anchor;
    }
    const auto founders = ledger::Registry::make(chain.genesis().members);
    if (!founders) return fail(Error(founders.error()));
    anchor.epoch = ledger::first_epoch(chain.chain_id(), *founders);
    return anchor;
}

}  // namespace assay::gateway
