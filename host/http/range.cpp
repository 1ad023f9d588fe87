#include "host/http/range.hpp"

#include <charconv>

namespace assay::http {
namespace {

// Digits only; a number too large for 64 bits is as good as the largest.
std::optional<std::uint64_t> parse_position(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size() || text.empty()) return std::nullopt;
    return code == std::errc::result_out_of_range ? UINT64_MAX : value;
}

bool if_range_agrees(const Request& request, const Response& whole) {
    const auto condition = request.header("If-Range");
    return !condition || condition == whole.header("ETag");
}

}  // namespace

RangeDecision decide_range(std::optional<std::string_view> header,
                           std::uint64_t content_bytes) noexcept {
    constexpr std::string_view kUnit = "bytes=";
    if (!header || !header->starts_with(kUnit)) return {};
    const std::string_view spec = header->substr(kUnit.size());
    const std::size_t dash = spec.find('-');
    if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) return {};

    const auto first = parse_position(spec.substr(0, dash));
    const auto last = parse_position(spec.substr(dash + 1));
    const bool has_first = dash > 0;
    const bool has_last = dash + 1 < spec.size();
    if (has_first != first.has_value() || has_last != last.has_value()) return {};
    if (!has_first && !has_last) return {};

    RangeDecision out;
    if (!has_first) {  // "-n": the last n bytes
        out.length = std::min(*last, content_bytes);
        out.offset = content_bytes - out.length;
    } else {
        if (has_last && *last < *first) return {};
        out.offset = *first;
        if (*first < content_bytes) {
            const std::uint64_t end = has_last && *last < content_bytes ? *last + 1 : content_bytes;
            out.length = end - *first;
        }
    }
    out.verdict = out.length > 0 ? RangeVerdict::kPartial : RangeVerdict::kUnsatisfiable;
    return out;
}

Response apply_range(const Request& request, Response whole) {
    if (whole.status != 200 || whole.streamed) return whole;
    whole.headers.set("Accept-Ranges", "bytes");
    if (request.method != "GET" && request.method != "HEAD") return whole;
    if (!if_range_agrees(request, whole)) return whole;

    const std::uint64_t total = whole.file ? whole.file->length : whole.body.size();
    const RangeDecision decision = decide_range(request.header("Range"), total);
    if (decision.verdict == RangeVerdict::kWhole) return whole;

    const std::string of_total = "/" + std::to_string(total);
    if (decision.verdict == RangeVerdict::kUnsatisfiable) {
        Response refusal = problem(416, "range-not-satisfiable",
                                   "the content has " + std::to_string(total) + " bytes");
        refusal.headers.set("Content-Range", "bytes *" + of_total);
        refusal.headers.set("Accept-Ranges", "bytes");
        return refusal;
    }
    whole.status = 206;
    whole.headers.set("Content-Range", "bytes " + std::to_string(decision.offset) + "-" +
                                           std::to_string(decision.offset + decision.length - 1) +
                                           of_total);
    if (whole.file) {
        whole.file->offset += decision.offset;
        whole.file->length = decision.length;
    } else {
        const ByteView all(whole.body);
        whole.body = to_bytes(all.subspan(decision.offset, decision.length));
    }
    return whole;
}

}  // namespace assay::http
