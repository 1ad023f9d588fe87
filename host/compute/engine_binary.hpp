// Offline binaries: the OpenCL programs of this machine's devices in one file, so that a start
// needs no compiler (an FPGA has none) and takes milliseconds. Used by `assay engines compile` and,
// through EngineOptions::binary, by the engine registry. Functions may be called from any thread.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "host/base/result.hpp"

namespace assay::compute {

struct BinaryReport {
    BinaryReport() = default;

    std::string device;        // the engine's name and description
    std::size_t programs = 0;  // for this device
    std::chrono::nanoseconds took{};
};

// Compiles every kernel for every OpenCL device found, runs its self test (which makes drivers that
// compile at the first launch finish), and writes the programs to `out`. Takes seconds.
[[nodiscard]] Result<std::vector<BinaryReport>> compile_engine_binary(
    const std::filesystem::path& out);

// Makes every kernel from the binary, for every device that it holds programs of: what a start
// costs. `took` counts from creating the context to having the kernels.
[[nodiscard]] Result<std::vector<BinaryReport>> load_engine_binary(
    const std::filesystem::path& binary);

}  // namespace assay::compute
