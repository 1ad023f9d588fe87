#include "host/compute/cpu_features.hpp"

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace assay::compute {

CpuFeatures detect_cpu_features() noexcept {
    CpuFeatures features;
#if defined(__x86_64__)
    constexpr unsigned kSsse3 = 1U << 9;
    constexpr unsigned kSse41 = 1U << 19;
    constexpr unsigned kSha = 1U << 29;
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
    const bool sse = __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 &&
                     (ecx & (kSsse3 | kSse41)) == (kSsse3 | kSse41);
    const bool sha = __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kSha) != 0;
    features.sha_ni = sse && sha;
#endif
    return features;
}

}  // namespace assay::compute
