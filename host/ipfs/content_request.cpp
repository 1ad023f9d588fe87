#include "host/ipfs/content_request.hpp"

#include <charconv>

#include "host/http/url.hpp"

namespace assay::ipfs {
namespace {

constexpr std::string_view kRawMediaType = "application/vnd.ipld.raw";
constexpr std::string_view kCarMediaType = "application/vnd.ipld.car";

std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

// Takes what stands before `separator` off the front of `rest`.
std::string_view take_until(std::string_view& rest, char separator) {
    const std::size_t end = std::min(rest.find(separator), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return trim(part);
}

// The entry of a media type in an Accept field, with its parameters.
std::optional<std::string_view> find_entry(std::string_view field, std::string_view wanted) {
    while (!field.empty()) {
        const std::string_view entry = take_until(field, ',');
        std::string_view rest = entry;
        if (take_until(rest, ';') == wanted) return entry;
    }
    return std::nullopt;
}

// "dups" of "application/vnd.ipld.car; version=1; dups=y" is "y".
std::optional<std::string_view> parameter(std::string_view entry, std::string_view name) {
    take_until(entry, ';');
    while (!entry.empty()) {
        std::string_view value = take_until(entry, ';');
        if (take_until(value, '=') == name) return trim(value);
    }
    return std::nullopt;
}

tl::unexpected<http::Response> refuse(unsigned status, Refusal word, std::string_view detail) {
    return tl::unexpected(http::problem(status, word, detail));
}

tl::expected<ContentFormat, http::Response> read_format(const http::Request& request,
                                                        std::string_view accept) {
    if (const auto format = request.query_value("format")) {
        if (*format == "raw") return ContentFormat::kRaw;
        if (*format == "car") return ContentFormat::kCar;
        return refuse(406, Refusal::kUnknownType,
                      "format '" + std::string(*format) + "'; served are raw and car");
    }
    if (find_entry(accept, kRawMediaType)) return ContentFormat::kRaw;
    if (find_entry(accept, kCarMediaType)) return ContentFormat::kCar;
    if (accept.empty() || field_lists(accept, "*/*")) {
        return refuse(400, Refusal::kMalformed,
                      "ask for ?format=raw or ?format=car, or by the Accept field: this gateway "
                      "serves verifiable responses only");
    }
    return refuse(406, Refusal::kUnknownType,
                  "served are application/vnd.ipld.raw and application/vnd.ipld.car");
}

tl::expected<CarOptions, http::Response> read_car_options(const http::Request& request,
                                                          std::string_view accept) {
    const auto entry = find_entry(accept, kCarMediaType);
    const auto choice = [&](const std::string& name) -> std::optional<std::string_view> {
        if (const auto value = request.query_value("car-" + name)) return value;
        return entry ? parameter(*entry, name) : std::nullopt;
    };
    if (const auto version = choice("version"); version && *version != "1") {
        return refuse(406, Refusal::kUnknownVersion, "CAR version 1 is served");
    }
    CarOptions options;
    // Depth first is the only order served; the response says so to who asked for another.
    options.duplicates = choice("dups") == "y";
    const std::string_view scope = request.query_value("dag-scope").value_or("all");
    if (scope == "block") {
        options.scope = DagScope::kBlock;
    } else if (scope == "entity") {
        options.scope = DagScope::kEntity;
    } else if (scope != "all") {
        return refuse(400, Refusal::kMalformed, "dag-scope is block, entity or all");
    }
    if (const auto range = request.query_value("entity-bytes")) {
        options.bytes = parse_entity_bytes(*range);
        if (!options.bytes) {
            return refuse(400, Refusal::kMalformed, "entity-bytes is like 0:1023, -512:* or 0:*");
        }
        if (options.scope == DagScope::kAll) options.scope = DagScope::kEntity;
    }
    return options;
}

std::optional<std::int64_t> parse_position(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

bool field_lists(std::string_view field, std::string_view wanted) {
    return find_entry(field, wanted).has_value();
}

std::optional<EntityBytes> parse_entity_bytes(std::string_view text) {
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto from = parse_position(text.substr(0, colon));
    if (!from) return std::nullopt;
    EntityBytes out;
    out.from = *from;
    const std::string_view to = text.substr(colon + 1);
    if (to == "*") return out;
    out.to = parse_position(to);
    if (!out.to) return std::nullopt;
    return out;
}

tl::expected<ContentRequest, http::Response> read_content_request(const http::Request& request) {
    const std::string_view accept = request.header("Accept").value_or("");
    const auto format = read_format(request, accept);
    if (!format) return tl::unexpected(format.error());
    ContentRequest out;
    out.format = *format;
    // "/ipfs/<cid>/a/b"; an encoded slash does not separate.
    std::string_view rest(request.path);
    rest.remove_prefix(std::min<std::size_t>(rest.find('/', 1), rest.size() - 1) + 1);
    take_until(rest, '/');
    while (!rest.empty()) {
        auto segment = http::percent_decode(take_until(rest, '/'));
        if (!segment) return refuse(400, Refusal::kMalformed, "the path has a broken encoding");
        if (segment->empty()) continue;
        out.path.push_back(std::move(*segment));
        if (out.path.size() > kPathNamesMax) {
            return refuse(400, Refusal::kLimitExceeded, "the path has too many segments");
        }
    }
    if (out.format == ContentFormat::kRaw) {
        if (out.path.empty()) return out;
        return refuse(400, Refusal::kMalformed, "a raw block has no path; ask for a CAR");
    }
    auto car = read_car_options(request, accept);
    if (!car) return tl::unexpected(std::move(car).error());
    out.car = std::move(*car);
    return out;
}

std::string content_disposition(const http::Request& request, std::string_view name) {
    const std::string_view chosen = request.query_value("filename").value_or(name);
    std::string plain;
    bool is_ascii = true;
    for (const char c : chosen) {
        const auto byte = static_cast<unsigned char>(c);
        const bool continues = (byte & 0xc0U) == 0x80U;  // of a UTF-8 character
        if (byte >= 0x80U) is_ascii = false;
        if (continues) continue;
        const bool fits = byte >= 0x20U && byte < 0x7fU && c != '"' && c != '\\' && c != '/';
        plain += fits ? c : '_';
    }
    std::string out = "attachment; filename=\"" + plain + "\"";
    if (!is_ascii) out += "; filename*=UTF-8''" + http::percent_encode(chosen);  // RFC 8187
    return out;
}

}  // namespace assay::ipfs
