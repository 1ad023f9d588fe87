// How kernels are compiled for a device. Internal to this folder; functions throw cl::Error.

#pragma once

#include <string>

#include "host/compute/opencl/cl.hpp"

namespace assay::compute::opencl {

// The build macros of kernels/sha256.clh.
struct KernelForm {
    unsigned lanes;       // ASSAY_LANES
    unsigned group_size;  // ASSAY_GROUP_SIZE

    [[nodiscard]] unsigned lanes_per_group() const noexcept { return lanes * group_size; }
    // For the compiler; also what tells one program of a file from another in caches and binaries.
    [[nodiscard]] std::string options() const;
};

// Explicit vectors and groups of one for CPU devices, scalars and groups of 64 for others.
[[nodiscard]] KernelForm form_for(const cl::Device& device);

}  // namespace assay::compute::opencl
