// A status (docs/formats.md, section 7): which release of a component is the one to run, until when
// that may be believed. What keeps a gateway from hiding a recall: a device that asks for a status
// installs only the release that a fresh one names. Issued by a status key of the vendor's policy
// on every release and recall and each status period. Pure.

#pragma once

#include <string>

#include "host/base/cbor.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::ledger {

struct StatusRecord {
    Uuid vendor{}, device_class{};
    std::string component;
    LeafHash release;                // the current one
    std::uint64_t min_sequence = 0;  // rollback floor
    std::uint64_t serial = 0;        // above that of the status before
    std::uint64_t issued = 0;        // seconds since 1970, like the next
    std::uint64_t not_after = 0;
    friend bool operator==(const StatusRecord&, const StatusRecord&) = default;
};

[[nodiscard]] Bytes encode_status(const StatusRecord& status);
[[nodiscard]] Result<StatusRecord> decode_status(ByteView input);

// "status/<vendor hex>/<class hex>/<component>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const StatusRecord& status);

}  // namespace assay::ledger
