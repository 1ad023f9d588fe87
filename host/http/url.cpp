#include "host/http/url.hpp"

#include <algorithm>
#include <charconv>

namespace assay::http {
namespace {

constexpr std::size_t kUrlBytesMax = 8 * 1024;
constexpr std::size_t kHostBytesMax = 253;  // RFC 1035

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_unreserved(char c) noexcept {
    return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}
int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_reg_name(std::string_view host) noexcept {
    return !host.empty() && host.size() <= kHostBytesMax &&
           std::all_of(host.begin(), host.end(), [](char c) {
               return is_letter(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
           });
}

bool is_ipv6(std::string_view host) noexcept {
    return host.size() >= 2 && host.size() <= 45 && host.find(':') != std::string_view::npos &&
           std::all_of(host.begin(), host.end(),
                       [](char c) { return hex_value(c) >= 0 || c == ':' || c == '.'; });
}

// RFC 3986: pchar, '/' and '?'; percent-encodings are checked apart.
bool is_target_character(char c) noexcept {
    return is_unreserved(c) ||
           std::string_view("!$&'()*+,;=:@/?%").find(c) != std::string_view::npos;
}

std::optional<std::uint16_t> parse_port(std::string_view text) noexcept {
    std::uint16_t port = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

struct Authority {
    std::string host;
    std::optional<std::uint16_t> port;
};

std::optional<Authority> parse_authority(std::string_view text) {
    Authority out;
    std::string_view rest;
    if (text.starts_with('[')) {
        const std::size_t close = text.find(']');
        if (close == std::string_view::npos) return std::nullopt;
        out.host = std::string(text.substr(1, close - 1));
        rest = text.substr(close + 1);
        if (!is_ipv6(out.host)) return std::nullopt;
    } else {
        const std::size_t colon = std::min(text.find(':'), text.size());
        out.host = std::string(text.substr(0, colon));
        rest = text.substr(colon);
        if (!is_reg_name(out.host)) return std::nullopt;
    }
    std::transform(out.host.begin(), out.host.end(), out.host.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    if (rest.empty()) return out;
    if (!rest.starts_with(':')) return std::nullopt;
    out.port = parse_port(rest.substr(1));
    if (!out.port) return std::nullopt;
    return out;
}

tl::unexpected<Error> bad_url(std::string_view text, std::string_view why) {
    return fail(Refusal::kMalformed,
                "URL '" + std::string(text.substr(0, 200)) + "': " + std::string(why));
}

}  // namespace

std::string Url::authority() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

Result<Url> parse_url(std::string_view text) {
    if (text.size() > kUrlBytesMax) return bad_url(text, "too long");
    Url url;
    std::string_view rest = text;
    if (text.starts_with("https://")) {
        url.tls = true;
        rest.remove_prefix(8);
    } else if (text.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return bad_url(text, "must begin with http:// or https://");
    }
    const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
    auto authority = parse_authority(rest.substr(0, end));
    if (!authority || authority->port == 0) return bad_url(text, "host or port is not valid");
    url.host = std::move(authority->host);
    url.port = authority->port.value_or(url.tls ? 443 : 80);

    rest.remove_prefix(end);
    if (!std::all_of(rest.begin(), rest.end(), is_target_character) || !percent_decode(rest)) {
        return bad_url(text, "path or query has characters that must be percent-encoded");
    }
    if (!rest.starts_with('/')) url.target = "/";
    url.target += rest;
    return url;
}

bool is_server_url(std::string_view text) {
    const auto url = parse_url(text);
    return url && url->target == "/" && !text.ends_with('/');
}

Result<Endpoint> parse_endpoint(std::string_view text) {
    auto authority = parse_authority(text);
    if (!authority || !authority->port) {
        return fail(Refusal::kMalformed,
                    "address '" + std::string(text.substr(0, 200)) + "': expected host:port");
    }
    return Endpoint{std::move(authority->host), *authority->port};
}

std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        if (text.size() - i < 3) return std::nullopt;
        const int high = hex_value(text[i + 1]);
        const int low = hex_value(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string out;
    for (const char c : text) {
        if (is_unreserved(c)) {
            out += c;
            continue;
        }
        const auto code = static_cast<unsigned char>(c);
        out += '%';
        out += kDigits[code >> 4];
        out += kDigits[code & 15];
    }
    return out;
}

std::optional<Parameters> parse_query(std::string_view query) {
    Parameters out;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        std::string pair(query.substr(0, end));
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        std::replace(pair.begin(), pair.end(), '+', ' ');
        const std::size_t equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(std::string_view(pair).substr(0, equals));
        auto value =
            percent_decode(std::string_view(pair).substr(std::min(equals + 1, pair.size())));
        if (!name || !value) return std::nullopt;
        out.emplace_back(std::move(*name), std::move(*value));
    }
    return out;
}

}  // namespace assay::http
