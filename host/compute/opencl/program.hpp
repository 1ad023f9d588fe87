// Kernels for one device, from the embedded sources. Internal to this folder; functions throw
// cl::Error.

#pragma once

#include <string>
#include <string_view>

#include "host/compute/opencl/cl.hpp"

namespace assay::compute::opencl {

// How kernels are compiled for a device (kernels/sha256.clh).
struct KernelForm {
    unsigned lanes;       // ASSAY_LANES
    unsigned group_size;  // ASSAY_GROUP_SIZE

    [[nodiscard]] unsigned lanes_per_group() const noexcept { return lanes * group_size; }
};

// Explicit vectors and groups of one for CPU devices, scalars and groups of 64 for others.
[[nodiscard]] KernelForm form_for(const cl::Device& device);

// The embedded file with its #include lines replaced by what they name, each file once: a program
// at run time has no source tree to include from. Precondition: both are embedded.
[[nodiscard]] std::string expanded_source(std::string_view file);

// The kernel `name` of the file `name`.cl.
[[nodiscard]] cl::Kernel build_kernel(const cl::Context& context,
                                      const cl::Device& device,
                                      const KernelForm& form,
                                      const std::string& name);

}  // namespace assay::compute::opencl
