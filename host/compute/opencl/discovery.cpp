#include <algorithm>

#include "host/compute/opencl/device_thread.hpp"
#include "host/compute/opencl/make_engine.hpp"

namespace assay::compute::opencl {
namespace {

// Drivers wake their devices when first asked.
constexpr std::chrono::seconds kDiscoveryTime{20};

struct Discovery {
    std::vector<LineParts> devices;
    std::vector<bool> on_cpu;
    std::string passed_over;
};

std::vector<cl::Device> devices_of(const cl::Platform& platform) {
    std::vector<cl::Device> devices;
    try {
        platform.getDevices(CL_DEVICE_TYPE_ALL, &devices);
    } catch (const cl::Error&) {
        devices.clear();  // a driver without a device says so by an error
    }
    return devices;
}

// Why a device cannot be used; empty if it can.
std::string obstacle(const cl::Device& device, const ProgramStore& programs) {
    if (device.getInfo<CL_DEVICE_AVAILABLE>() != CL_TRUE) return "is not available";
    if (device.getInfo<CL_DEVICE_ENDIAN_LITTLE>() != CL_TRUE) return "is big-endian";
    if (!programs.offline() && device.getInfo<CL_DEVICE_COMPILER_AVAILABLE>() != CL_TRUE) {
        return "has no compiler: give it an offline binary ([engines] binary)";
    }
    return {};
}

std::string describe(const cl::Device& device, const cl::Platform& platform) {
    return device.getInfo<CL_DEVICE_NAME>() + ", " + platform.getInfo<CL_PLATFORM_NAME>() + " " +
           device.getInfo<CL_DRIVER_VERSION>() + ", " +
           std::to_string(device.getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>()) + " compute units";
}

void discover(const std::shared_ptr<const ProgramStore>& programs, Discovery& out) {
    std::vector<cl::Platform> platforms;
    cl::Platform::get(&platforms);
    for (const cl::Platform& platform : platforms) {
        for (const cl::Device& device : devices_of(platform)) {
            if (const std::string why = obstacle(device, *programs); !why.empty()) {
                out.passed_over += "; " + device.getInfo<CL_DEVICE_NAME>() + " " + why;
                continue;
            }
            LineParts parts;
            parts.info.name = "opencl:" + std::to_string(out.devices.size());
            parts.info.description = describe(device, platform);
            parts.device = device;
            parts.programs = programs;
            out.devices.push_back(std::move(parts));
            out.on_cpu.push_back((device.getInfo<CL_DEVICE_TYPE>() & CL_DEVICE_TYPE_CPU) != 0);
        }
    }
}

}  // namespace

Result<std::vector<std::unique_ptr<OpenClEngine>>> find_opencl_engines(
    std::shared_ptr<const ProgramStore> programs) {
    const auto found = std::make_shared<Discovery>();
    DeviceThread thread(std::make_shared<std::atomic<int>>(0));
    auto done = thread.run([programs, found](DeviceCall& call) {
        call.expect_answer_within(kDiscoveryTime);
        return guarded([&]() -> Result<void> {
            discover(programs, *found);
            return {};
        });
    });
    if (!done) return fail(std::move(done).error().within("opencl"));
    if (found->devices.empty()) {
        return fail(std::errc::no_such_device,
                    "no usable OpenCL device (install a driver, e.g. pocl-opencl-icd)" +
                        found->passed_over);
    }
    std::vector<std::unique_ptr<OpenClEngine>> engines;
    for (std::size_t i = 0; i < found->devices.size(); ++i) {
        engines.push_back(make_engine(found->devices[i], found->on_cpu[i]));
    }
    return engines;
}

}  // namespace assay::compute::opencl
