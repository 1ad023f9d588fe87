#include "host/http/message.hpp"

#include <algorithm>
#include <array>

namespace assay::http {
namespace {

char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_name(std::string_view a, std::string_view b) noexcept {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return to_lower(x) == to_lower(y); });
}

// Bytes of the UTF-8 sequence (RFC 3629) that starts `text`; 0 if none does.
std::size_t utf8_sequence(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    std::size_t size = 0;
    unsigned char second_min = 0x80;
    unsigned char second_max = 0xbf;
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) size = 2;
    if (first >= 0xe0 && first <= 0xef) size = 3;
    if (first >= 0xf0 && first <= 0xf4) size = 4;
    if (size == 0 || text.size() < size) return 0;
    // Overlong forms, surrogates and what lies above U+10FFFF differ in the second byte.
    if (first == 0xe0) second_min = 0xa0;
    if (first == 0xed) second_max = 0x9f;
    if (first == 0xf0) second_min = 0x90;
    if (first == 0xf4) second_max = 0x8f;
    if (byte(1) < second_min || byte(1) > second_max) return 0;
    for (std::size_t i = 2; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    return size;
}

}  // namespace

void Headers::add(std::string name, std::string value) {
    fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
    std::erase_if(fields_, [&](const Field& field) { return same_name(field.first, name); });
    add(std::move(name), std::move(value));
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
    for (const auto& [field_name, value] : fields_) {
        if (same_name(field_name, name)) return value;
    }
    return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const noexcept {
    const auto matches = std::count_if(fields_.begin(), fields_.end(), [&](const Field& field) {
        return same_name(field.first, name);
    });
    return static_cast<std::size_t>(matches);
}

std::optional<std::string_view> find_parameter(const Parameters& parameters,
                                               std::string_view name) noexcept {
    for (const auto& [key, value] : parameters) {
        if (key == name) return value;
    }
    return std::nullopt;
}

Response::Response(unsigned status_code, std::string_view content_type, Bytes content)
    : status{status_code}, body{std::move(content)} {
    headers.set("Content-Type", std::string(content_type));
}

Response::Response(unsigned status_code, std::string_view content_type, std::string_view content)
    : Response(status_code, content_type, to_bytes(content)) {}

Response::Response(unsigned status_code, std::string_view content_type, FileRange content)
    : Response(status_code, content_type, Bytes{}) {
    file = std::move(content);
}

Response::Response(unsigned status_code, std::string_view content_type, StreamedBody content)
    : Response(status_code, content_type, Bytes{}) {
    streamed = std::move(content);
}

Response problem(unsigned status, std::string_view word, std::string_view detail) {
    std::string json = "{\"type\":" + json_quote("/problems/" + std::string(word));
    json += ",\"title\":" + json_quote(reason_phrase(status));
    json += ",\"status\":" + std::to_string(status);
    json += ",\"detail\":" + json_quote(detail);
    json += ",\"word\":" + json_quote(word) + "}\n";
    return {status, "application/problem+json", std::string_view(json)};
}

Response problem(unsigned status, Refusal word, std::string_view detail) {
    return problem(status, to_word(word), detail);
}

Response problem(unsigned status, const Error& error) {
    const auto refusal = refusal_of(error.code());
    return problem(status, refusal ? to_word(*refusal) : "internal-error", error.context());
}

std::string_view reason_phrase(unsigned status) noexcept {
    struct Phrase {
        unsigned status;
        std::string_view text;
    };
    static constexpr std::array kPhrases{
        Phrase{100, "Continue"},
        Phrase{200, "OK"},
        Phrase{201, "Created"},
        Phrase{202, "Accepted"},
        Phrase{204, "No Content"},
        Phrase{206, "Partial Content"},
        Phrase{304, "Not Modified"},
        Phrase{400, "Bad Request"},
        Phrase{401, "Unauthorized"},
        Phrase{403, "Forbidden"},
        Phrase{404, "Not Found"},
        Phrase{405, "Method Not Allowed"},
        Phrase{406, "Not Acceptable"},
        Phrase{408, "Request Timeout"},
        Phrase{409, "Conflict"},
        Phrase{410, "Gone"},
        Phrase{411, "Length Required"},
        Phrase{412, "Precondition Failed"},
        Phrase{413, "Content Too Large"},
        Phrase{415, "Unsupported Media Type"},
        Phrase{416, "Range Not Satisfiable"},
        Phrase{417, "Expectation Failed"},
        Phrase{422, "Unprocessable Content"},
        Phrase{423, "Locked"},
        Phrase{428, "Precondition Required"},
        Phrase{429, "Too Many Requests"},
        Phrase{431, "Request Header Fields Too Large"},
        Phrase{500, "Internal Server Error"},
        Phrase{501, "Not Implemented"},
        Phrase{502, "Bad Gateway"},
        Phrase{503, "Service Unavailable"},
        Phrase{504, "Gateway Timeout"},
        Phrase{505, "HTTP Version Not Supported"},
        Phrase{507, "Insufficient Storage"},
    };
    for (const Phrase& phrase : kPhrases) {
        if (phrase.status == status) return phrase.text;
    }
    return "Unknown";
}

std::string json_quote(std::string_view text) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::string out = "\"";
    while (!text.empty()) {
        const char c = text.front();
        std::size_t size = 1;
        if (c == '"' || c == '\\') {
            out += '\\';
            out += c;
        } else if (const auto code = static_cast<unsigned char>(c); code < 0x20 || code == 0x7f) {
            out += "\\u00";
            out += kDigits[code >> 4];
            out += kDigits[code & 15];
        } else if ((size = utf8_sequence(text)) != 0) {
            out += text.substr(0, size);
        } else {
            out += "\\ufffd";
            size = 1;
        }
        text.remove_prefix(size);
    }
    return out += '"';
}

}  // namespace assay::http
