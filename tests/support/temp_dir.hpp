// A folder of its own for a test, removed at the end.

#pragma once

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace assay::test {

// For tests that stop processes, not machines, and would else wait for the disk all the time.
inline std::filesystem::path memory_folder() {
    const std::filesystem::path shm = "/dev/shm";
    return ::access(shm.c_str(), W_OK) == 0 ? shm : std::filesystem::temp_directory_path();
}

class TempDir {
  public:
    explicit TempDir(const std::filesystem::path& parent = std::filesystem::temp_directory_path()) {
        std::string pattern = (parent / "assay-test-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    [[nodiscard]] std::filesystem::path operator/(const std::string& name) const {
        return path_ / name;
    }

  private:
    std::filesystem::path path_;
};

}  // namespace assay::test
