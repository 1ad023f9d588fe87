// Bounded little-endian reading and writing: headers, coinbases, blocks, peer frames.
//
// Reader never reads past its view. After the first short read it stays failed and returns zeros, so
// a decoder reads all its fields and asks `done()` once at the end.

#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

#include "host/base/bytes.hpp"

namespace assay {

class Reader {
  public:
    explicit Reader(ByteView view) noexcept : rest_{view} {}

    template <std::unsigned_integral T>
    [[nodiscard]] T le() noexcept {
        const ByteView raw = bytes(sizeof(T));
        T value = 0;
        for (std::size_t i = 0; i < raw.size(); ++i) {
            value = static_cast<T>(value | static_cast<T>(std::to_integer<T>(raw[i]) << (8 * i)));
        }
        return value;
    }
    [[nodiscard]] std::uint8_t u8() noexcept { return le<std::uint8_t>(); }
    [[nodiscard]] std::uint16_t u16() noexcept { return le<std::uint16_t>(); }
    [[nodiscard]] std::uint32_t u32() noexcept { return le<std::uint32_t>(); }
    [[nodiscard]] std::uint64_t u64() noexcept { return le<std::uint64_t>(); }

    // The next `count` bytes as a view of the input; empty and failed if there are fewer.
    [[nodiscard]] ByteView bytes(std::size_t count) noexcept {
        if (failed_ || count > rest_.size()) {
            failed_ = true;
            return {};
        }
        const ByteView taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    template <typename Hash>
    [[nodiscard]] Hash hash() noexcept {
        const ByteView raw = bytes(32);
        return raw.size() == 32 ? Hash::from(raw) : Hash{};
    }

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    [[nodiscard]] ByteView rest() const noexcept { return rest_; }
    // Every byte was read and none was missing.
    [[nodiscard]] bool done() const noexcept { return !failed_ && rest_.empty(); }

  private:
    ByteView rest_;
    bool failed_ = false;
};

class Writer {
  public:
    template <std::unsigned_integral T>
    Writer& le(T value) {
        for (std::size_t i = 0; i < sizeof(T); ++i) {
            out_.push_back(static_cast<std::byte>((value >> (8 * i)) & 0xff));
        }
        return *this;
    }
    Writer& u8(std::uint8_t value) { return le(value); }
    Writer& u16(std::uint16_t value) { return le(value); }
    Writer& u32(std::uint32_t value) { return le(value); }
    Writer& u64(std::uint64_t value) { return le(value); }
    Writer& bytes(ByteView view) {
        append(out_, view);
        return *this;
    }

    [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
    [[nodiscard]] Bytes take() { return std::move(out_); }

  private:
    Bytes out_;
};

}  // namespace assay
