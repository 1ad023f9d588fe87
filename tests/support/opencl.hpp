// Tests that want an OpenCL device: without one they are skipped, in words, unless
// ASSAY_REQUIRE_OPENCL=1 makes its absence a failure.

#pragma once

#include <cstdlib>
#include <string_view>

#include <gtest/gtest.h>

namespace assay::test {

inline bool opencl_required() {
    const char* value = std::getenv("ASSAY_REQUIRE_OPENCL");
    return value != nullptr && std::string_view(value) == "1";
}

}  // namespace assay::test

#define ASSAY_SKIP_WITHOUT_OPENCL(found, why)                \
    if (!(found)) {                                          \
        if (assay::test::opencl_required()) FAIL() << (why); \
        GTEST_SKIP() << "no OpenCL device: " << (why);       \
    }
