#include "host/compute/opencl/program_source.hpp"

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

std::string expanded_source(std::string_view file) {
    std::set<std::string, std::less<>> done;
    std::string out;
    expand(file, done, out);
    return out;
}

}  // namespace assay::compute::opencl
