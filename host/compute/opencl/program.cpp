#include "host/compute/opencl/program.hpp"

#include <algorithm>
#include <set>
#include <sstream>

#include "host/base/assert.hpp"
#include "host/compute/opencl/kernel_sources.hpp"

namespace assay::compute::opencl {
namespace {

void expand(std::string_view file, std::set<std::string, std::less<>>& done, std::string& out) {
    if (!done.emplace(file).second) return;
    const auto sources = kernel_sources();
    const auto source = std::find_if(sources.begin(), sources.end(),
                                     [&](const EmbeddedFile& s) { return s.name == file; });
    ASSAY_ASSERT(source != sources.end());
    constexpr std::string_view kInclude = "#include \"";
    std::istringstream lines{std::string(source->content)};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(kInclude)) {
            expand(
                std::string_view(line).substr(kInclude.size(), line.size() - kInclude.size() - 1),
                done, out);
        } else {
            out += line + "\n";
        }
    }
}

}  // namespace

KernelForm form_for(const cl::Device& device) {
    constexpr unsigned kGpuGroupSize = 64;
    if ((device.getInfo<CL_DEVICE_TYPE>() & CL_DEVICE_TYPE_CPU) != 0) {
        const bool wide = device.getInfo<CL_DEVICE_NATIVE_VECTOR_WIDTH_INT>() >= 16;
        return {wide ? 16U : 8U, 1};
    }
    const std::size_t group_max = device.getInfo<CL_DEVICE_MAX_WORK_GROUP_SIZE>();
    return {1, static_cast<unsigned>(std::min<std::size_t>(kGpuGroupSize, group_max))};
}

std::string expanded_source(std::string_view file) {
    std::set<std::string, std::less<>> done;
    std::string out;
    expand(file, done, out);
    return out;
}

cl::Kernel build_kernel(const cl::Context& context,
                        const cl::Device& device,
                        const KernelForm& form,
                        const std::string& name) {
    cl::Program program(context, expanded_source(name + ".cl"));
    const std::string options = "-cl-std=CL1.2 -w -DASSAY_LANES=" + std::to_string(form.lanes) +
                                " -DASSAY_GROUP_SIZE=" + std::to_string(form.group_size);
    program.build(device, options.c_str());
    return cl::Kernel(program, name.c_str());
}

}  // namespace assay::compute::opencl
