#include "host/compute/opencl/open_device.hpp"

#include <algorithm>

#include "host/compute/opencl/program_source.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute::opencl {
namespace {

cl::Program from_source(const cl::Context& context,
                        const cl::Device& device,
                        const std::string& source,
                        const std::string& options) {
    cl::Program program(context, source);
    program.build(device, options.c_str());
    return program;
}

cl::Program from_binary(const cl::Context& context,
                        const cl::Device& device,
                        const Bytes& code,
                        const std::string& options) {
    const auto* const bytes = reinterpret_cast<const unsigned char*>(code.data());
    cl::Program program(context, {device},
                        {std::vector<unsigned char>(bytes, bytes + code.size())});
    program.build(device, options.c_str());
    return program;
}

}  // namespace

ProgramIdentity device_identity(const cl::Device& device) {
    const cl::Platform platform(device.getInfo<CL_DEVICE_PLATFORM>());
    ProgramIdentity identity;
    identity.platform =
        platform.getInfo<CL_PLATFORM_NAME>() + ", " + platform.getInfo<CL_PLATFORM_VERSION>();
    identity.device = device.getInfo<CL_DEVICE_NAME>();
    identity.driver = device.getInfo<CL_DRIVER_VERSION>();
    return identity;
}

OpenDevice::OpenDevice(cl::Device device, const ProgramStore& programs)
    : device_{std::move(device)}, context_{device_}, programs_{programs} {}

cl::Kernel OpenDevice::kernel(const KernelForm& form, const std::string& name) {
    const std::string source = expanded_source(name + ".cl");
    ProgramIdentity identity = device_identity(device_);
    identity.kernel = name;
    identity.options = form.options();
    identity.source = crypto::sha256(as_bytes(source));
    const auto known = std::find_if(built_.begin(), built_.end(),
                                    [&](const Built& built) { return built.identity == identity; });
    if (known != built_.end()) return {known->program, name.c_str()};
    built_.push_back(build(identity, source));
    return {built_.back().program, name.c_str()};
}

OpenDevice::Built OpenDevice::build(const ProgramIdentity& identity, const std::string& source) {
    const auto code = programs_.find(identity);
    if (!code) throw EngineFailure(code.error());
    if (*code) {
        try {
            return {identity, from_binary(context_, device_, **code, identity.options), false};
        } catch (const cl::Error& error) {
            // The cache may hold what the driver no longer takes; a binary that was asked for may
            // not.
            if (programs_.offline()) {
                throw EngineFailure(to_error(error).within("engine binary: " + identity.kernel));
            }
        }
    }
    return {identity, from_source(context_, device_, source, identity.options), true};
}

bool OpenDevice::compiled() const noexcept {
    return std::any_of(built_.begin(), built_.end(), [](const Built& b) { return b.compiled; });
}

std::vector<ProgramBinary> OpenDevice::binaries() const {
    std::vector<ProgramBinary> out;
    for (const Built& built : built_) {
        const auto codes = built.program.getInfo<CL_PROGRAM_BINARIES>();
        if (codes.size() != 1 || codes[0].empty()) continue;
        const ByteView bytes = std::as_bytes(std::span(codes[0]));
        out.push_back({built.identity, Bytes(bytes.begin(), bytes.end())});
    }
    return out;
}

void OpenDevice::keep_compiled() const {
    for (const ProgramBinary& program : binaries()) {
        const bool compiled = std::any_of(built_.begin(), built_.end(), [&](const Built& built) {
            return built.compiled && built.identity == program.identity;
        });
        if (compiled) static_cast<void>(programs_.keep(program));
    }
}

}  // namespace assay::compute::opencl
