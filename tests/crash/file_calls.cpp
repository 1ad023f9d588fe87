#include "tests/crash/file_calls.hpp"

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <map>
#include <mutex>
#include <optional>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::crash {
namespace {

// The C library's own.
template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

struct OpenFile {
    std::uint64_t file = 0;
    std::string path;
    bool is_folder = false;
    bool appends = false;
};

class Watcher {
  public:
    Watcher(const std::filesystem::path& root, Watch watch)
        : root_{root.string() + "/"}, watch_{std::move(watch)} {}

    [[nodiscard]] std::optional<std::string> below(const char* path) const {
        const std::string_view whole = path == nullptr ? "" : path;
        if (whole.size() + 1 == root_.size() && root_.starts_with(whole)) return "";
        if (!whole.starts_with(root_)) return std::nullopt;
        return std::string(whole.substr(root_.size()));
    }
    // errno is set if not 0.
    [[nodiscard]] int ask(const FileCall& call) const {
        const int error = watch_(call);
        if (error != 0) errno = error;
        return error;
    }
    [[nodiscard]] OpenFile* find(int fd) {
        const auto found = open_.find(fd);
        return found == open_.end() ? nullptr : &found->second;
    }

    std::map<int, OpenFile> open_;
    std::map<std::string, std::uint64_t> files_;  // by path
    std::uint64_t last_file_ = 0;

  private:
    std::string root_;
    Watch watch_;
};

std::recursive_mutex watcher_mutex;
Watcher* watcher = nullptr;

FileCall call_of(FileCall::Kind kind, std::string path) {
    FileCall call;
    call.kind = kind;
    call.path = std::move(path);
    return call;
}

// open(2) of a path that is watched.
template <typename Open>
int watched_open(const std::string& path, int flags, Open open) {
    const auto known = watcher->files_.find(path);
    const bool is_new = known == watcher->files_.end();
    OpenFile opened;
    opened.path = path;
    opened.is_folder = (flags & O_DIRECTORY) != 0;
    opened.appends = (flags & O_APPEND) != 0;
    opened.file = is_new ? watcher->last_file_ + 1 : known->second;
    if (!opened.is_folder && ((is_new && (flags & O_CREAT) != 0) || (flags & O_TRUNC) != 0)) {
        FileCall call = call_of(is_new ? FileCall::Kind::kCreate : FileCall::Kind::kTruncate, path);
        call.file = opened.file;
        if (watcher->ask(call) != 0) return -1;
        if (is_new) watcher->files_[path] = ++watcher->last_file_;
    }
    const int fd = open();
    if (fd >= 0) watcher->open_[fd] = opened;
    return fd;
}

template <typename Open>
int any_open(const char* path, int flags, Open open) {
    const std::lock_guard lock(watcher_mutex);
    const auto below = watcher == nullptr ? std::nullopt : watcher->below(path);
    return below ? watched_open(*below, flags, open) : open();
}

template <typename Write>
ssize_t any_write(int fd, const void* data, std::size_t size, std::optional<off_t> at, Write write) {
    const std::lock_guard lock(watcher_mutex);
    const OpenFile* file = watcher == nullptr ? nullptr : watcher->find(fd);
    if (file == nullptr) return write();
    FileCall call = call_of(FileCall::Kind::kWrite, file->path);
    call.file = file->file;
    const off_t where = at ? *at : ::lseek(fd, 0, file->appends ? SEEK_END : SEEK_CUR);
    call.offset = static_cast<std::uint64_t>(where);
    call.data = to_bytes(ByteView(static_cast<const std::byte*>(data), size));
    return watcher->ask(call) != 0 ? -1 : write();
}

// A tmpfs has nothing to sync: what counts is that it was asked for.
template <typename Sync>
int any_sync(int fd, Sync sync) {
    const std::lock_guard lock(watcher_mutex);
    const OpenFile* file = watcher == nullptr ? nullptr : watcher->find(fd);
    if (file == nullptr) return sync();
    FileCall call = call_of(
        file->is_folder ? FileCall::Kind::kSyncFolder : FileCall::Kind::kSync, file->path);
    call.file = file->file;
    return watcher->ask(call) != 0 ? -1 : 0;
}

template <typename Truncate>
int any_truncate(int fd, off_t size, Truncate truncate) {
    const std::lock_guard lock(watcher_mutex);
    const OpenFile* file = watcher == nullptr ? nullptr : watcher->find(fd);
    if (file == nullptr) return truncate();
    FileCall call = call_of(FileCall::Kind::kTruncate, file->path);
    call.file = file->file;
    call.offset = static_cast<std::uint64_t>(size);
    return watcher->ask(call) != 0 ? -1 : truncate();
}

template <typename Remove>
int any_remove(const char* path, Remove remove) {
    const std::lock_guard lock(watcher_mutex);
    const auto below = watcher == nullptr ? std::nullopt : watcher->below(path);
    if (!below || !watcher->files_.contains(*below)) return remove();
    if (watcher->ask(call_of(FileCall::Kind::kRemove, *below)) != 0) return -1;
    watcher->files_.erase(*below);
    return remove();
}

}  // namespace

