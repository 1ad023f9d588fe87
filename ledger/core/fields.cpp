#include "ledger/core/fields.hpp"

namespace assay::ledger {

Fields::Fields(cbor::Decoder& decoder, std::string_view record)
    : decoder_{&decoder}, record_{record} {
    auto map = cbor::MapReader::open(decoder, record, kPairsMax);
    if (map) {
        map_ = std::move(*map);
    } else {
        error_ = std::move(map).error();
    }
}

std::optional<std::uint64_t> Fields::next() {
    if (error_) return std::nullopt;
    const auto key = map_->next();
    if (key) {
        seen_.push_back(*key);
    } else if (map_->error()) {
        error_ = *map_->error();
    }
    return key;
}

void Fields::unknown() {
    if (!error_ && !seen_.empty()) error_ = map_->unknown_key(seen_.back()).value();
}

void Fields::refuse(Refusal word, std::string_view why) {
    if (!error_) fail_with(Error(make_error_code(word), std::string(why)));
}

std::uint64_t Fields::number(std::uint64_t max) {
    return take(decoder_->unsigned_int(max)).value_or(0);
}

std::uint64_t Fields::positive(std::uint64_t max) {
    const std::uint64_t value = number(max);
    if (value == 0) refuse(Refusal::kMalformed, "must be above 0");
    return value;
}

std::string Fields::text(std::size_t min, std::size_t max) {
    const auto view = take(decoder_->text(max));
    if (!view) return {};
    if (view->size() < min) refuse(Refusal::kMalformed, "text is too short");
    return std::string(*view);
}

Bytes Fields::bytes(std::size_t max) {
    const auto view = take(decoder_->bytes(max));
    return view ? to_bytes(*view) : Bytes{};
}

Bytes Fields::extensions(std::size_t max) {
    const auto type = take(decoder_->peek());
    if (!type) return {};
    if (*type != cbor::Type::kMap) refuse(Refusal::kMalformed, "extensions are a map");
    const auto raw = take(decoder_->any());
    if (!raw) return {};
    if (raw->size() > max) refuse(Refusal::kLimitExceeded, "extensions are too large");
    cbor::Decoder inside(*raw);
    const auto pairs = take(inside.map(max));
    for (std::size_t i = 0; !error_ && i < pairs.value_or(0); ++i) {
        if (take(inside.text(max))) take(inside.any()).has_value();
    }
    return to_bytes(*raw);
}

std::vector<std::string> Fields::texts(std::size_t max, std::size_t text_max) {
    return list(1, max, [text_max](cbor::Decoder& d) -> Result<std::string> {
        auto view = d.text(text_max);
        if (!view) return fail(std::move(view).error());
        return std::string(*view);
    });
}

void Fields::fail_with(Error error) {
    std::string where = record_;
    if (!seen_.empty()) where += " key " + std::to_string(seen_.back());
    error_ = std::move(error).within(where);
}

void Fields::require(std::initializer_list<unsigned> keys) {
    if (error_) return;
    for (const unsigned key : keys) {
        if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) continue;
        error_ = map_->missing_key(key).value();
        return;
    }
}

std::size_t Fields::count_of(std::size_t min, std::size_t max) {
    const auto count = take(decoder_->array(max));
    if (!count) return 0;
    if (*count < min) refuse(Refusal::kMalformed, "list is too short");
    return *count;
}

}  // namespace assay::ledger
