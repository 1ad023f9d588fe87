// http and https URLs (RFC 3986) and percent-encoding. Strict: no user information, no fragments,
// no characters that must be encoded.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/http/message.hpp"

namespace assay::http {

struct Url {
    bool tls = false;         // https
    std::string host;         // lower case; an IPv6 address without its brackets
    std::uint16_t port = 80;  // 80 or 443 if the URL has none
    std::string target;       // path and query, at least "/"

    // What goes into the Host field: without a default port, an IPv6 address in brackets.
    [[nodiscard]] std::string authority() const;
};

// Fails with Refusal::kMalformed.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

// A server alone, such as "https://oem.example:8472": no path, no slash at the end.
[[nodiscard]] bool is_server_url(std::string_view text);

struct Endpoint {
    std::string host;
    std::uint16_t port = 0;
};
// "host:port", "192.0.2.1:80" or "[2001:db8::1]:80". Fails with Refusal::kMalformed.
[[nodiscard]] Result<Endpoint> parse_endpoint(std::string_view text);

// Nothing if a '%' is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);
// Encodes all but the unreserved characters, so the result fits any path segment or query value.
[[nodiscard]] std::string percent_encode(std::string_view text);
// "a=1&b=x%20y"; '+' means a space. Nothing if an encoding is broken.
[[nodiscard]] std::optional<Parameters> parse_query(std::string_view query);

}  // namespace assay::http
