#include "host/ipfs/pending_file.hpp"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace assay::ipfs {
namespace {

tl::unexpected<Error> fail_with_errno(std::string context) {
    return fail(std::error_code(errno, std::generic_category()), std::move(context));
}

}  // namespace

PendingFile::~PendingFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<PendingFile> PendingFile::write(const std::filesystem::path& folder,
                                       std::filesystem::path target,
                                       ByteView bytes) {
    std::string name = (folder / "put-XXXXXX").string();
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return fail_with_errno("create " + name);
    PendingFile pending(name, std::move(target), FileHandle(fd));
    if (::fchmod(fd, 0644) != 0) return fail_with_errno("chmod " + name);
    if (auto written = pending.file_.write_at(0, bytes); !written) {
        return fail(std::move(written).error().within(name));
    }
    return pending;
}

Result<void> PendingFile::publish() {
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        return fail_with_errno("rename to " + target_.string());
    }
    temporary_.clear();
    file_ = FileHandle();
    return {};
}

}  // namespace assay::ipfs
