#include "host/compute/opencl/cl.hpp"

#include <algorithm>
#include <iterator>

namespace assay::compute::opencl {
namespace {

constexpr std::size_t kBuildLogMax = 1000;

struct ErrorName {
    cl_int code;
    const char* name;
};

// Those that a user can do something about; others are shown as numbers.
constexpr ErrorName kErrorNames[] = {
    {CL_DEVICE_NOT_FOUND, "no device"},
    {CL_DEVICE_NOT_AVAILABLE, "device not available"},
    {CL_COMPILER_NOT_AVAILABLE, "no OpenCL compiler"},
    {CL_MEM_OBJECT_ALLOCATION_FAILURE, "out of device memory"},
    {CL_OUT_OF_RESOURCES, "out of device resources"},
    {CL_OUT_OF_HOST_MEMORY, "out of memory"},
    {CL_BUILD_PROGRAM_FAILURE, "the kernel does not compile"},
    {-1001, "no OpenCL platform is installed"},  // CL_PLATFORM_NOT_FOUND_KHR, of the ICD loader
};

std::errc condition(cl_int code) {
    switch (code) {
        case CL_MEM_OBJECT_ALLOCATION_FAILURE:
        case CL_OUT_OF_RESOURCES:
        case CL_OUT_OF_HOST_MEMORY:
            return std::errc::not_enough_memory;
        case CL_DEVICE_NOT_FOUND:
        case -1001:
            return std::errc::no_such_device;
        default:
            return std::errc::io_error;
    }
}

}  // namespace

Error to_error(const cl::Error& error) {
    const auto* const known =
        std::find_if(std::begin(kErrorNames), std::end(kErrorNames),
                     [&](const ErrorName& entry) { return entry.code == error.err(); });
    std::string text = std::string(error.what()) + ": ";
    text += known != std::end(kErrorNames) ? known->name
                                           : "OpenCL error " + std::to_string(error.err());
    if (const auto* build = dynamic_cast<const cl::BuildError*>(&error)) {
        for (const auto& [device, log] : build->getBuildLog()) {
            text += ": " + log.substr(0, kBuildLogMax);
        }
    }
    return Error(std::make_error_code(condition(error.err())), std::move(text));
}

}  // namespace assay::compute::opencl
