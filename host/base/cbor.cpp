#include "host/base/cbor.hpp"

#include <algorithm>

namespace assay::cbor {
namespace {

constexpr std::uint8_t kFalse = 20;
constexpr std::uint8_t kTrue = 21;
constexpr std::uint8_t kNull = 22;

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        const auto lead = static_cast<unsigned char>(text[i]);
        std::size_t more = 0;
        unsigned low = 0x80;
        unsigned high = 0xbf;
        if (lead < 0x80) {
            ++i;
            continue;
        }
        if (lead >= 0xc2 && lead <= 0xdf) {
            more = 1;
        } else if (lead >= 0xe0 && lead <= 0xef) {
            more = 2;
            if (lead == 0xe0) low = 0xa0;
            if (lead == 0xed) high = 0x9f;
        } else if (lead >= 0xf0 && lead <= 0xf4) {
            more = 3;
            if (lead == 0xf0) low = 0x90;
            if (lead == 0xf4) high = 0x8f;
        } else {
            return false;
        }
        if (text.size() - i <= more) return false;
        for (std::size_t k = 1; k <= more; ++k) {
            const auto byte = static_cast<unsigned char>(text[i + k]);
            if (byte < low || byte > high) return false;
            low = 0x80;
            high = 0xbf;
        }
        i += more + 1;
    }
    return true;
}

std::string at(std::size_t offset, std::string_view what) {
    return std::string(what) + " at offset " + std::to_string(offset);
}

}  // namespace

void Encoder::head(Type type, std::uint64_t argument) {
    const auto major = static_cast<std::uint8_t>(static_cast<unsigned>(type) << 5);
    const auto put = [this](std::uint64_t value) { out_.push_back(static_cast<std::byte>(value)); };
    if (argument < 24) {
        put(major | argument);
        return;
    }
    int width = 8;
    std::uint8_t info = 27;
    if (argument <= 0xff) {
        width = 1;
        info = 24;
    } else if (argument <= 0xffff) {
        width = 2;
        info = 25;
    } else if (argument <= 0xffffffff) {
        width = 4;
        info = 26;
    }
    put(static_cast<std::uint64_t>(major) | info);
    for (int i = width - 1; i >= 0; --i) put(argument >> (8 * i) & 0xff);
}

Encoder& Encoder::unsigned_int(std::uint64_t value) {
    head(Type::kUnsigned, value);
    return *this;
}
Encoder& Encoder::signed_int(std::int64_t value) {
    if (value >= 0) {
        head(Type::kUnsigned, static_cast<std::uint64_t>(value));
    } else {
        head(Type::kNegative, static_cast<std::uint64_t>(-(value + 1)));
    }
    return *this;
}
Encoder& Encoder::bytes(ByteView value) {
    head(Type::kBytes, value.size());
    append(out_, value);
    return *this;
}
Encoder& Encoder::text(std::string_view value) {
    head(Type::kText, value.size());
    append(out_, as_bytes(value));
    return *this;
}
Encoder& Encoder::array(std::size_t items) {
    head(Type::kArray, items);
    return *this;
}
Encoder& Encoder::map(std::size_t pairs) {
    head(Type::kMap, pairs);
    return *this;
}
Encoder& Encoder::tag(std::uint64_t number) {
    head(Type::kTag, number);
    return *this;
}
Encoder& Encoder::boolean(bool value) {
    head(Type::kSimple, value ? kTrue : kFalse);
    return *this;
}
Encoder& Encoder::null() {
    head(Type::kSimple, kNull);
    return *this;
}
Encoder& Encoder::encoded(ByteView item) {
    append(out_, item);
    return *this;
}

Result<Decoder::Head> Decoder::head() {
    if (at_end()) return fail(Refusal::kMalformed, at(offset_, "CBOR ends early"));
    const auto first = std::to_integer<std::uint8_t>(input_[offset_]);
    const auto type = static_cast<Type>(first >> 5);
    const std::uint8_t info = first & 31;
    if (info < 24) {
        ++offset_;
        return Head{type, info};
    }
    if (type == Type::kSimple) {
        return fail(Refusal::kMalformed, at(offset_, "CBOR float or reserved simple value"));
    }
    if (info > 27) {
        return fail(Refusal::kMalformed, at(offset_, "CBOR indefinite length or reserved value"));
    }
    const std::size_t width = std::size_t{1} << (info - 24);
    if (input_.size() - offset_ - 1 < width) {
        return fail(Refusal::kMalformed, at(offset_, "CBOR ends early"));
    }
    std::uint64_t argument = 0;
    for (std::size_t i = 1; i <= width; ++i) {
        argument = argument << 8 | std::to_integer<std::uint64_t>(input_[offset_ + i]);
    }
    const std::uint64_t least = width == 1 ? 24 : std::uint64_t{1} << (4 * width);
    if (argument < least) {
        return fail(Refusal::kMalformed, at(offset_, "CBOR number not in shortest form"));
    }
    offset_ += 1 + width;
    return Head{type, argument};
}

