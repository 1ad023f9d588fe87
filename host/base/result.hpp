// Result<T>: the value of an operation, or the reason why there is none.
//
// Every function that can fail for a reason outside the program (peer, disk, clock, device) returns
// a Result. Exceptions stay inside the translation unit that talks to a throwing library.
// Broken invariants are bugs, not errors: ASSAY_ASSERT stops the process in every build type.

#pragma once

#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <tl/expected.hpp>

#include "host/base/refusal.hpp"

namespace assay {

class Error {
  public:
    // A constructor on purpose: g++ 12 destroys brace-built aggregates twice inside co_await
    // expressions (docs/style.md, "Coroutines").
    Error(std::error_code code, std::string context) : code_{code}, context_{std::move(context)} {}

    [[nodiscard]] const std::error_code& code() const noexcept { return code_; }
    [[nodiscard]] const std::string& context() const noexcept { return context_; }
    [[nodiscard]] std::string to_string() const { return context_ + ": " + code_.message(); }

    // The refusal word's enumerator, if this error is a refusal.
    [[nodiscard]] bool is(Refusal word) const noexcept { return code_ == make_error_code(word); }
    [[nodiscard]] bool is(std::errc code) const noexcept { return code_ == code; }

    // The same error seen from one level up: "open slot B" + ": " + "permission denied".
    [[nodiscard]] Error within(std::string_view outer) && {
        context_.insert(0, std::string(outer) + ": ");
        return std::move(*this);
    }

  private:
    std::error_code code_;
    std::string context_;
};

template <typename T>
using Result = tl::expected<T, Error>;

[[nodiscard]] inline tl::unexpected<Error> fail(std::error_code code, std::string context) {
    return tl::unexpected<Error>(Error(code, std::move(context)));
}
[[nodiscard]] inline tl::unexpected<Error> fail(std::errc code, std::string context) {
    return fail(std::make_error_code(code), std::move(context));
}
[[nodiscard]] inline tl::unexpected<Error> fail(Refusal word, std::string context) {
    return fail(make_error_code(word), std::move(context));
}
// Hands an error up one level: `if (!x) return fail(std::move(x).error().within("read header"));`
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

}  // namespace assay
