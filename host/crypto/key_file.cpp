#include "host/crypto/key_file.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
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
    auto file = FileHandle::open(path, O_RDONLY);
    if (!file) return fail(std::move(file).error());
    struct stat info {};
    if (::fstat(file->fd(), &info) != 0) {
        return fail(std::error_code(errno, std::generic_category()), "stat " + path.string());
    }
    if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(std::errc::permission_denied,
                    path.string() + " can be read by others: chmod 600 " + path.string());
    }
    Bytes pem(kKeyFileBytesMax);
    auto size = file->read_at(0, pem);
    if (!size) return fail(std::move(size).error().within(path.string()));
    auto key = PrivateKey::from_pem(ByteView(pem).first(*size));
    if (!key) return fail(std::move(key).error().within(path.string()));
    return key;
}

}  // namespace assay::crypto
