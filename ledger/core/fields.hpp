// Fields: how every record of ledger/core reads its CBOR map. Strict, bounded, and sticky: after
// the first failure every read returns an empty value and next() ends, so a decoder reads field
// after field and asks finish() once.
//
//     Fields map(decoder, "vendor-policy");
//     while (const auto key = map.next()) {
//         switch (*key) {
//             case 1: policy.vendor = map.uuid(); break;
//             default: map.unknown();
//         }
//     }
//     return map.finish(std::move(policy), {1, 2});
//
// Used by the records of ledger/core and by the device for its own state.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/cbor.hpp"
#include "ledger/core/member.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::ledger {

class Fields {
  public:
    static constexpr std::size_t kPairsMax = 32;

    Fields(cbor::Decoder& decoder, std::string_view record);

    // The next key, or nothing at the end of the map or after a failure.
    [[nodiscard]] std::optional<std::uint64_t> next();
    // Refuses the key that next() returned last.
    void unknown();
    void refuse(Refusal word, std::string_view why);

    [[nodiscard]] std::uint64_t number(std::uint64_t max = UINT64_MAX);
    [[nodiscard]] std::uint64_t positive(std::uint64_t max = UINT64_MAX);
    // An enumeration whose values are 0 to `last`.
    template <typename Enum>
    [[nodiscard]] Enum one_of(Enum last) {
        return static_cast<Enum>(number(static_cast<std::uint64_t>(last)));
    }
    [[nodiscard]] std::string text(std::size_t min, std::size_t max);
    [[nodiscard]] Bytes bytes(std::size_t max);
    template <std::size_t N>
    [[nodiscard]] std::array<std::byte, N> array() {
        std::array<std::byte, N> out{};
        if (const auto raw = take(decoder_->bytes_exactly(N))) {
            std::copy(raw->begin(), raw->end(), out.begin());
        }
        return out;
    }
    template <typename Hash>
    [[nodiscard]] Hash hash() {
        return take(decoder_->hash<Hash>()).value_or(Hash{});
    }
    [[nodiscard]] Uuid uuid() { return array<16>(); }
    [[nodiscard]] Slot slot() { return static_cast<Slot>(number(kSlotMax)); }
    [[nodiscard]] crypto::PublicKey public_key() {
        return take(decode_public_key(*decoder_)).value_or(crypto::PublicKey{});
    }
    // The bytes of a map with text keys, at most `max` of them: the extension map of a record.
    [[nodiscard]] Bytes extensions(std::size_t max);

    // An array of min to max items, each read by read(decoder), which returns a Result.
    template <typename Read>
    [[nodiscard]] auto list(std::size_t min, std::size_t max, Read read) {
        using Item = typename decltype(read(*decoder_))::value_type;
        std::vector<Item> items;
        const std::size_t count = count_of(min, max);
        for (std::size_t i = 0; i < count; ++i) {
            auto item = take(read(*decoder_));
            if (!item) break;
            items.push_back(std::move(*item));
        }
        return items;
    }
    [[nodiscard]] std::vector<std::string> texts(std::size_t max, std::size_t text_max);

    // A value that something else has read: its failure becomes ours.
    template <typename T>
    [[nodiscard]] std::optional<T> take(Result<T> result) {
        if (error_) return std::nullopt;
        if (!result) {
            fail_with(std::move(result).error());
            return std::nullopt;
        }
        return std::move(*result);
    }

    // The record, unless something failed or one of the `required` keys is missing.
    template <typename Record>
    [[nodiscard]] Result<Record> finish(Record record, std::initializer_list<unsigned> required) {
        require(required);
        if (error_) return fail(std::move(*error_));
        return record;
    }

  private:
    void fail_with(Error error);
    void require(std::initializer_list<unsigned> keys);
    std::size_t count_of(std::size_t min, std::size_t max);

    cbor::Decoder* decoder_;
    std::string record_;
    std::optional<cbor::MapReader> map_;
    std::vector<std::uint64_t> seen_;
    std::optional<Error> error_;
};

// Reads one record that is the whole input.
template <typename Read>
[[nodiscard]] auto decode_whole(ByteView input, Read read)
    -> decltype(read(std::declval<cbor::Decoder&>())) {
    cbor::Decoder decoder(input);
    auto record = read(decoder);
    if (!record) return record;
    if (auto end = decoder.finish(); !end) return fail(std::move(end).error());
    return record;
}

}  // namespace assay::ledger
