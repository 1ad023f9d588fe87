// A file that is written but does not yet have its name; removed unless it gets one. Inside of the
// block store: what makes a block visible whole or not at all.

#pragma once

#include <filesystem>
#include <utility>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

class PendingFile {
  public:
    PendingFile(PendingFile&& other) noexcept
        : temporary_{std::exchange(other.temporary_, {})},
          target_{std::move(other.target_)},
          file_{std::move(other.file_)} {}
    PendingFile(const PendingFile&) = delete;
    PendingFile& operator=(const PendingFile&) = delete;
    PendingFile& operator=(PendingFile&&) = delete;
    ~PendingFile();

    // Writes `bytes` to a new file in `folder`, which is on the filesystem of `target`.
    [[nodiscard]] static Result<PendingFile> write(const std::filesystem::path& folder,
                                                   std::filesystem::path target,
                                                   ByteView bytes);

    [[nodiscard]] Result<void> sync() const { return file_.sync(); }
    // For a file that is synced with all others.
    void close() noexcept { file_ = FileHandle(); }
    // Gives it its name, replacing what has it. Not durable until the folder is synced.
    [[nodiscard]] Result<void> publish();

    [[nodiscard]] const std::filesystem::path& target() const noexcept { return target_; }

  private:
    PendingFile(std::filesystem::path temporary, std::filesystem::path target, FileHandle handle)
        : temporary_{std::move(temporary)}, target_{std::move(target)}, file_{std::move(handle)} {}

    std::filesystem::path temporary_;
    std::filesystem::path target_;
    FileHandle file_;
};

}  // namespace assay::ipfs