Result<Decoder::Head> Decoder::head_of(Type type, std::string_view wanted) {
    const std::size_t start = offset_;
    auto found = head();
    if (!found) return found;
    if (found->type != type) {
        offset_ = start;
        return fail(Refusal::kMalformed, at(start, "expected " + std::string(wanted)));
    }
    return found;
}

Result<Type> Decoder::peek() const {
    if (at_end()) return fail(Refusal::kMalformed, at(offset_, "CBOR ends early"));
    return static_cast<Type>(std::to_integer<std::uint8_t>(input_[offset_]) >> 5);
}

Result<std::uint64_t> Decoder::unsigned_int() {
    auto found = head_of(Type::kUnsigned, "an unsigned integer");
    if (!found) return fail(std::move(found).error());
    return found->argument;
}

Result<std::uint64_t> Decoder::unsigned_int(std::uint64_t max) {
    const std::size_t start = offset_;
    auto value = unsigned_int();
    if (value && *value > max) {
        return fail(Refusal::kLimitExceeded,
                    at(start, std::to_string(*value) + " is above " + std::to_string(max)));
    }
    return value;
}

Result<std::int64_t> Decoder::signed_int() {
    const std::size_t start = offset_;
    auto found = head();
    if (!found) return fail(std::move(found).error());
    const bool fits = found->argument <= static_cast<std::uint64_t>(INT64_MAX);
    if (found->type == Type::kUnsigned && fits) return static_cast<std::int64_t>(found->argument);
    if (found->type == Type::kNegative && fits) {
        return -1 - static_cast<std::int64_t>(found->argument);
    }
    return fail(Refusal::kMalformed, at(start, "expected a 64-bit integer"));
}

Result<ByteView> Decoder::string(Type type, std::string_view wanted, std::size_t size_max) {
    const std::size_t start = offset_;
    auto found = head_of(type, wanted);
    if (!found) return fail(std::move(found).error());
    if (found->argument > size_max) {
        return fail(Refusal::kLimitExceeded,
                    at(start, std::string(wanted) + " of " + std::to_string(found->argument) +
                                  " bytes, at most " + std::to_string(size_max)));
    }
    const auto size = static_cast<std::size_t>(found->argument);
    if (size > input_.size() - offset_) {
        return fail(Refusal::kMalformed, at(start, std::string(wanted) + " ends early"));
    }
    const ByteView value = input_.subspan(offset_, size);
    offset_ += size;
    return value;
}

Result<ByteView> Decoder::bytes(std::size_t size_max) {
    return string(Type::kBytes, "a byte string", size_max);
}

Result<ByteView> Decoder::bytes_exactly(std::size_t size) {
    const std::size_t start = offset_;
    auto value = bytes(size);
    if (value && value->size() != size) {
        return fail(Refusal::kMalformed,
                    at(start, "expected " + std::to_string(size) + " bytes, found " +
                                  std::to_string(value->size())));
    }
    return value;
}

Result<std::string_view> Decoder::text(std::size_t size_max) {
    const std::size_t start = offset_;
    auto raw = string(Type::kText, "a text string", size_max);
    if (!raw) return fail(std::move(raw).error());
    if (!is_utf8(as_text(*raw))) return fail(Refusal::kMalformed, at(start, "text is not UTF-8"));
    return as_text(*raw);
}

Result<std::size_t> Decoder::array(std::size_t items_max) {
    const std::size_t start = offset_;
    auto found = head_of(Type::kArray, "an array");
    if (!found) return fail(std::move(found).error());
    if (found->argument > items_max) {
        return fail(Refusal::kLimitExceeded,
                    at(start, "array of " + std::to_string(found->argument) + " items, at most " +
                                  std::to_string(items_max)));
    }
    return static_cast<std::size_t>(found->argument);
}

Result<std::size_t> Decoder::map(std::size_t pairs_max) {
    const std::size_t start = offset_;
    auto found = head_of(Type::kMap, "a map");
    if (!found) return fail(std::move(found).error());
    if (found->argument > pairs_max) {
        return fail(Refusal::kLimitExceeded,
                    at(start, "map of " + std::to_string(found->argument) + " pairs, at most " +
                                  std::to_string(pairs_max)));
    }
    return static_cast<std::size_t>(found->argument);
}

Result<std::uint64_t> Decoder::tag() {
    auto found = head_of(Type::kTag, "a tag");
    if (!found) return fail(std::move(found).error());
    return found->argument;
}

