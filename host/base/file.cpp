#include "host/base/file.hpp"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"

namespace assay {
namespace fs = std::filesystem;

FileHandle::FileHandle(FileHandle&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

FileHandle::~FileHandle() {
    if (fd_ >= 0) ::close(fd_);
}

Result<FileHandle> FileHandle::open(const fs::path& path, int flags, mode_t mode) {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    if (fd < 0) return fail_by_errno("open " + path.string());
    return FileHandle(fd);
}

Result<std::size_t> FileHandle::read_at(std::uint64_t offset, std::span<std::byte> out) const {
    std::size_t have = 0;
    while (have < out.size()) {
        const ssize_t n = ::pread(fd_, out.data() + have, out.size() - have,
                                  static_cast<off_t>(offset + have));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_by_errno("read");
        if (n == 0) break;
        have += static_cast<std::size_t>(n);
    }
    return have;
}

Result<void> FileHandle::write_at(std::uint64_t offset, ByteView data) const {
    std::size_t done = 0;
    while (done < data.size()) {
        const ssize_t n = ::pwrite(fd_, data.data() + done, data.size() - done,
                                   static_cast<off_t>(offset + done));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return fail_by_errno("write");
        done += static_cast<std::size_t>(n);
    }
    return {};
}

Result<void> FileHandle::sync() const {
    if (::fdatasync(fd_) != 0) return fail_by_errno("fdatasync");
    return {};
}

namespace {

Result<Bytes> read_whole(const fs::path& path, std::size_t bytes_max, bool is_secret) {
    auto file = FileHandle::open(path, O_RDONLY);
    if (!file) return fail(std::move(file).error());
    struct stat info {};
    if (::fstat(file->fd(), &info) != 0) return fail_by_errno("stat " + path.string());
    if (is_secret && (info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return fail(std::errc::permission_denied,
                    path.string() + " can be read by others: chmod 600 " + path.string());
    }
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    if (bytes > bytes_max) {
        return fail(Refusal::kLimitExceeded, path.string() + " holds " + std::to_string(bytes) +
                                                 " bytes, at most " + std::to_string(bytes_max));
    }
    Bytes content(bytes);
    auto have = file->read_at(0, content);
    if (!have) return fail(std::move(have).error().within(path.string()));
    content.resize(*have);
    return content;
}

}  // namespace

Result<Bytes> read_file(const fs::path& path, std::size_t bytes_max) {
    return read_whole(path, bytes_max, /*is_secret=*/false);
}

Result<Bytes> read_private_file(const fs::path& path, std::size_t bytes_max) {
    return read_whole(path, bytes_max, /*is_secret=*/true);
}

Result<void> write_file_durable(const fs::path& path, ByteView content, mode_t mode) {
    // The process id keeps two processes that write the same file from sharing a temporary.
    fs::path temporary = path;
    temporary += ".tmp" + std::to_string(::getpid());
    auto written = [&]() -> Result<void> {
        auto file = FileHandle::open(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode);
        if (!file) return fail(std::move(file).error());
        // open(2) applies the umask and keeps the mode of a left-over; a key must be 0600 exactly.
        if (::fchmod(file->fd(), mode) != 0) return fail_by_errno("chmod " + temporary.string());
        if (auto result = file->write_at(0, content); !result) return result;
        if (::fsync(file->fd()) != 0) return fail_by_errno("fsync " + temporary.string());
        if (::rename(temporary.c_str(), path.c_str()) != 0) {
            return fail_by_errno("rename to " + path.string());
        }
        return sync_directory(path.parent_path());
    }();
    if (!written) {
        ::unlink(temporary.c_str());
        return fail(std::move(written).error().within("write " + path.string()));
    }
    return {};
}

Result<void> create_directories_durable(const fs::path& path, mode_t mode) {
    if (path.empty()) return {};
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) {
        if (S_ISDIR(info.st_mode)) return {};
        return fail(std::errc::not_a_directory, path.string());
    }
    if (auto parent = create_directories_durable(path.parent_path(), mode); !parent) return parent;
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) {
        return fail_by_errno("create folder " + path.string());
    }
    return sync_directory(path.parent_path());
}

Result<void> sync_directory(const fs::path& path) {
    auto directory = FileHandle::open(path.empty() ? fs::path(".") : path, O_RDONLY | O_DIRECTORY);
    if (!directory) return fail(std::move(directory).error());
    if (::fsync(directory->fd()) != 0) return fail_by_errno("fsync folder " + path.string());
    return {};
}

Result<std::uint64_t> file_size(const fs::path& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return fail_by_errno("stat " + path.string());
    return static_cast<std::uint64_t>(info.st_size);
}

Result<FileLock> FileLock::acquire(const fs::path& path) {
    auto handle = FileHandle::open(path, O_RDWR | O_CREAT, 0600);
    if (!handle) return fail(std::move(handle).error());
    if (::flock(handle->fd(), LOCK_EX | LOCK_NB) != 0) return fail_by_errno("lock " + path.string());
    return FileLock(std::move(*handle));
}

}  // namespace assay
