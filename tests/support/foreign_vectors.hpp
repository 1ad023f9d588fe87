// Keeps count of the foreign vectors that a test run has checked: printed by the test, and by ctest
// at its end (cmake/CTestCustom.cmake.in).

#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>

namespace assay::test {

inline void count_vectors(const std::string& set, std::size_t count) {
    const auto folder = std::filesystem::path(ASSAY_BINARY_DIR) / "foreign-vectors";
    std::filesystem::create_directories(folder);
    std::ofstream(folder / set) << count << '\n';
    std::cout << "checked " << count << " vectors of " << set << '\n';
}

}  // namespace assay::test
