// As much of OpenCL C as the scalar forms of kernels/ use, in C++: to be included in a namespace
// before a kernel's file, after kernels/abi.h. Work-items run one after another, in this thread.

#pragma once

// NOLINTBEGIN: it stands in for another language.
using uint = unsigned int;
using uchar = unsigned char;

#define __kernel
#define __global
#define __constant const
#define restrict __restrict__
#define ASSAY_LANES 1
#define ASSAY_STREAMS 1
#define ASSAY_GROUP_SIZE 1

inline thread_local std::size_t work_item = 0;

inline std::size_t get_global_id(uint) { return work_item; }
inline uint min(uint a, uint b) { return a < b ? a : b; }
inline uint max(uint a, uint b) { return a < b ? b : a; }
inline uint atomic_min(volatile uint* value, uint other) {
    const uint before = *value;
    *value = min(before, other);
    return before;
}

inline uint atomic_or(volatile uint* value, uint other) {
    const uint before = *value;
    *value = before | other;
    return before;
}

inline void atomic_inc(volatile uint* value) { *value = *value + 1; }
inline void atomic_dec(volatile uint* value) { *value = *value - 1; }

// Runs `kernel` as an NDRange of `items` in one dimension.
template <typename Kernel, typename... Args>
void run_items(std::size_t items, Kernel kernel, Args... args) {
    for (work_item = 0; work_item < items; ++work_item) kernel(args...);
}
// NOLINTEND
