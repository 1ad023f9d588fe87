// Byte ranges (RFC 9110, section 14): resumed downloads. One range at a time; a request for several
// gets the whole content, which the RFC allows.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "host/http/message.hpp"

namespace assay::http {

enum class RangeVerdict {
    kWhole,          // no range, not understood, or several: answer 200
    kPartial,        // answer 206
    kUnsatisfiable,  // nothing of the content lies in the range: answer 416
};

struct RangeDecision {
    RangeVerdict verdict = RangeVerdict::kWhole;
    std::uint64_t offset = 0;  // kPartial only
    std::uint64_t length = 0;
};

// `header` is the value of the Range field: "bytes=a-b", "bytes=a-" or "bytes=-n".
[[nodiscard]] RangeDecision decide_range(std::optional<std::string_view> header,
                                         std::uint64_t content_bytes) noexcept;

// Turns a 200 response with a body in memory or in a file into the 206 or 416 that a GET or HEAD
// request asks for, and adds Accept-Ranges. If-Range is honoured by comparing with the ETag.
[[nodiscard]] Response apply_range(const Request& request, Response whole);

}  // namespace assay::http
