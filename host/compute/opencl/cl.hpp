// The one place that includes OpenCL. Its C++ binding throws; OpenClEngine catches. Internal to
// this folder.

#pragma once

#define CL_HPP_ENABLE_EXCEPTIONS
#define CL_HPP_TARGET_OPENCL_VERSION 120
#define CL_HPP_MINIMUM_OPENCL_VERSION 120
#include <exception>

#include <CL/opencl.hpp>

#include "host/base/result.hpp"

namespace assay::compute::opencl {

// Names the call that failed and its OpenCL error; for a failed build, what the compiler said.
[[nodiscard]] Error to_error(const cl::Error& error);

// An error of ours on its way through code that throws.
class EngineFailure final : public std::exception {
  public:
    explicit EngineFailure(Error error) : error_{std::move(error)} {}
    [[nodiscard]] const Error& error() const noexcept { return error_; }
    [[nodiscard]] const char* what() const noexcept override { return error_.context().c_str(); }

  private:
    Error error_;
};

}  // namespace assay::compute::opencl
