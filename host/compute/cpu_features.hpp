// What this processor can do beyond the baseline that everything is compiled for, and what of it
// the operating system supports.

#pragma once

namespace assay::compute {

struct CpuFeatures {
    bool sha_ni = false;  // x86 SHA extensions, with the SSSE3 and SSE4.1 that their use needs
    bool avx2 = false;
    bool avx512 = false;    // AVX-512 F and BW
    bool arm_sha2 = false;  // SHA-2 instructions of ARMv8
};

[[nodiscard]] CpuFeatures detect_cpu_features() noexcept;

}  // namespace assay::compute
