#include "host/crypto/key_file.hpp"

#include <cerrno>

#include <unistd.h>

#include "host/base/file.hpp"

namespace assay::crypto {
namespace {

constexpr std::size_t kKeyFileBytesMax = 16 * 1024;

}  // namespace

Result<void> save_key(const std::filesystem::path& path, const PrivateKey& key) {
    auto pem = key.to_pem();
    if (!pem) return fail(std::move(pem).error());
    // Written aside and then linked: link(2) never replaces a file, and no crash or second program
    // can leave half a key under the final name.
    std::filesystem::path aside = path;
    aside += ".new" + std::to_string(::getpid());
    if (auto written = write_file_durable(aside, *pem, 0600); !written) return written;
    const int linked = ::link(aside.c_str(), path.c_str());
    const std::error_code error(linked == 0 ? 0 : errno, std::generic_category());
    ::unlink(aside.c_str());
    if (error == std::errc::file_exists) {
        return fail(error, path.string() + " holds a key already and is not overwritten");
    }
    if (error) return fail(error, "write key " + path.string());
    return sync_directory(path.parent_path());
}

Result<PrivateKey> load_key(const std::filesystem::path& path) {
    const auto pem = read_private_file(path, kKeyFileBytesMax);
    if (!pem) return fail(Error(pem.error()));
    auto key = PrivateKey::from_pem(*pem);
    if (!key) return fail(std::move(key).error().within(path.string()));
    return key;
}

}  // namespace assay::crypto
