// Foreign test data that lies beside the checkout (../shared/fixtures). A test that needs it calls
// ASSAY_FIXTURE_OR_SKIP; with ASSAY_REQUIRE_FIXTURES=1 its absence is a failure instead of a skip.

#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace assay::test {

inline std::filesystem::path fixture_path(const std::string& name) {
    if (const char* root = std::getenv("ASSAY_FIXTURES")) return std::filesystem::path(root) / name;
    return std::filesystem::path(ASSAY_SOURCE_ROOT) / ".." / "shared" / "fixtures" / name;
}

inline bool fixtures_required() {
    const char* value = std::getenv("ASSAY_REQUIRE_FIXTURES");
    return value != nullptr && std::string(value) == "1";
}

}  // namespace assay::test

#define ASSAY_FIXTURE_OR_SKIP(variable, name)                                             \
    const std::filesystem::path variable = assay::test::fixture_path(name);               \
    if (!std::filesystem::exists(variable)) {                                             \
        if (assay::test::fixtures_required()) FAIL() << "missing fixture " << variable;   \
        GTEST_SKIP() << "fixture not at hand: " << variable;                              \
    }
