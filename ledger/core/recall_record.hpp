// A recall (docs/formats.md, section 7): a release is withdrawn. Gateways stop offering it as soon
// as the recall is final. One signature of the vendor's policy suffices. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/cbor.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

enum class RecallReason : std::uint8_t {
    kWithdrawn = 0,
    kVulnerable = 1,
    kKeyCompromise = 2,
    kWrong = 3,
};
[[nodiscard]] std::string_view to_string(RecallReason reason) noexcept;
[[nodiscard]] std::optional<RecallReason> parse_recall_reason(std::string_view text) noexcept;

enum class RecallAction : std::uint8_t { kStopOffering = 0, kForceForward = 1 };

struct RecallRecord {
    LeafHash release;
    RecallReason reason = RecallReason::kWithdrawn;
    std::optional<std::uint64_t> safe_sequence;  // the least one known to be good
    RecallAction action = RecallAction::kStopOffering;
    friend bool operator==(const RecallRecord&, const RecallRecord&) = default;
};

[[nodiscard]] Bytes encode_recall(const RecallRecord& recall);
[[nodiscard]] Result<RecallRecord> decode_recall(ByteView input);

// "recall/<leaf hex>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const RecallRecord& recall);

}  // namespace assay::ledger
