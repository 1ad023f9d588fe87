// The failure of the system call before, as an Error.

#pragma once

#include <cerrno>
#include <string>
#include <system_error>

#include "host/base/result.hpp"

namespace assay {

[[nodiscard]] inline tl::unexpected<Error> fail_by_errno(std::string context) {
    return fail(std::error_code(errno, std::generic_category()), std::move(context));
}

}  // namespace assay
