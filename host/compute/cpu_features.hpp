// What this processor can do beyond the baseline that everything is compiled for.

#pragma once

namespace assay::compute {

struct CpuFeatures {
    bool sha_ni = false;  // x86 SHA extensions, with the SSSE3 and SSE4.1 that their use needs
};

[[nodiscard]] CpuFeatures detect_cpu_features() noexcept;

}  // namespace assay::compute
