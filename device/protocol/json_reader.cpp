#include "device/protocol/json_reader.hpp"

#include <boost/json/parse.hpp>

#include "host/base/text_encoding.hpp"

namespace assay::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t kDepthMax = 4;

}  // namespace

JsonReader::JsonReader(std::string_view text, std::string_view message, std::size_t bytes_max)
    : message_{message} {
    if (text.size() > bytes_max) {
        error_ = Error(make_error_code(Refusal::kLimitExceeded), message_ + " is too large");
        return;
    }
    json::parse_options options;
    options.max_depth = kDepthMax;
    json::error_code code;
    json::value value = json::parse({text.data(), text.size()}, code, {}, options);
    if (code || !value.is_object()) {
        error_ = Error(make_error_code(Refusal::kMalformed), message_ + " is not a JSON object");
        return;
    }
    object_ = std::move(value.as_object());
}

std::uint64_t JsonReader::number(std::string_view name, std::uint64_t max) {
    const json::value* value = member(name);
    if (value == nullptr) return 0;
    json::error_code code;
    const auto number = value->to_number<std::uint64_t>(code);
    if (code || value->is_double() || number > max) {
        refuse(name, "is not a whole number up to " + std::to_string(max));
        return 0;
    }
    return number;
}

std::string JsonReader::text(std::string_view name, std::size_t max) {
    const json::value* value = member(name);
    if (value == nullptr) return {};
    const json::string* text = value->if_string();
    if (text == nullptr || text->size() > max) {
        refuse(name, "is not a text of at most " + std::to_string(max) + " bytes");
        return {};
    }
    return std::string(text->data(), text->size());
}

bool JsonReader::boolean(std::string_view name) {
    const json::value* value = member(name);
    if (value == nullptr) return false;
    if (!value->is_bool()) refuse(name, "is neither true nor false");
    return value->is_bool() && value->get_bool();
}

std::optional<json::object> JsonReader::object_or_null(std::string_view name) {
    const json::value* value = member(name);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (!value->is_object()) {
        refuse(name, "is neither null nor an object");
        return std::nullopt;
    }
    return value->get_object();
}

std::vector<std::string> JsonReader::optional_texts(std::string_view name, std::size_t max) {
    std::vector<std::string> out;
    if (!has(name)) return out;
    const json::value* value = member(name);
    if (value == nullptr) return out;
    if (!value->is_array() || value->get_array().size() > max) {
        refuse(name, "is not an array of at most " + std::to_string(max) + " texts");
        return out;
    }
    for (const json::value& item : value->get_array()) {
        if (!item.is_string()) {
            refuse(name, "holds something that is not a text");
            return out;
        }
        out.emplace_back(item.get_string().data(), item.get_string().size());
    }
    return out;
}

void JsonReader::refuse(std::string_view name, std::string_view why) {
    if (error_) return;
    error_ = Error(make_error_code(Refusal::kMalformed),
                   message_ + ": " + std::string(name) + " " + std::string(why));
}

const json::value* JsonReader::member(std::string_view name) {
    if (error_) return nullptr;
    read_.emplace(name);
    const json::value* value = object_.if_contains(name);
    if (value == nullptr) refuse(name, "is missing");
    return value;
}

Bytes JsonReader::hex_bytes(std::string_view name, std::size_t bytes) {
    const auto raw = from_hex(text(name, 2 * bytes));
    if (raw && raw->size() == bytes) return *raw;
    refuse(name, "is not " + std::to_string(2 * bytes) + " hexadecimal digits");
    return {};
}

void JsonReader::check_all_read() {
    for (const auto& item : object_) {
        const std::string_view name(item.key().data(), item.key().size());
        if (!read_.contains(name)) refuse(name, "is not known");
    }
}

}  // namespace assay::protocol
