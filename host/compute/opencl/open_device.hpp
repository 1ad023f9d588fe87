// A device with a context of its own, and the kernels for it: from an offline binary, from the
// cache of compiled programs, or compiled from the embedded sources. Internal to this folder; not
// thread-safe; functions throw cl::Error or EngineFailure.

#pragma once

#include <string>
#include <vector>

#include "host/compute/opencl/cl.hpp"
#include "host/compute/opencl/kernel_form.hpp"
#include "host/compute/opencl/program_store.hpp"

namespace assay::compute::opencl {

// Of this device and its driver, the rest empty.
[[nodiscard]] ProgramIdentity device_identity(const cl::Device& device);

class OpenDevice {
  public:
    // `programs` outlives this.
    OpenDevice(cl::Device device, const ProgramStore& programs);

    [[nodiscard]] const cl::Device& device() const noexcept { return device_; }
    [[nodiscard]] const cl::Context& context() const noexcept { return context_; }
    [[nodiscard]] cl::CommandQueue make_queue() const { return {context_, device_}; }

    // The kernel `name` of the file `name`.cl in this form.
    [[nodiscard]] cl::Kernel kernel(const KernelForm& form, const std::string& name);

    // Whether any of them had to be compiled.
    [[nodiscard]] bool compiled() const noexcept;
    // Every program made so far, with its machine code. To be called after each kernel has run:
    // some drivers (PoCL) finish compiling only at the first launch.
    [[nodiscard]] std::vector<ProgramBinary> binaries() const;
    // Puts those that had to be compiled into the cache. Not finding room there is no error.
    void keep_compiled() const;

  private:
    struct Built {
        ProgramIdentity identity;
        cl::Program program;
        bool compiled;  // from source, here
    };
    [[nodiscard]] Built build(const ProgramIdentity& identity, const std::string& source);

    cl::Device device_;
    cl::Context context_;
    const ProgramStore& programs_;
    std::vector<Built> built_;
};

}  // namespace assay::compute::opencl