Watching::Watching(const std::filesystem::path& root, Watch watch) {
    const std::lock_guard lock(watcher_mutex);
    watcher = new Watcher(root, std::move(watch));
}

Watching::~Watching() {
    const std::lock_guard lock(watcher_mutex);
    delete watcher;
    watcher = nullptr;
}

}  // namespace assay::crash

using namespace assay::crash;

extern "C" {

int open(const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    static const auto real = next<int (*)(const char*, int, ...)>("open");
    return any_open(path, flags, [&] { return real(path, flags, mode); });
}

int open64(const char* path, int flags, ...) {
    std::va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    static const auto real = next<int (*)(const char*, int, ...)>("open64");
    return any_open(path, flags, [&] { return real(path, flags, mode); });
}

int close(int fd) {
    static const auto real = next<int (*)(int)>("close");
    const std::lock_guard lock(watcher_mutex);
    if (watcher != nullptr) watcher->open_.erase(fd);
    return real(fd);
}

ssize_t write(int fd, const void* data, size_t size) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t)>("write");
    return any_write(fd, data, size, std::nullopt, [&] { return real(fd, data, size); });
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
    return any_write(fd, data, size, at, [&] { return real(fd, data, size, at); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off64_t at) {
    static const auto real = next<ssize_t (*)(int, const void*, size_t, off64_t)>("pwrite64");
    return any_write(fd, data, size, at, [&] { return real(fd, data, size, at); });
}

int fsync(int fd) {
    static const auto real = next<int (*)(int)>("fsync");
    return any_sync(fd, [&] { return real(fd); });
}

int fdatasync(int fd) {
    static const auto real = next<int (*)(int)>("fdatasync");
    return any_sync(fd, [&] { return real(fd); });
}

int ftruncate(int fd, off_t size) noexcept {
    static const auto real = next<int (*)(int, off_t)>("ftruncate");
    return any_truncate(fd, size, [&] { return real(fd, size); });
}

int unlink(const char* path) noexcept {
    static const auto real = next<int (*)(const char*)>("unlink");
    return any_remove(path, [&] { return real(path); });
}

int remove(const char* path) noexcept {
    static const auto real = next<int (*)(const char*)>("remove");
    return any_remove(path, [&] { return real(path); });
}

int rename(const char* from, const char* to) noexcept {
    static const auto real = next<int (*)(const char*, const char*)>("rename");
    const std::lock_guard lock(watcher_mutex);
    const auto below = watcher == nullptr ? std::nullopt : watcher->below(from);
    if (!below) return real(from, to);
    FileCall call = call_of(FileCall::Kind::kRename, *below);
    call.to = watcher->below(to).value_or("");
    if (watcher->ask(call) != 0) return -1;
    watcher->files_[call.to] = watcher->files_[call.path];
    watcher->files_.erase(call.path);
    return real(from, to);
}

int mkdir(const char* path, mode_t mode) noexcept {
    static const auto real = next<int (*)(const char*, mode_t)>("mkdir");
    const std::lock_guard lock(watcher_mutex);
    const auto below = watcher == nullptr ? std::nullopt : watcher->below(path);
    struct stat info {};
    if (!below || ::stat(path, &info) == 0) return real(path, mode);
    return watcher->ask(call_of(FileCall::Kind::kMakeFolder, *below)) != 0 ? -1 : real(path, mode);
}

}  // extern "C"
