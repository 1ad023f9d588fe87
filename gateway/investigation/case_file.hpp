// The case file (docs/formats.md, section 19): what a gateway hands to an auditor about a device, a
// release or a span of time. Transactions of both ledgers with their inclusion proofs, the receipts
// asked for with their paths into the batches, and what opens the devices' names. Signed as a whole
// by the gateway, so that what it merely tells cannot be altered on the way either.
//
// Written by case_builder.hpp, judged by case_check.hpp. Pure: layout alone.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/crypto/cose.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

inline constexpr std::size_t kCaseFileBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kCaseEntriesMax = 16'384;  // of each ledger
inline constexpr std::size_t kCaseDevicesMax = 16'384;
inline constexpr std::size_t kCaseReceiptsMax = 65'536;
inline constexpr std::size_t kCaseKeysMax = 16;  // of one device
inline constexpr std::size_t kCaseLostMax = 16'384;  // batches
inline constexpr std::size_t kCaseNoteBytesMax = 16 * 1024;

// What was asked for. Without `device` it is about all devices, and so on.
struct CaseQuestion {
    std::optional<std::string> device;
    std::optional<ledger::LeafHash> release;
    std::optional<std::uint64_t> from, to;  // as the gateway received the receipts; inclusive
    friend bool operator==(const CaseQuestion&, const CaseQuestion&) = default;
};

struct CaseEntry {
    Bytes transaction;
    std::uint64_t index = 0;  // in the log
    std::vector<LogHash> path;
    std::uint64_t height = 0, time = 0;  // of its block, as the gateway tells
    friend bool operator==(const CaseEntry&, const CaseEntry&) = default;
};

struct CaseLog {
    std::string checkpoint;  // a signed note; empty while there is none, and no entry either
    std::vector<CaseEntry> entries;  // ascending
    friend bool operator==(const CaseLog&, const CaseLog&) = default;
};

struct CaseDevice {
    std::string id;
    ledger::LedgerDeviceId ledger_id{};
    std::optional<ledger::DeviceSalt> salt;  // shows that the ledger id is this id's
    std::vector<crypto::PublicKey> keys;     // its own and those it had before
    bool has_more_keys = false;              // older ones, which the gateway has forgotten
    friend bool operator==(const CaseDevice&, const CaseDevice&) = default;
};

struct CasePlace {
    ledger::LeafHash batch;
    std::uint64_t index = 0;  // in the batch
    std::vector<LogHash> path;
    friend bool operator==(const CasePlace&, const CasePlace&) = default;
};

struct CaseReceipt {
    Bytes receipt;
    std::uint64_t received = 0;      // when, as the gateway tells
    std::optional<CasePlace> place;  // none: not on the ledger yet
    friend bool operator==(const CaseReceipt&, const CaseReceipt&) = default;
};

// An anchor of the gateway ledger that is among the consortium's entries.
struct CaseAnchor {
    ledger::LeafHash leaf;
    std::vector<LogHash> path;  // that the log of the file goes on from the one that is anchored
    friend bool operator==(const CaseAnchor&, const CaseAnchor&) = default;
};

struct CaseFile {
    std::string gateway;    // its name in the registry
    crypto::PublicKey key;  // its tx key, which signs the file
    std::uint64_t written = 0;
    CaseQuestion question;
    CaseLog consortium;  // releases, the policies they were held to, recalls, revocations, the anchor
    CaseLog receipts_log;  // receipt batches
    std::vector<CaseDevice> devices;    // ascending ids
    std::vector<CaseReceipt> receipts;  // in the order of the ledger; those that wait come last
    std::optional<CaseAnchor> anchor;   // the newest that was final
    // Batches of this gateway whose receipts it has lost, as it tells; ascending.
    std::vector<std::uint64_t> lost_batches;
    friend bool operator==(const CaseFile&, const CaseFile&) = default;
};

// Fails with kLimitExceeded if the file would be too large.
[[nodiscard]] Result<Bytes> sign_case_file(const CaseFile& file, const crypto::PrivateKey& key);

// Checks layout, bounds and the signature by the key that the file names: kMalformed,
// kLimitExceeded, kUnknownVersion, kSignatureInvalid.
[[nodiscard]] Result<CaseFile> open_case_file(ByteView input);

// Whether `input` looks like one, rather than like a text: to choose among verifiers.
[[nodiscard]] bool looks_like_case_file(ByteView input) noexcept;

}  // namespace assay::gateway
