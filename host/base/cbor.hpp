// Deterministic CBOR (RFC 8949, section 4.2.1), the form of every signed record.
//
// The encoder can produce nothing else. The decoder accepts nothing else: it refuses arguments that
// are not in shortest form, indefinite lengths, map keys that are not strictly ascending in bytewise
// order of their encoding, floats, undefined and other simple values, invalid UTF-8, and nesting
// deeper than 16. What was signed is always the bytes that arrived, never a re-encoding of them.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::cbor {

enum class Type : std::uint8_t { kUnsigned, kNegative, kBytes, kText, kArray, kMap, kTag, kSimple };

inline constexpr int kDepthMax = 16;

// Writes items one after another. Map keys must be written in ascending order of their encoding
// (small unsigned keys in numeric order); ASSAY_ASSERT checks nothing here, the strict decoder does.
class Encoder {
  public:
    Encoder& unsigned_int(std::uint64_t value);
    Encoder& signed_int(std::int64_t value);
    Encoder& bytes(ByteView value);
    Encoder& text(std::string_view value);
    Encoder& array(std::size_t items);  // the items follow
    Encoder& map(std::size_t pairs);    // key, value, key, value... follow
    Encoder& tag(std::uint64_t number);  // one item follows
    Encoder& boolean(bool value);
    Encoder& null();
    Encoder& encoded(ByteView item);  // an item that is encoded already

    [[nodiscard]] Bytes take() { return std::move(out_); }

  private:
    void head(Type type, std::uint64_t argument);
    Bytes out_;
};

// Reads items one after another from a view. Every read checks the type and bounds first; an error
// names what was expected at which offset. Nothing is allocated in proportion to a declared length.
class Decoder {
  public:
    explicit Decoder(ByteView input) noexcept : input_{input} {}

    [[nodiscard]] Result<Type> peek() const;
    [[nodiscard]] Result<std::uint64_t> unsigned_int();
    [[nodiscard]] Result<std::uint64_t> unsigned_int(std::uint64_t max);
    [[nodiscard]] Result<std::int64_t> signed_int();
    [[nodiscard]] Result<ByteView> bytes(std::size_t size_max);
    [[nodiscard]] Result<ByteView> bytes_exactly(std::size_t size);
    [[nodiscard]] Result<std::string_view> text(std::size_t size_max);
    [[nodiscard]] Result<std::size_t> array(std::size_t items_max);
    [[nodiscard]] Result<std::size_t> map(std::size_t pairs_max);
    [[nodiscard]] Result<std::uint64_t> tag();
    [[nodiscard]] Result<bool> boolean();
    [[nodiscard]] Result<void> null();
    // Skips one item of any kind, checking that it is deterministic throughout; returns its bytes.
    [[nodiscard]] Result<ByteView> any();

    template <typename Hash>
    [[nodiscard]] Result<Hash> hash() {
        auto raw = bytes_exactly(32);
        if (!raw) return fail(std::move(raw).error());
        return Hash::from(*raw);
    }

    [[nodiscard]] std::size_t offset() const noexcept { return offset_; }
    [[nodiscard]] bool at_end() const noexcept { return offset_ == input_.size(); }
    // Fails unless the input is used up.
    [[nodiscard]] Result<void> finish() const;

  private:
    struct Head {
        Type type;
        std::uint64_t argument;
    };
    [[nodiscard]] Result<Head> head();
    [[nodiscard]] Result<Head> head_of(Type type, std::string_view wanted);
    [[nodiscard]] Result<ByteView> string(Type type, std::string_view wanted, std::size_t size_max);
    [[nodiscard]] Result<void> skip(int depth);

    ByteView input_;
    std::size_t offset_ = 0;
};

// Walks a map with small unsigned keys, the shape of all our records. Keys must be ascending.
//
//     auto map = MapReader::open(decoder, "release", kPairsMax);
//     while (auto key = map->next()) { switch (*key) { case 1: ... } }
//     if (map->error()) ...
//
// An unknown key is the caller's to refuse: `return map.unknown_key(*key)`.
class MapReader {
  public:
    [[nodiscard]] static Result<MapReader> open(Decoder& decoder,
                                                std::string_view record,
                                                std::size_t pairs_max);
    // The next key, or nothing at the end of the map or after an error.
    [[nodiscard]] std::optional<std::uint64_t> next();
    [[nodiscard]] const std::optional<Error>& error() const noexcept { return error_; }
    [[nodiscard]] tl::unexpected<Error> unknown_key(std::uint64_t key) const;
    [[nodiscard]] tl::unexpected<Error> missing_key(std::uint64_t key) const;

  private:
    MapReader(Decoder& decoder, std::string_view record, std::size_t pairs)
        : decoder_{&decoder}, record_{record}, left_{pairs} {}
    Decoder* decoder_;
    std::string record_;
    std::size_t left_;
    std::optional<std::uint64_t> last_;
    std::optional<Error> error_;
};

// Whether `item` is exactly one deterministic item.
[[nodiscard]] Result<void> check_deterministic(ByteView item);

}  // namespace assay::cbor
