// Private keys on disk: PEM PKCS#8, mode 0600. A key file is written once and never replaced.

#pragma once

#include <filesystem>

#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"

namespace assay::crypto {

// Fails with std::errc::file_exists rather than overwrite.
[[nodiscard]] Result<void> save_key(const std::filesystem::path& path, const PrivateKey& key);

// Fails with std::errc::permission_denied if group or others may read the file.
[[nodiscard]] Result<PrivateKey> load_key(const std::filesystem::path& path);

}  // namespace assay::crypto
