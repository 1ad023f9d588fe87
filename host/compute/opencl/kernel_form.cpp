#include "host/compute/opencl/kernel_form.hpp"

#include <algorithm>

namespace assay::compute::opencl {

std::string KernelForm::options() const {
    return "-cl-std=CL1.2 -w -DASSAY_LANES=" + std::to_string(lanes) +
           " -DASSAY_GROUP_SIZE=" + std::to_string(group_size);
}

KernelForm form_for(const cl::Device& device) {
    constexpr unsigned kGpuGroupSize = 64;
    if ((device.getInfo<CL_DEVICE_TYPE>() & CL_DEVICE_TYPE_CPU) != 0) {
        const bool wide = device.getInfo<CL_DEVICE_NATIVE_VECTOR_WIDTH_INT>() >= 16;
        return {wide ? 16U : 8U, 1};
    }
    const std::size_t group_max = device.getInfo<CL_DEVICE_MAX_WORK_GROUP_SIZE>();
    return {1, static_cast<unsigned>(std::min<std::size_t>(kGpuGroupSize, group_max))};
}

}  // namespace assay::compute::opencl
