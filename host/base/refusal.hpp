// Why something was refused: one stable number and word each, the same in logs, in the REST API, in
// receipts on the ledger and on the device. docs/refusals.md is the table for people; a test keeps
// both equal. Numbers are never reused.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace assay {

enum class Refusal : std::uint16_t {
    // Decoding: what arrived is not what it claims to be.
    kMalformed = 1,
    kLimitExceeded = 2,
    kUnknownVersion = 3,
    kUnknownType = 4,

    // Authority: who says so.
    kSignatureInvalid = 10,
    kSignerUnknown = 11,
    kSignerNotPermitted = 12,
    kThresholdNotMet = 13,
    kChainIdMismatch = 14,
    kOriginMismatch = 15,
    kPeerUnknown = 16,
    kKeyRevoked = 17,

    // Ledger: what the chain's state does not allow.
    kDuplicateTransaction = 20,
    kTransactionExpired = 21,
    kSequenceNotIncreasing = 22,
    kVendorPolicyMissing = 23,
    kPolicyVersionNotIncreasing = 24,
    kVendorTaken = 25,
    kBatchOutOfOrder = 26,
    kBlockInvalid = 27,
    kMempoolFull = 28,
    kSequenceStepTooLarge = 29,

    // Proof: what a device must be able to check by itself.
    kProofInvalid = 30,
    kQuorumNotMet = 31,
    kCheckpointStale = 32,
    kCheckpointRolledBack = 33,
    kEpochUnknown = 34,
    kStatusMissing = 35,
    kStatusExpired = 36,
    kStatusRolledBack = 37,
    kReleaseNotCurrent = 38,

    // Suitability: genuine, but not for this device now.
    kVendorMismatch = 40,
    kClassMismatch = 41,
    kComponentMismatch = 42,
    kSequenceBelowFloor = 43,
    kReleaseExpired = 44,
    kReleaseNotYetValid = 45,
    kFromVersionNotAllowed = 46,
    kDependencyMissing = 47,
    kPayloadUnsupported = 48,

    // Content: the bytes are not those that were released.
    kBlockHashMismatch = 50,
    kBlockTooLarge = 51,
    kContentIncomplete = 52,
    kContentTooLarge = 53,
    kImageDigestMismatch = 54,
    kChunkHashMismatch = 55,
    kCidUnsupported = 56,

    // Installation: genuine and suitable, but it did not work here.
    kSlotWriteFailed = 60,
    kReadBackMismatch = 61,
    kHealthCheckFailed = 62,
    kBootFailed = 63,
    kInstallerFailed = 64,

    // Devices and receipts.
    kDeviceUnknown = 70,
    kReceiptReplayed = 71,
    kReleaseUnknown = 72,
    kReleaseRecalled = 73,
    kStatusSerialNotIncreasing = 74,

    // Between the ledgers.
    kAnchorOutOfOrder = 75,
    kAnchorTooOften = 76,
    kConsortiumHeadRolledBack = 77,

    // Between devices and their gateway.
    kReleaseWithdrawn = 78,

    // Governance: what members decide about members.
    kProposalUnknown = 80,
    kProposalExpired = 81,
    kAlreadyApproved = 82,
    kChangeNotPossible = 83,
    kRevocationBackdated = 84,
    kTooManyProposals = 85,
    kEvidenceVoid = 86,
    kEvidenceTooOld = 87,
    kEvidenceKnown = 88,
};

struct RefusalInfo {
    Refusal code;
    std::string_view word;     // stable, lower case with hyphens: "sequence-below-floor"
    std::string_view meaning;  // one sentence for people
};

// The whole table, by ascending number.
[[nodiscard]] std::span<const RefusalInfo> refusals() noexcept;

[[nodiscard]] std::string_view to_word(Refusal code) noexcept;
[[nodiscard]] std::optional<Refusal> refusal_from_number(std::uint64_t number) noexcept;
// The refusal that `code` carries, if it carries one.
[[nodiscard]] std::optional<Refusal> refusal_of(const std::error_code& code) noexcept;

// message() of such a code is the word.
[[nodiscard]] std::error_code make_error_code(Refusal code) noexcept;

}  // namespace assay

template <>
struct std::is_error_code_enum<assay::Refusal> : std::true_type {};
