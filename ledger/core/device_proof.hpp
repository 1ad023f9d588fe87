// The device proof (docs/formats.md, section 10): everything a device needs to believe a release
// without believing its gateway, and the check itself. Also what `assay verify` runs. Pure: no
// clock, no disk; the caller keeps what it trusts and stores what it learns.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ledger/core/anchor.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/release_record.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::ledger {

inline constexpr std::size_t kDeviceProofBytesMax = 256 * 1024;  // what a device takes
// An auditor's holds every step from the epoch of the anchor on.
inline constexpr std::size_t kAuditProofBytesMax = 16 * 1024 * 1024;
inline constexpr std::size_t kProofEpochsMax = 4'096;  // steps

// Whole, or steps between epochs alone: what a device is sent while it lags too far behind for all
// of them to fit. It follows those, keeps where they lead, and asks again.
// The proofs are C2SP texts here, and in a compact form between gateway and device (compact_proof.hpp).
struct DeviceProof {
    Bytes release_tx;
    std::string release_proof;  // tlog-proof
    Bytes policy_tx;            // the vendor's newest policy
    std::string policy_proof;   // under the same checkpoint
    std::vector<EpochTransition> epochs;  // ascending; of a whole proof up to the checkpoint's
    // If a key that signed the release was revoked: the revocation, under the same checkpoint.
    Bytes revocation_tx;
    std::string revocation_proof;
    // The newest status of the release's vendor, class and component, if there is one, under the
    // same checkpoint: for devices that ask for it.
    Bytes status_tx;
    std::string status_proof;

    [[nodiscard]] bool is_whole() const noexcept { return !release_tx.empty(); }
    friend bool operator==(const DeviceProof&, const DeviceProof&) = default;
};

// Precondition: what it has of proofs are tlog-proofs whose checkpoints are notes of three lines.
[[nodiscard]] Bytes encode_device_proof(const DeviceProof& proof);
[[nodiscard]] Result<DeviceProof> decode_device_proof(ByteView input);

// The newest checkpoint a device has believed. It never goes back.
struct TrustedCheckpoint {
    std::uint64_t size = 0;
    LogHash root;
    std::uint64_t time = 0;  // checkpoint time, seconds since 1970
    friend bool operator==(const TrustedCheckpoint&, const TrustedCheckpoint&) = default;
};

// What the device is and has; absent parts are not checked.
struct DeviceState {
    Uuid device_class{};
    std::string component;
    std::optional<std::uint64_t> installed_sequence;  // confirmed; none on a blank device
    std::uint64_t sequence_floor = 0;
    std::vector<PayloadType> payloads = {PayloadType::kRaw};
    bool requires_status = false;     // takes the release alone that a fresh status names
    std::uint64_t status_serial = 0;  // of the newest status seen
};

struct DeviceTrust {
    const Anchor& anchor;  // its epoch counts unless a newer one is known
    std::optional<TrustedCheckpoint> checkpoint;
    std::uint64_t policy_version = 0;  // the newest one seen
    std::optional<std::uint64_t> now;  // if there is a clock
    std::uint64_t checkpoint_age_max_s = 7 * 24 * 3600;
    std::optional<DeviceState> device;  // none for an auditor, who checks steps 1 to 6 only
    std::optional<EpochRecord> epoch = std::nullopt;  // newest one learnt
};

struct VerifiedRelease {
    LeafHash leaf;
    ReleaseRecord release;
    std::string release_issuer;        // member that signed (first)
    std::uint64_t policy_version = 0;  // to be stored by the device, as is
    TrustedCheckpoint checkpoint;      // likewise
    std::size_t cosignatures = 0;      // of distinct members
    std::uint64_t log_index = 0;
    EpochRecord epoch;               // whose members cosigned; to be stored likewise
    bool is_key_revoked_later = false;  // the release was signed in time, and stays good
    // By the status, of a device that asks for one: to be stored likewise, and the floor to burn
    // in.
    std::uint64_t status_serial = 0;
    std::uint64_t status_floor = 0;
};

// Where a bundle of steps alone leads: an epoch behind the newest one known. Nothing if the bundle
// is whole. Fails if a step does not follow (kEpochUnknown, kSignerUnknown, kSignatureInvalid,
// kQuorumNotMet), or if none is news (kEpochUnknown): each one that is followed is progress.
[[nodiscard]] Result<std::optional<EpochRecord>> follow_epoch_steps(ByteView bundle,
                                                                    const DeviceTrust& trust);

// Steps 1 to 9 of section 10, in that order; the error carries the word of the first that fails.
[[nodiscard]] Result<VerifiedRelease> verify_device_proof(ByteView bundle,
                                                          const DeviceTrust& trust);

}  // namespace assay::ledger
