// What makes a release trustworthy for this device: the proof checked against anchor and memory,
// and what the device then knows that it did not know before. Pure.

#pragma once

#include <optional>

#include "device/agent_state.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::device {

// What the device is, from its configuration.
struct DeviceIdentity {
    ledger::Anchor anchor;
    ledger::Uuid device_class{};
    std::string component;
    std::uint64_t checkpoint_age_max_s = 0;
    std::vector<ledger::PayloadType> payloads = {ledger::PayloadType::kRaw};  // it can install
    bool requires_status = false;
};

// Whether the release that was confirmed last is still what runs: if not, it may be assigned again.
enum class Installed { kRuns, kIsLost };

// verify_device_proof for the release that was assigned; a proof of another one is kProofInvalid.
[[nodiscard]] Result<ledger::VerifiedRelease> verify_assigned(
    ByteView proof,
    const ledger::LeafHash& assigned,
    const DeviceIdentity& identity,
    const AgentState& state,
    std::optional<std::uint64_t> now,
    Installed installed = Installed::kRuns);

// The same for the release that is installed, for its checkpoint: what it must not be newer than itself
// for is left out, and it may stand under an older policy than the newest that was seen.
[[nodiscard]] Result<ledger::VerifiedRelease> verify_installed(ByteView proof,
                                                               const ledger::LeafHash& installed,
                                                               const DeviceIdentity& identity,
                                                               const AgentState& state,
                                                               std::optional<std::uint64_t> now);

// follow_epoch_steps for this device: where a bundle leads that holds steps between epochs alone.
[[nodiscard]] Result<std::optional<ledger::EpochRecord>> follow_steps(
    ByteView proof, const DeviceIdentity& identity, const AgentState& state);

// Takes over checkpoint, policy version, epoch and serial of the status. They
// never go back: verification has seen to that.
void learn(AgentState& state, const ledger::VerifiedRelease& verified);

// The image to be written, for the given slot. Precondition: the release was verified.
[[nodiscard]] PendingRelease pending_of(const ledger::VerifiedRelease& verified,
                                        const protocol::AssignmentNonce& nonce,
                                        std::uint64_t slot);

}  // namespace assay::device
