// A file that is written piece by piece and gets its name when it is whole: what is not finished
// leaves nothing behind. For what people take out of a store. Not thread-safe.

#pragma once

#include <filesystem>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

class OutputFile {
  public:
    [[nodiscard]] static Result<OutputFile> create(const std::filesystem::path& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile(const OutputFile&) = delete;
    OutputFile& operator=(const OutputFile&) = delete;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    [[nodiscard]] Result<void> write(ByteView bytes);
    // On the disk and under its name, replacing what has it.
    [[nodiscard]] Result<void> finish();
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }

  private:
    OutputFile(std::filesystem::path path, std::filesystem::path temporary, FileHandle file)
        : path_{std::move(path)}, temporary_{std::move(temporary)}, file_{std::move(file)} {}
    [[nodiscard]] Result<void> flush();

    std::filesystem::path path_;
    std::filesystem::path temporary_;
    FileHandle file_;
    Bytes buffer_;
    std::uint64_t bytes_ = 0;
    std::uint64_t written_ = 0;
};

}  // namespace assay::ipfs
