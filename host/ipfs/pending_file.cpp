#include "host/ipfs/pending_file.hpp"

#include <cstdlib>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/errno_error.hpp"

namespace assay::ipfs {

PendingFile::~PendingFile() {
    if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

Result<PendingFile> PendingFile::write(const std::filesystem::path& folder,
                                       std::filesystem::path target,
                                       ByteView bytes) {
    std::string name = (folder / "put-XXXXXX").string();
    const int fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd < 0) return fail_by_errno("create " + name);
    PendingFile pending(name, std::move(target), FileHandle(fd));
    if (::fchmod(fd, 0644) != 0) return fail_by_errno("chmod " + name);
    if (auto written = pending.file_.write_at(0, bytes); !written) {
        return fail(std::move(written).error().within(name));
    }
    return pending;
}

Result<void> PendingFile::publish() {
    if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
        return fail_by_errno("rename to " + target_.string());
    }
    temporary_.clear();
    file_ = FileHandle();
    return {};
}

}  // namespace assay::ipfs
