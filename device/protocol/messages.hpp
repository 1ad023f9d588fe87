// The JSON messages of the agent protocol (docs/formats.md, section 12). A device polls with what
// it is and has; the gateway answers with when to come back and, perhaps, an assignment. Nothing in
// an answer is believed: it says where to look, the proof says what is true.
//
// Parsing is strict (types, ranges, no unknown members) and bounded. Pure.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "device/protocol/receipt_name.hpp"
#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::protocol {

inline constexpr std::size_t kMessageBytesMax = 16 * 1024;

struct PollRequest {
    ledger::Uuid vendor{}, device_class{};
    std::string component;
    std::uint64_t sequence = 0;  // confirmed; 0 on a blank device
    std::string version;         // for people; may be empty
    Sha256Digest running;        // SHA-256 of the running image, zero on a blank device
    std::uint64_t epoch = 0;     // of the ledger's members, the newest one that it knows
    std::string state;           // for people: of the state machine, or "out-of-touch"
    // Part of the path, not of the JSON; a gateway that does not know them reads past them.
    std::uint32_t wait_ms = 0;               // how long the answer may take
    std::optional<ledger::LeafHash> pending;  // verified and not started yet: is it withdrawn?
    std::optional<ReceiptName> receipt;       // the newest one that was acknowledged: is it final?

    friend bool operator==(const PollRequest&, const PollRequest&) = default;
};

using AssignmentNonce = std::array<std::byte, 8>;

struct Assignment {
    ledger::LeafHash release;
    AssignmentNonce nonce{};
    std::uint64_t sequence = 0;
    std::string version;
    std::uint64_t image_bytes = 0;

    friend bool operator==(const Assignment&, const Assignment&) = default;
};

// What a device is to do with the receipts that were acknowledged to it.
enum class KeptReceipts { kDrop, kSendAgain };

struct PollAnswer {
    std::uint32_t sleep_ms = 0;  // until the next poll
    std::optional<Assignment> assignment;
    std::optional<ledger::LeafHash> withdrawn;  // must not start; said of what a poll names alone
    std::optional<KeptReceipts> receipts;       // likewise; nothing: keep them

    friend bool operator==(const PollAnswer&, const PollAnswer&) = default;
};

inline constexpr std::uint32_t kSleepMsMax = 24 * 3600 * 1000;

[[nodiscard]] std::string to_json(const PollRequest& request);
[[nodiscard]] std::string to_json(const PollAnswer& answer);
// The answer to a receipt: it is on disk, or the one that was to be before it is missing.
[[nodiscard]] std::string receipt_acknowledgement(bool is_acknowledged = true);

[[nodiscard]] Result<PollRequest> parse_poll_request(std::string_view json);
[[nodiscard]] Result<PollAnswer> parse_poll_answer(std::string_view json);
[[nodiscard]] Result<bool> parse_receipt_acknowledgement(std::string_view json);

// An application/problem+json body as one line for a log: the word and the detail, if it is one.
[[nodiscard]] std::string describe_problem(std::string_view json);

}  // namespace assay::protocol
