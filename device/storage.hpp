// Where the agent keeps what must survive a power cut: small files that are replaced as a whole, and
// volumes (slots, boot environments, payloads) that are written in place. DiskStorage is the disk; a
// test puts one in its place that loses what was not yet synced. One thread.

#pragma once

#include <filesystem>
#include <memory>

#include "host/base/file.hpp"

namespace assay::device {

// A file or a block device that is written in place.
class Volume {
  public:
    Volume() = default;
    Volume(const Volume&) = delete;
    Volume& operator=(const Volume&) = delete;
    virtual ~Volume() = default;

    // Up to out.size() bytes from `offset`; fewer only at the end.
    [[nodiscard]] virtual Result<std::size_t> read_at(std::uint64_t offset,
                                                      std::span<std::byte> out) const = 0;
    [[nodiscard]] virtual Result<void> write_at(std::uint64_t offset, ByteView data) = 0;
    // All that was written is durable when this returns.
    [[nodiscard]] virtual Result<void> sync() = 0;
    // What is read next comes from the medium, not from memory.
    virtual void forget_cached() const = 0;
};

class Storage {
  public:
    Storage() = default;
    Storage(const Storage&) = delete;
    Storage& operator=(const Storage&) = delete;
    virtual ~Storage() = default;

    // Fails with std::errc::no_such_file_or_directory, or Refusal::kLimitExceeded.
    [[nodiscard]] virtual Result<Bytes> read(const std::filesystem::path& path,
                                             std::size_t bytes_max) = 0;
    // The file holds `content`, durably, when this returns; after a power cut it holds either the
    // old content or the new.
    [[nodiscard]] virtual Result<void> replace(const std::filesystem::path& path,
                                               ByteView content) = 0;
    [[nodiscard]] virtual Result<void> remove(const std::filesystem::path& path) = 0;

    [[nodiscard]] virtual Result<std::unique_ptr<Volume>> open(
        const std::filesystem::path& path) = 0;
    // The same with room for `bytes`: a regular file is made if need be and gets exactly this size,
    // a block device must be large enough. Below /dev nothing is made.
    [[nodiscard]] virtual Result<std::unique_ptr<Volume>> open_sized(
        const std::filesystem::path& path, std::uint64_t bytes) = 0;
};

class DiskStorage : public Storage {
  public:
    [[nodiscard]] Result<Bytes> read(const std::filesystem::path& path,
                                     std::size_t bytes_max) override;
    [[nodiscard]] Result<void> replace(const std::filesystem::path& path,
                                       ByteView content) override;
    [[nodiscard]] Result<void> remove(const std::filesystem::path& path) override;
    [[nodiscard]] Result<std::unique_ptr<Volume>> open(const std::filesystem::path& path) override;
    [[nodiscard]] Result<std::unique_ptr<Volume>> open_sized(const std::filesystem::path& path,
                                                             std::uint64_t bytes) override;
};

}  // namespace assay::device
