// The text of a program, from the embedded files of kernels/. Internal to this folder.

#pragma once

#include <string>
#include <string_view>

namespace assay::compute::opencl {

// The embedded file with its #include lines replaced by what they name, each file once: a program
// at run time has no source tree to include from. Precondition: both are embedded.
[[nodiscard]] std::string expanded_source(std::string_view file);

}  // namespace assay::compute::opencl
