// The files of kernels/, embedded by cmake/embed_files.cmake. Internal to this folder.

#pragma once

#include <span>
#include <string_view>

namespace assay::compute::opencl {

struct EmbeddedFile {
    std::string_view name;
    std::string_view content;
};

[[nodiscard]] std::span<const EmbeddedFile> kernel_sources();

}  // namespace assay::compute::opencl
