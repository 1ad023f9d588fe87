#include "host/ipfs/output_file.hpp"

#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"

namespace assay::ipfs {
namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

}  // namespace

Result<OutputFile> OutputFile::create(const std::filesystem::path& path) {
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
        return fail(std::errc::is_a_directory, path.string());
    }
    std::filesystem::path temporary = path;
    temporary += ".part" + std::to_string(::getpid());
    auto file = FileHandle::open(temporary, O_WRONLY | O_CREAT | O_EXCL);
    if (!file) return fail(std::move(file).error());
    return OutputFile(path, std::move(temporary), std::move(*file));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_{std::move(other.path_)},
      temporary_{std::exchange(other.temporary_, {})},
      file_{std::move(other.file_)},
      buffer_{std::move(other.buffer_)},
      bytes_{other.bytes_},
      written_{other.written_} {}

OutputFile::~OutputFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<void> OutputFile::write(ByteView bytes) {
    append(buffer_, bytes);
    bytes_ += bytes.size();
    return buffer_.size() < kBufferBytes ? Result<void>() : flush();
}

Result<void> OutputFile::flush() {
    if (auto written = file_.write_at(written_, buffer_); !written) {
        return fail(std::move(written).error().within(path_.string()));
    }
    written_ += buffer_.size();
    buffer_.clear();
    return {};
}

Result<void> OutputFile::finish() {
    if (auto flushed = flush(); !flushed) return flushed;
    if (auto synced = file_.sync(); !synced) return synced;
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
        return fail_by_errno("rename to " + path_.string());
    }
    temporary_.clear();
    return sync_directory(path_.parent_path());
}

}  // namespace assay::ipfs
