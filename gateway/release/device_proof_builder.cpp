#include "gateway/release/device_proof_builder.hpp"

#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::gateway {

Result<Bytes> build_device_proof(const ledger::Node& consortium, const ledger::LeafHash& release) {
    const ledger::Chain& chain = consortium.chain();
    const auto known = find_release(view_of(consortium), release);
    if (!known) return fail(Error(known.error()));
    const auto policy = ledger::find_policy(chain.state(), known->record.vendor);
    if (!policy) return fail(Refusal::kVendorPolicyMissing, "vendor of the release");

    // Both under one checkpoint: nothing here waits, so it cannot change in between.
    auto release_proof = consortium.prove(release);
    if (!release_proof) return fail(std::move(release_proof).error().within("prove the release"));
    auto policy_proof = consortium.prove(policy->leaf);
    if (!policy_proof) return fail(std::move(policy_proof).error().within("prove the policy"));
    auto release_tx = chain.find(release);
    auto policy_tx = chain.find(policy->leaf);
    if (!release_tx || !policy_tx) {
        return fail(std::errc::no_such_file_or_directory, "transaction of the proof");
    }

    ledger::DeviceProof proof;
    proof.release_tx = std::move(release_tx->bytes);
    proof.release_proof = std::move(*release_proof);
    proof.policy_tx = std::move(policy_tx->bytes);
    proof.policy_proof = std::move(*policy_proof);
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
    anchor.epoch = ledger::first_epoch(chain.chain_id(), chain.registry());
    return anchor;
}

}  // namespace assay::gateway
