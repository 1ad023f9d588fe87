#include "device/storage.hpp"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"

namespace assay::device {
namespace {

namespace fs = std::filesystem;

class DiskVolume final : public Volume {
  public:
    explicit DiskVolume(FileHandle file) : file_{std::move(file)} {}

    Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) const override {
        return file_.read_at(offset, out);
    }
    Result<void> write_at(std::uint64_t offset, ByteView data) override {
        return file_.write_at(offset, data);
    }
    Result<void> sync() override { return file_.sync(); }
    void forget_cached() const override {
        ::posix_fadvise(file_.fd(), 0, 0, POSIX_FADV_DONTNEED);
    }

  private:
    FileHandle file_;
};

Result<void> make_room(const FileHandle& file, const fs::path& path, std::uint64_t bytes) {
    struct stat info {};
    if (::fstat(file.fd(), &info) != 0) return fail_by_errno("stat " + path.string());
    if (S_ISREG(info.st_mode)) {
        if (static_cast<std::uint64_t>(info.st_size) == bytes) return {};
        if (::ftruncate(file.fd(), static_cast<off_t>(bytes)) != 0) {
            return fail_by_errno("no room for " + std::to_string(bytes) + " bytes in " +
                              path.string());
        }
        return sync_directory(path.parent_path());
    }
    const off_t end = ::lseek(file.fd(), 0, SEEK_END);
    if (end < 0) return fail_by_errno(path.string() + " is no file and no block device");
    if (static_cast<std::uint64_t>(end) < bytes) {
        return fail(std::errc::no_space_on_device, path.string() + " has " + std::to_string(end) +
                                                       " bytes, the image " +
                                                       std::to_string(bytes));
    }
    return {};
}

}  // namespace

Result<Bytes> DiskStorage::read(const fs::path& path, std::size_t bytes_max) {
    return read_file(path, bytes_max);
}

Result<void> DiskStorage::replace(const fs::path& path, ByteView content) {
    return write_file_durable(path, content, 0600);
}

Result<void> DiskStorage::remove(const fs::path& path) {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_by_errno(path.string());
    return {};
}

Result<std::unique_ptr<Volume>> DiskStorage::open(const fs::path& path) {
    auto file = FileHandle::open(path, O_RDWR);
    if (!file) return fail(std::move(file).error());
    return std::make_unique<DiskVolume>(std::move(*file));
}

Result<std::unique_ptr<Volume>> DiskStorage::open_sized(const fs::path& path, std::uint64_t bytes) {
    // A device that is not there must not become a file in memory.
    const bool is_device = path.string().starts_with("/dev/");
    auto made = is_device ? Result<void>{} : create_directories_durable(path.parent_path(), 0700);
    if (!made) return fail(std::move(made).error());
    auto file = FileHandle::open(path, is_device ? O_RDWR : O_RDWR | O_CREAT, 0600);
    if (!file) return fail(std::move(file).error());
    if (auto room = make_room(*file, path, bytes); !room) return fail(std::move(room).error());
    return std::make_unique<DiskVolume>(std::move(*file));
}

}  // namespace assay::device
