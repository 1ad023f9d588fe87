// The paths of the agent protocol (docs/formats.md, section 12): patterns for the gateway's router,
// and the targets an agent asks for.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "device/protocol/messages.hpp"

namespace assay::protocol {

inline constexpr std::string_view kPollPath = "/agent/v1/poll";
// "?wait_ms=N": a poll that is answered when there is an assignment, or after N milliseconds.
inline constexpr std::string_view kWaitParameter = "wait_ms";
inline constexpr std::uint32_t kWaitMsMax = 60'000;
// "pending={leaf}": the release that is to start next; the answer says if it must not.
inline constexpr std::string_view kPendingParameter = "pending";
// "receipt=NAME" (receipt_name.hpp): the newest receipt that was acknowledged and is not known to be
// final; the answer says if it is, or if it is missing.
inline constexpr std::string_view kReceiptParameter = "receipt";
inline constexpr std::string_view kReceiptsPath = "/agent/v1/receipts";
// "?after=NAME": the receipt that was acknowledged before this one.
inline constexpr std::string_view kAfterParameter = "after";
// `{leaf}` is the release's leaf hash in hexadecimal.
inline constexpr std::string_view kProofPattern = "/agent/v1/releases/{leaf}/proof";
inline constexpr std::string_view kChunksPattern = "/agent/v1/releases/{leaf}/chunks";
inline constexpr std::string_view kImagePattern = "/agent/v1/releases/{leaf}/image";

// Of the listener for blank devices.
inline constexpr std::string_view kFactoryPath = "/factory/v1/enrol";

inline constexpr std::string_view kProofType = "application/cbor";
inline constexpr std::string_view kReceiptType = "application/cose";
inline constexpr std::string_view kBytesType = "application/octet-stream";
inline constexpr std::string_view kJsonType = "application/json";

[[nodiscard]] std::string poll_path(const PollRequest& request);
[[nodiscard]] std::string receipts_path(const std::optional<ReceiptName>& after);
[[nodiscard]] std::string proof_path(const ledger::LeafHash& release);
[[nodiscard]] std::string chunks_path(const ledger::LeafHash& release);
[[nodiscard]] std::string image_path(const ledger::LeafHash& release);

}  // namespace assay::protocol
