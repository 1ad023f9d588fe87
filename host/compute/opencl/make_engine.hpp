// How discovery makes an engine of a device. Internal to this folder.

#pragma once

#include <memory>

#include "host/compute/opencl/device_line.hpp"
#include "host/compute/opencl/opencl_engine.hpp"

namespace assay::compute::opencl {

[[nodiscard]] std::unique_ptr<OpenClEngine> make_engine(LineParts parts, bool on_cpu);

}  // namespace assay::compute::opencl
