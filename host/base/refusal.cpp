#include "host/base/refusal.hpp"

#include <algorithm>
#include <string>

namespace assay {
namespace {

constexpr RefusalInfo kRefusals[] = {
    {Refusal::kMalformed, "malformed", "The bytes do not decode as what they claim to be."},
    {Refusal::kLimitExceeded, "limit-exceeded", "A size or count is above its fixed bound."},
    {Refusal::kUnknownVersion, "unknown-version", "The format version is not one this program knows."},
    {Refusal::kUnknownType, "unknown-type", "The record or message type is not one this ledger knows."},
    {Refusal::kSignatureInvalid, "signature-invalid", "A signature does not verify."},
    {Refusal::kSignerUnknown, "signer-unknown", "The signing key belongs to no member and no policy."},
    {Refusal::kSignerNotPermitted, "signer-not-permitted",
     "The signer is known, but may not sign this (role, vendor policy or delegation)."},
    {Refusal::kThresholdNotMet, "threshold-not-met", "Fewer signatures than the vendor policy asks for."},
    {Refusal::kChainIdMismatch, "chain-id-mismatch", "The record was made for another ledger."},
    {Refusal::kOriginMismatch, "origin-mismatch", "The checkpoint names another log."},
    {Refusal::kPeerUnknown, "peer-unknown", "The TLS key of the peer is not in the registry."},
    {Refusal::kKeyRevoked, "key-revoked", "The key that signed this was revoked by its owner."},
    {Refusal::kDuplicateTransaction, "duplicate-transaction", "The transaction is on the ledger already."},
    {Refusal::kTransactionExpired, "transaction-expired",
     "valid-until-height has passed, or lies too far in the future."},
    {Refusal::kSequenceNotIncreasing, "sequence-not-increasing",
     "The release does not raise the sequence of its vendor, class and component."},
    {Refusal::kVendorPolicyMissing, "vendor-policy-missing", "No vendor policy covers the vendor."},
    {Refusal::kPolicyVersionNotIncreasing, "policy-version-not-increasing",
     "The vendor policy does not raise its version."},
    {Refusal::kVendorTaken, "vendor-taken", "The vendor id belongs to another member."},
    {Refusal::kBatchOutOfOrder, "batch-out-of-order",
     "The receipt batch does not follow the gateway's last one."},
    {Refusal::kBlockInvalid, "block-invalid", "A ledger block breaks a numbered rule."},
    {Refusal::kMempoolFull, "mempool-full", "Too many transactions are waiting; try again later."},
    {Refusal::kSequenceStepTooLarge, "sequence-step-too-large",
     "The release's sequence is more than 2^32 above the last."},
    {Refusal::kProofInvalid, "proof-invalid",
     "The inclusion proof does not lead from the record to the checkpoint."},
    {Refusal::kQuorumNotMet, "quorum-not-met", "Too few members cosigned the checkpoint."},
    {Refusal::kCheckpointStale, "checkpoint-stale",
     "The checkpoint is older than the device accepts (freeze attack)."},
    {Refusal::kCheckpointRolledBack, "checkpoint-rolled-back",
     "The checkpoint is older than one the device has seen."},
    {Refusal::kEpochUnknown, "epoch-unknown", "The proof needs a member epoch the device cannot reach."},
    {Refusal::kStatusMissing, "status-missing",
     "No status says which release is the current one, and this device asks for one."},
    {Refusal::kStatusExpired, "status-expired",
     "The status has ended: whether the release was recalled since cannot be seen."},
    {Refusal::kStatusRolledBack, "status-rolled-back",
     "The status is older than one the device has seen."},
    {Refusal::kReleaseNotCurrent, "release-not-current",
     "The status names another release as the current one."},
    {Refusal::kVendorMismatch, "vendor-mismatch", "The release is for another vendor's devices."},
    {Refusal::kClassMismatch, "class-mismatch", "The release is for another hardware class."},
    {Refusal::kComponentMismatch, "component-mismatch", "The release is for another component."},
    {Refusal::kSequenceBelowFloor, "sequence-below-floor",
     "The release is not newer than what the device has confirmed (rollback attack)."},
    {Refusal::kReleaseExpired, "release-expired", "The release's expiry time has passed."},
    {Refusal::kReleaseNotYetValid, "release-not-yet-valid", "The release's not-before time is ahead."},
    {Refusal::kFromVersionNotAllowed, "from-version-not-allowed",
     "The release does not apply to the version that is installed."},
    {Refusal::kDependencyMissing, "dependency-missing", "Another component must be updated first."},
    {Refusal::kPayloadUnsupported, "payload-unsupported", "This device cannot install the payload type."},
    {Refusal::kBlockHashMismatch, "block-hash-mismatch", "A block does not have the hash its CID names."},
    {Refusal::kBlockTooLarge, "block-too-large", "A block is larger than 2 MiB."},
    {Refusal::kContentIncomplete, "content-incomplete", "No source had every block of the image."},
    {Refusal::kContentTooLarge, "content-too-large", "The content is larger than the signed record says."},
    {Refusal::kImageDigestMismatch, "image-digest-mismatch",
     "The whole image does not have the SHA-256 of the signed record."},
    {Refusal::kChunkHashMismatch, "chunk-hash-mismatch",
     "A chunk is not the one under the signed chunk root."},
    {Refusal::kCidUnsupported, "cid-unsupported", "The CID's hash or codec is not on the allow-list."},
    {Refusal::kSlotWriteFailed, "slot-write-failed", "Writing the slot failed."},
    {Refusal::kReadBackMismatch, "read-back-mismatch", "The slot read back is not what was written."},
    {Refusal::kHealthCheckFailed, "health-check-failed", "The health check failed; the device rolled back."},
    {Refusal::kBootFailed, "boot-failed", "The new slot did not start; the device rolled back."},
    {Refusal::kInstallerFailed, "installer-failed",
     "The program that installs the image failed or did not end in time."},
    {Refusal::kDeviceUnknown, "device-unknown", "The device is not enrolled here."},
    {Refusal::kReceiptReplayed, "receipt-replayed", "The device counter of the receipt was used before."},
    {Refusal::kReleaseUnknown, "release-unknown", "No release of that name is on the ledger."},
    {Refusal::kReleaseRecalled, "release-recalled", "The release was recalled."},
    {Refusal::kStatusSerialNotIncreasing, "status-serial-not-increasing",
     "The status does not raise the serial of its vendor, class and component."},
    {Refusal::kAnchorOutOfOrder, "anchor-out-of-order",
     "The anchor does not go on from the gateway's last one for that ledger."},
    {Refusal::kAnchorTooOften, "anchor-too-often",
     "The gateway's last anchor is too recent, or this one would wait too long."},
    {Refusal::kConsortiumHeadRolledBack, "consortium-head-rolled-back",
     "The receipt batch names an older consortium ledger than the gateway's batch before it."},
    {Refusal::kReleaseWithdrawn, "release-withdrawn",
     "The gateway took the release back before the device started it."},
    {Refusal::kProposalUnknown, "proposal-unknown", "No open proposal has that name."},
    {Refusal::kProposalExpired, "proposal-expired",
     "The proposal's last height has passed, or lies too far in the future."},
    {Refusal::kAlreadyApproved, "already-approved",
     "The member has approved this proposal before."},
    {Refusal::kChangeNotPossible, "change-not-possible",
     "The registry does not allow the change, now or after those that are pending."},
    {Refusal::kRevocationBackdated, "revocation-backdated",
     "The revocation reaches behind what was final already."},
    {Refusal::kTooManyProposals, "too-many-proposals",
     "The member has 16 open proposals; they must pass or expire first."},
    {Refusal::kEvidenceVoid, "evidence-void", "The two votes do not contradict each other."},
    {Refusal::kEvidenceTooOld, "evidence-too-old", "The votes are for blocks too far back."},
    {Refusal::kEvidenceKnown, "evidence-known",
     "Evidence against this slot in this epoch is on the ledger."},
};

const RefusalInfo* find(std::uint64_t number) noexcept {
    const auto* const it = std::find_if(std::begin(kRefusals), std::end(kRefusals), [&](const auto& r) {
        return static_cast<std::uint64_t>(r.code) == number;
    });
    return it == std::end(kRefusals) ? nullptr : it;
}

class Category final : public std::error_category {
  public:
    [[nodiscard]] const char* name() const noexcept override { return "assay"; }
    [[nodiscard]] std::string message(int value) const override {
        const RefusalInfo* info = find(static_cast<std::uint64_t>(value));
        return std::string(info != nullptr ? info->word : "unknown-refusal");
    }
};

const Category& category() noexcept {
    static const Category instance;
    return instance;
}

}  // namespace

std::span<const RefusalInfo> refusals() noexcept { return kRefusals; }

std::string_view to_word(Refusal code) noexcept {
    const RefusalInfo* info = find(static_cast<std::uint64_t>(code));
    return info != nullptr ? info->word : "unknown-refusal";
}

std::optional<Refusal> refusal_from_number(std::uint64_t number) noexcept {
    const RefusalInfo* info = find(number);
    if (info == nullptr) return std::nullopt;
    return info->code;
}

std::optional<Refusal> refusal_of(const std::error_code& code) noexcept {
    if (code.category() != category()) return std::nullopt;
    return refusal_from_number(static_cast<std::uint64_t>(code.value()));
}

std::error_code make_error_code(Refusal code) noexcept {
    return {static_cast<int>(code), category()};
}

}  // namespace assay
