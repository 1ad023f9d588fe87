// The one place that includes OpenCL. Its C++ binding throws; OpenClEngine catches. Internal to
// this folder.

#pragma once

#define CL_HPP_ENABLE_EXCEPTIONS
#define CL_HPP_TARGET_OPENCL_VERSION 120
#define CL_HPP_MINIMUM_OPENCL_VERSION 120
#include <CL/opencl.hpp>

#include "host/base/result.hpp"

namespace assay::compute::opencl {

// Names the call that failed and its OpenCL error; for a failed build, what the compiler said.
[[nodiscard]] Error to_error(const cl::Error& error);

}  // namespace assay::compute::opencl
