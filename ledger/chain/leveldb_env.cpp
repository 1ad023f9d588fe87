#include "ledger/chain/leveldb_env.hpp"

#include <filesystem>
#include <span>
#include <utility>

#include <fcntl.h>

#include "host/base/file.hpp"

namespace assay::ledger {
namespace {

leveldb::Status sync_folder_of(const std::string& name) {
    const auto synced = sync_directory(std::filesystem::path(name).parent_path());
    if (synced) return leveldb::Status::OK();
    return leveldb::Status::IOError(synced.error().context(), synced.error().code().message());
}

class ReadFile final : public leveldb::RandomAccessFile {
  public:
    explicit ReadFile(FileHandle file) : file_{std::move(file)} {}

    leveldb::Status Read(std::uint64_t offset,
                         std::size_t bytes,
                         leveldb::Slice* result,
                         char* scratch) const override {
        const auto have =
            file_.read_at(offset, std::as_writable_bytes(std::span(scratch, bytes)));
        if (!have) return leveldb::Status::IOError("read", have.error().code().message());
        *result = leveldb::Slice(scratch, *have);
        return leveldb::Status::OK();
    }

  private:
    FileHandle file_;
};

}  // namespace

leveldb::Status DurableEnv::NewRandomAccessFile(const std::string& name,
                                                leveldb::RandomAccessFile** file) {
    *file = nullptr;
    auto opened = FileHandle::open(name, O_RDONLY);
    if (opened) {
        *file = new ReadFile(*std::move(opened));
        return leveldb::Status::OK();
    }
    const std::string why = opened.error().code().message();
    return opened.error().is(std::errc::no_such_file_or_directory)
               ? leveldb::Status::NotFound(name, why)
               : leveldb::Status::IOError(name, why);
}

leveldb::Status DurableEnv::NewWritableFile(const std::string& name, leveldb::WritableFile** file) {
    if (auto made = target()->NewWritableFile(name, file); !made.ok()) return made;
    auto synced = sync_folder_of(name);
    if (!synced.ok()) delete std::exchange(*file, nullptr);
    return synced;
}

leveldb::Status DurableEnv::NewAppendableFile(const std::string& name,
                                              leveldb::WritableFile** file) {
    if (auto made = target()->NewAppendableFile(name, file); !made.ok()) return made;
    auto synced = sync_folder_of(name);
    if (!synced.ok()) delete std::exchange(*file, nullptr);
    return synced;
}

leveldb::Status DurableEnv::CreateDir(const std::string& name) {
    if (auto made = target()->CreateDir(name); !made.ok()) return made;
    return sync_folder_of(name);
}

leveldb::Status DurableEnv::RenameFile(const std::string& from, const std::string& to) {
    if (auto renamed = target()->RenameFile(from, to); !renamed.ok()) return renamed;
    const auto synced = sync_folder_of(to);
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = synced;
    return leveldb::Status::OK();
}

leveldb::Status DurableEnv::RemoveFile(const std::string& name) {
    if (auto failed = failure(); !failed.ok()) return failed;
    return target()->RemoveFile(name);
}

leveldb::Status DurableEnv::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

}  // namespace assay::ledger
