// JsonReader: how messages are read from JSON. Strict, and sticky as ledger::Fields is: after the
// first failure every read returns an empty value, and finish() reports it.
//
// Used inside device/protocol only.

#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::protocol {

class JsonReader {
  public:
    // The text must be one object of at most `bytes_max`, nested at most 4 deep.
    JsonReader(std::string_view text, std::string_view message, std::size_t bytes_max);
    JsonReader(boost::json::object object, std::string_view message)
        : message_{message}, object_{std::move(object)} {}

    // The member must be there, unless the function says otherwise.
    [[nodiscard]] std::uint64_t number(std::string_view name, std::uint64_t max);
    [[nodiscard]] std::string text(std::string_view name, std::size_t max);
    [[nodiscard]] bool boolean(std::string_view name);
    template <std::size_t N>
    [[nodiscard]] std::array<std::byte, N> hex(std::string_view name) {
        std::array<std::byte, N> out{};
        const Bytes raw = hex_bytes(name, N);
        std::copy(raw.begin(), raw.end(), out.begin());
        return out;
    }
    template <typename Hash>
    [[nodiscard]] Hash hash(std::string_view name) {
        Hash out;
        out.bytes = hex<32>(name);
        return out;
    }
    // Nothing if the member is null.
    [[nodiscard]] std::optional<boost::json::object> object_or_null(std::string_view name);
    // Nothing if the member is not there; it must be an array of texts.
    [[nodiscard]] std::vector<std::string> optional_texts(std::string_view name, std::size_t max);
    [[nodiscard]] bool has(std::string_view name) const { return object_.contains(name); }

    void refuse(std::string_view name, std::string_view why);

    template <typename T>
    [[nodiscard]] Result<T> finish(T value) {
        check_all_read();
        if (error_) return fail(std::move(*error_));
        return value;
    }

  private:
    const boost::json::value* member(std::string_view name);
    Bytes hex_bytes(std::string_view name, std::size_t bytes);
    void check_all_read();

    std::string message_;
    boost::json::object object_;
    std::set<std::string, std::less<>> read_;
    std::optional<Error> error_;
};

}  // namespace assay::protocol
