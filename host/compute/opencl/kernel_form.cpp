#include "host/compute/opencl/kernel_form.hpp"

#include <algorithm>

namespace assay::compute::opencl {

std::string KernelForm::name_of(std::string_view kernel) const {
    return std::string(kernel) + (pipeline ? "_pipeline" : "");
}

std::string KernelForm::options() const {
    return "-cl-std=CL1.2 -w -DASSAY_LANES=" + std::to_string(lanes) +
           " -DASSAY_STREAMS=" + std::to_string(streams) +
           " -DASSAY_GROUP_SIZE=" + std::to_string(group_size);
}

KernelForm form_for(const cl::Device& device) {
    constexpr unsigned kGpuGroupSize = 64;
    const cl_device_type type = device.getInfo<CL_DEVICE_TYPE>();
    if ((type & CL_DEVICE_TYPE_CPU) != 0) {
        // AVX-512 has the registers for two streams, and needs them: its latency is two clocks.
        // With the sixteen registers of AVX2 a second stream costs more than it hides.
        const bool wide = device.getInfo<CL_DEVICE_NATIVE_VECTOR_WIDTH_INT>() >= 16;
        return wide ? KernelForm{16, 1, 2} : KernelForm{8, 1, 1};
    }
    if ((type & CL_DEVICE_TYPE_ACCELERATOR) != 0) return {1, 1, 1, true};
    const std::size_t group_max = device.getInfo<CL_DEVICE_MAX_WORK_GROUP_SIZE>();
    return {1, static_cast<unsigned>(std::min<std::size_t>(kGpuGroupSize, group_max))};
}

}  // namespace assay::compute::opencl
