// How kernels are compiled for a device. Internal to this folder; functions throw cl::Error.

#pragma once

#include <string>
#include <string_view>

#include "host/compute/opencl/cl.hpp"

namespace assay::compute::opencl {

// The build macros of kernels/sha256.clh.
struct KernelForm {
    unsigned lanes;         // ASSAY_LANES
    unsigned group_size;    // ASSAY_GROUP_SIZE
    unsigned streams = 1;   // ASSAY_STREAMS
    bool pipeline = false;  // one work-item for all, of the files that end so

    // Messages or nonces in the hands of a work-item, and of a work-group.
    [[nodiscard]] unsigned bundle() const noexcept { return lanes * streams; }
    [[nodiscard]] unsigned lanes_per_group() const noexcept { return bundle() * group_size; }
    // What the kernel `kernel` is called in this form; also the name of its file.
    [[nodiscard]] std::string name_of(std::string_view kernel) const;
    // For the compiler; also what tells one program of a file from another in caches and binaries.
    [[nodiscard]] std::string options() const;
};

// Explicit vectors and groups of one for CPU devices, a pipeline for accelerators (FPGAs), scalars
// in groups of 64 for others.
[[nodiscard]] KernelForm form_for(const cl::Device& device);

}  // namespace assay::compute::opencl
