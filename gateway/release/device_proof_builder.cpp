#include "gateway/release/device_proof_builder.hpp"

#include "gateway/release/release_lookup.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/policy_check.hpp"

namespace assay::gateway {
namespace {

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

// For devices that ask which release is the current one. While the newest status is not final yet, the
// one before it.
Result<void> add_status(const ledger::Node& consortium,
                        const ledger::ReleaseRecord& release,
                        ledger::DeviceProof& proof) {
    const ledger::Chain& chain = consortium.chain();
    const auto status = ledger::status_below(
        chain.state(), {release.vendor, release.device_class, release.component},
        consortium.checkpoint()->size);
    if (!status) return {};
    auto statement = chain.find(status->leaf);
    auto path = consortium.prove(status->leaf);
    if (!statement || !path) return fail(std::errc::no_such_file_or_directory, "status");
    proof.status_tx = std::move(statement->bytes);
    proof.status_proof = std::move(*path);
    return {};
}

}  // namespace

Result<Bytes> encode_with_steps(ledger::DeviceProof proof,
                                const ledger::StateView& state,
                                std::uint64_t newest,
                                const ProofReader& reader) {
    constexpr std::size_t kFrameBytes = 16;  // of the list of steps
    const std::size_t without = ledger::encode_device_proof(proof).size() + kFrameBytes;
    std::vector<ledger::EpochTransition> steps;
    std::size_t bytes = 0;
    bool is_all = without <= reader.bytes_max;
    for (std::uint64_t last = reader.epoch; last < newest; ++last) {
        const auto entry = ledger::epoch_entry(state, last + 1);
        if (!entry) return fail(Refusal::kEpochUnknown, "epoch " + std::to_string(last + 1));
        auto step = ledger::decode_epoch_transition(entry->transition);
        if (!step) return fail(std::move(step).error());
        const std::size_t with = bytes + entry->transition.size();
        const bool is_one_more = steps.size() < ledger::kProofEpochsMax;
        is_all = is_all && is_one_more && without + with <= reader.bytes_max;
        if (!is_all && (!is_one_more || kFrameBytes + with > reader.bytes_max)) break;
        bytes = with;
        steps.push_back(std::move(*step));
    }
    if (!is_all && steps.empty()) {
        return fail(Refusal::kLimitExceeded, "the proof takes " + std::to_string(without) +
                                                 " bytes, its reader takes " +
                                                 std::to_string(reader.bytes_max));
    }
    if (!is_all) proof = ledger::DeviceProof{};
    proof.epochs = std::move(steps);
    return ledger::encode_device_proof(proof);
}

Result<Bytes> build_device_proof(const ledger::Node& consortium,
                                 const ledger::LeafHash& release,
                                 const ProofReader& reader) {
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
    if (auto added = add_revocation(consortium, release, proof); !added) {
        return fail(std::move(added).error());
    }
    if (auto added = add_status(consortium, known->record, proof); !added) {
        return fail(std::move(added).error());
    }
    return encode_with_steps(std::move(proof), chain.state(), consortium.checkpoint()->epoch, reader);
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
    const auto& checkpoint = consortium.checkpoint();
    auto epoch = ledger::epoch_record(chain.state(), checkpoint ? checkpoint->epoch : 0);
    if (!epoch) return fail(Refusal::kEpochUnknown, "the epoch of the newest checkpoint");
    anchor.epoch = std::move(*epoch);
    return anchor;
}

}  // namespace assay::gateway
