// Reading what a rule set has written into its own state: an array of a known size. Anything that
// does not read is damage of the store; the reader then gives empty values and is_good() is false.
// Used by the state files of ledger/core.

#pragma once

#include <algorithm>
#include <array>
#include <string>

#include "host/base/cbor.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline void append_big_endian(Bytes& out, std::uint64_t number) {
    for (int shift = 56; shift >= 0; shift -= 8) {
        out.push_back(static_cast<std::byte>((number >> shift) & 0xff));
    }
}

class StateValue {
  public:
    StateValue(ByteView bytes, std::size_t items) : in_{bytes} {
        const auto found = in_.array(items);
        good_ = found && *found == items;
    }

    [[nodiscard]] std::uint64_t number() { return take(in_.unsigned_int()); }
    template <typename Hash>
    [[nodiscard]] Hash hash() {
        return take(in_.hash<Hash>());
    }
    [[nodiscard]] Bytes bytes() { return to_bytes(take(in_.bytes(kBytesMax))); }
    [[nodiscard]] std::string text() { return std::string(take(in_.text(kBytesMax))); }
    template <std::size_t N>
    [[nodiscard]] std::array<std::byte, N> array() {
        std::array<std::byte, N> out{};
        if (const auto raw = in_.bytes_exactly(N); raw && good_) {
            std::ranges::copy(*raw, out.begin());
        } else {
            good_ = false;
        }
        return out;
    }
    // The size of a list that follows; 0 once something has failed.
    [[nodiscard]] std::size_t list(std::size_t max) { return take(in_.array(max)); }

    [[nodiscard]] bool is_good() const noexcept { return good_; }

  private:
    static constexpr std::size_t kBytesMax = 65'535;

    template <typename T>
    T take(const Result<T>& result) {
        good_ = good_ && result.has_value();
        return good_ ? *result : T{};
    }

    cbor::Decoder in_;
    bool good_ = false;
};

}  // namespace assay::ledger
