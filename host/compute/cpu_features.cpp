#include "host/compute/cpu_features.hpp"

#include <cstdint>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__)
#include <sys/auxv.h>
#endif

namespace assay::compute {
#if defined(__x86_64__)
namespace {

struct Leaf {
    unsigned eax = 0;
    unsigned ebx = 0;
    unsigned ecx = 0;
    unsigned edx = 0;
};

Leaf cpuid(unsigned number) noexcept {
    Leaf leaf;
    if (__get_cpuid_count(number, 0, &leaf.eax, &leaf.ebx, &leaf.ecx, &leaf.edx) == 0) return {};
    return leaf;
}

// Register XCR0: which registers the operating system saves. Only where OSXSAVE says it may be
// read.
std::uint64_t saved_registers() noexcept {
    std::uint32_t low = 0;
    std::uint32_t high = 0;
    asm("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return (std::uint64_t{high} << 32) | low;
}

constexpr bool has(std::uint64_t bits, std::uint64_t all) noexcept { return (bits & all) == all; }

}  // namespace

CpuFeatures detect_cpu_features() noexcept {
    constexpr unsigned kSsse3 = 1U << 9;
    constexpr unsigned kSse41 = 1U << 19;
    constexpr unsigned kOsxsave = 1U << 27;
    constexpr unsigned kAvx = 1U << 28;
    constexpr unsigned kAvx2 = 1U << 5;
    constexpr unsigned kAvx512F = 1U << 16;
    constexpr unsigned kSha = 1U << 29;
    constexpr unsigned kAvx512Bw = 1U << 30;
    constexpr std::uint64_t kYmm = 0x06;  // the halves of the YMM registers
    constexpr std::uint64_t kZmm = 0xe6;  // and masks, and the rest of the ZMM registers

    const Leaf basic = cpuid(1);
    const Leaf extended = cpuid(7);
    const std::uint64_t saved = has(basic.ecx, kOsxsave | kAvx) ? saved_registers() : 0;
    CpuFeatures features;
    features.sha_ni = has(basic.ecx, kSsse3 | kSse41) && has(extended.ebx, kSha);
    features.avx2 = has(saved, kYmm) && has(extended.ebx, kAvx2);
    features.avx512 = has(saved, kZmm) && has(extended.ebx, kAvx512F | kAvx512Bw);
    return features;
}

#elif defined(__aarch64__)

CpuFeatures detect_cpu_features() noexcept {
    constexpr unsigned long kSha2 = 1UL << 6;  // HWCAP_SHA2
    CpuFeatures features;
    features.arm_sha2 = (getauxval(AT_HWCAP) & kSha2) != 0;
    return features;
}

#else

CpuFeatures detect_cpu_features() noexcept { return {}; }

#endif
}  // namespace assay::compute
