#include "device/verifier.hpp"

#include <algorithm>

#include "host/base/assert.hpp"

namespace assay::device {
namespace {

ledger::DeviceTrust trust_of(const DeviceIdentity& identity,
                             const AgentState& state,
                             std::optional<std::uint64_t> now) {
    ledger::DeviceState device;
    device.device_class = identity.device_class;
    device.component = identity.component;
    if (state.installed) device.installed_sequence = state.installed->sequence;
    device.sequence_floor = state.sequence_floor;
    device.payloads = identity.payloads;
    device.requires_status = identity.requires_status;
    device.status_serial = state.status_serial;
    return {identity.anchor, state.checkpoint, state.policy_version, now,
            identity.checkpoint_age_max_s, std::move(device), state.epoch};
}

Result<ledger::VerifiedRelease> verify_release(ByteView proof,
                                               const ledger::LeafHash& expected,
                                               const ledger::DeviceTrust& trust) {
    auto verified = ledger::verify_device_proof(proof, trust);
    if (verified && verified->leaf != expected) {
        return fail(Refusal::kProofInvalid,
                    "the proof is of another release than the one asked for");
    }
    return verified;
}

}  // namespace

Result<ledger::VerifiedRelease> verify_assigned(ByteView proof,
                                                const ledger::LeafHash& assigned,
                                                const DeviceIdentity& identity,
                                                const AgentState& state,
                                                std::optional<std::uint64_t> now,
                                                Installed installed) {
    auto trust = trust_of(identity, state, now);
    auto& sequence = trust.device->installed_sequence;
    if (installed == Installed::kIsLost && sequence.value_or(0) > 0) --*sequence;
    return verify_release(proof, assigned, trust);
}

Result<ledger::VerifiedRelease> verify_installed(ByteView proof,
                                                 const ledger::LeafHash& installed,
                                                 const DeviceIdentity& identity,
                                                 const AgentState& state,
                                                 std::optional<std::uint64_t> now) {
    auto trust = trust_of(identity, state, now);
    trust.device.reset();
    trust.policy_version = 0;
    return verify_release(proof, installed, trust);
}

Result<std::optional<ledger::EpochRecord>> follow_steps(ByteView proof,
                                                       const DeviceIdentity& identity,
                                                       const AgentState& state) {
    return ledger::follow_epoch_steps(proof, trust_of(identity, state, std::nullopt));
}

void learn(AgentState& state, const ledger::VerifiedRelease& verified) {
    const std::uint64_t known_time = state.checkpoint ? state.checkpoint->time : 0;
    if (state.checkpoint) ASSAY_ASSERT(verified.checkpoint.size >= state.checkpoint->size);
    state.checkpoint = verified.checkpoint;
    state.checkpoint->time = std::max(state.checkpoint->time, known_time);  // never back
    state.policy_version = std::max(state.policy_version, verified.policy_version);
    state.epoch = verified.epoch;
    state.status_serial = std::max(state.status_serial, verified.status_serial);
}

PendingRelease pending_of(const ledger::VerifiedRelease& verified,
                          const protocol::AssignmentNonce& nonce,
                          std::uint64_t slot) {
    const ledger::ReleaseRecord& release = verified.release;
    const auto image =
        std::find_if(release.images.begin(), release.images.end(),
                     [](const auto& entry) { return entry.role == ledger::ImageRole::kFull; });
    ASSAY_ASSERT(image != release.images.end());
    PendingRelease out;
    out.release = verified.leaf;
    out.nonce = nonce;
    out.slot = slot;
    out.sequence = release.sequence;
    out.version = release.version;
    out.min_sequence = std::max(release.min_sequence.value_or(0), verified.status_floor);
    out.sha256 = image->sha256;
    out.bytes = image->bytes;
    out.chunk_bytes = image->import.chunk_bytes;
    out.chunk_root = image->chunk_root;
    return out;
}

}  // namespace assay::device