Result<bool> Decoder::boolean() {
    const std::size_t start = offset_;
    auto found = head_of(Type::kSimple, "a boolean");
    if (!found) return fail(std::move(found).error());
    if (found->argument != kFalse && found->argument != kTrue) {
        return fail(Refusal::kMalformed, at(start, "expected a boolean"));
    }
    return found->argument == kTrue;
}

Result<void> Decoder::null() {
    const std::size_t start = offset_;
    auto found = head_of(Type::kSimple, "null");
    if (!found) return fail(std::move(found).error());
    if (found->argument != kNull) return fail(Refusal::kMalformed, at(start, "expected null"));
    return {};
}

Result<void> Decoder::skip(int depth) {
    if (depth > kDepthMax) return fail(Refusal::kLimitExceeded, at(offset_, "CBOR nests too deep"));
    const std::size_t start = offset_;
    auto type = peek();
    if (!type) return fail(std::move(type).error());
    switch (*type) {
        case Type::kBytes: {
            auto value = bytes(input_.size());
            if (!value) return fail(std::move(value).error());
            return {};
        }
        case Type::kText: {
            auto value = text(input_.size());
            if (!value) return fail(std::move(value).error());
            return {};
        }
        case Type::kArray: {
            auto items = array(input_.size());  // each item takes a byte at least
            if (!items) return fail(std::move(items).error());
            for (std::size_t i = 0; i < *items; ++i) {
                if (auto item = skip(depth + 1); !item) return item;
            }
            return {};
        }
        case Type::kMap: {
            auto pairs = map(input_.size());
            if (!pairs) return fail(std::move(pairs).error());
            ByteView last;
            for (std::size_t i = 0; i < *pairs; ++i) {
                const std::size_t key_start = offset_;
                if (auto key = skip(depth + 1); !key) return key;
                const ByteView key = input_.subspan(key_start, offset_ - key_start);
                if (i > 0 && !std::lexicographical_compare(last.begin(), last.end(), key.begin(),
                                                           key.end())) {
                    return fail(Refusal::kMalformed,
                                at(key_start, "map keys not in ascending order"));
                }
                last = key;
                if (auto value = skip(depth + 1); !value) return value;
            }
            return {};
        }
        case Type::kTag: {
            auto number = tag();
            if (!number) return fail(std::move(number).error());
            return skip(depth + 1);
        }
        case Type::kSimple: {
            auto found = head();
            if (!found) return fail(std::move(found).error());
            if (found->argument < kFalse || found->argument > kNull) {
                return fail(Refusal::kMalformed, at(start, "CBOR simple value not allowed"));
            }
            return {};
        }
        case Type::kUnsigned:
        case Type::kNegative: {
            auto found = head();
            if (!found) return fail(std::move(found).error());
            return {};
        }
    }
    return fail(Refusal::kMalformed, at(start, "CBOR item"));
}

Result<ByteView> Decoder::any() {
    const std::size_t start = offset_;
    if (auto skipped = skip(0); !skipped) return fail(std::move(skipped).error());
    return input_.subspan(start, offset_ - start);
}

Result<void> Decoder::finish() const {
    if (!at_end()) return fail(Refusal::kMalformed, at(offset_, "bytes after the end"));
    return {};
}

Result<MapReader> MapReader::open(Decoder& decoder, std::string_view record, std::size_t pairs_max) {
    auto pairs = decoder.map(pairs_max);
    if (!pairs) return fail(std::move(pairs).error().within(record));
    return MapReader(decoder, record, *pairs);
}

std::optional<std::uint64_t> MapReader::next() {
    if (left_ == 0 || error_) return std::nullopt;
    --left_;
    auto key = decoder_->unsigned_int();
    if (!key) {
        error_ = std::move(key).error().within(record_ + " key");
        return std::nullopt;
    }
    if (last_ && *key <= *last_) {
        error_ = Error(make_error_code(Refusal::kMalformed),
                       record_ + ": keys not in ascending order at key " + std::to_string(*key));
        return std::nullopt;
    }
    last_ = *key;
    return *key;
}

tl::unexpected<Error> MapReader::unknown_key(std::uint64_t key) const {
    return fail(Refusal::kMalformed, record_ + ": unknown key " + std::to_string(key));
}

tl::unexpected<Error> MapReader::missing_key(std::uint64_t key) const {
    return fail(Refusal::kMalformed, record_ + ": key " + std::to_string(key) + " is missing");
}

Result<void> check_deterministic(ByteView item) {
    Decoder decoder(item);
    if (auto found = decoder.any(); !found) return fail(std::move(found).error());
    return decoder.finish();
}

}  // namespace assay::cbor
