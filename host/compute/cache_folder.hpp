// Files that may be thrown away: each under the digest of what it was made from, written whole or
// not at all, the oldest deleted when there are too many. Internal to host/compute; thread-safe,
// and safe for several processes.

#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::compute {

class CacheFolder {
  public:
    CacheFolder() = default;  // keeps nothing
    // The folder is made when first needed. `suffix` tells kinds of files in it apart: ".rates".
    CacheFolder(std::filesystem::path dir, std::string suffix, std::size_t files_max)
        : dir_{std::move(dir)}, suffix_{std::move(suffix)}, files_max_{files_max} {}

    // Nothing if it is not there, larger than `bytes_max`, older than `age_max` or cannot be read.
    [[nodiscard]] std::optional<Bytes> find(
        const Sha256Digest& key,
        std::size_t bytes_max,
        std::chrono::hours age_max = std::chrono::hours::max()) const;
    [[nodiscard]] Result<void> keep(const Sha256Digest& key, ByteView content) const;

  private:
    [[nodiscard]] std::filesystem::path path_of(const Sha256Digest& key) const;
    void delete_oldest() const;

    std::filesystem::path dir_;
    std::string suffix_;
    std::size_t files_max_ = 0;
};

}  // namespace assay::compute
