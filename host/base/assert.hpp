// ASSAY_ASSERT: for bugs, never for input. Compiled into every build type.

#pragma once

#include <cstdio>
#include <cstdlib>

#define ASSAY_ASSERT(condition)                                                              \
    do {                                                                                     \
        if (!(condition)) [[unlikely]] {                                                     \
            std::fprintf(stderr, "%s:%d: assertion failed: %s\n", __FILE__, __LINE__,        \
                         #condition);                                                        \
            std::abort();                                                                    \
        }                                                                                    \
    } while (false)
