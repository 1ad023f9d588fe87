// Files that are still there after a power cut: contents and directory entries are synced before
// success is reported.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay {

// Reads a whole file. Fails with Refusal::kLimitExceeded if it holds more than `bytes_max`.
[[nodiscard]] Result<Bytes> read_file(const std::filesystem::path& path, std::size_t bytes_max);
// The same for a secret. Fails with std::errc::permission_denied if anyone but the owner may use it.
[[nodiscard]] Result<Bytes> read_private_file(const std::filesystem::path& path,
                                              std::size_t bytes_max);

// Replaces `path` by `content`: temporary file in the same folder, fsync, rename, fsync of the
// folder. After a crash the file is the old one or the new one, whole.
[[nodiscard]] Result<void> write_file_durable(const std::filesystem::path& path,
                                              ByteView content,
                                              mode_t mode = 0644);

// Creates folders as needed and syncs each parent whose entry is new.
[[nodiscard]] Result<void> create_directories_durable(const std::filesystem::path& path,
                                                      mode_t mode = 0755);

[[nodiscard]] Result<void> sync_directory(const std::filesystem::path& path);

[[nodiscard]] Result<std::uint64_t> file_size(const std::filesystem::path& path);

// An open file descriptor, closed at the end of its life.
class FileHandle {
  public:
    FileHandle() = default;
    explicit FileHandle(int fd) noexcept : fd_{fd} {}
    FileHandle(FileHandle&& other) noexcept;
    FileHandle& operator=(FileHandle&& other) noexcept;
    FileHandle(const FileHandle&) = delete;
    FileHandle& operator=(const FileHandle&) = delete;
    ~FileHandle();

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] explicit operator bool() const noexcept { return fd_ >= 0; }

    // `flags` as for open(2); O_CLOEXEC is added.
    [[nodiscard]] static Result<FileHandle> open(const std::filesystem::path& path,
                                                 int flags,
                                                 mode_t mode = 0644);

    // Up to out.size() bytes from `offset`; fewer only at the end of the file.
    [[nodiscard]] Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const;
    [[nodiscard]] Result<void> write_at(std::uint64_t offset, ByteView data) const;
    [[nodiscard]] Result<void> sync() const;  // fdatasync

  private:
    int fd_ = -1;
};

// An exclusive lock on `path` (created if missing), held for the life of the object.
// Fails with std::errc::resource_unavailable_try_again if another process holds it.
class FileLock {
  public:
    [[nodiscard]] static Result<FileLock> acquire(const std::filesystem::path& path);

  private:
    explicit FileLock(FileHandle handle) noexcept : handle_{std::move(handle)} {}
    FileHandle handle_;
};

}  // namespace assay
