#include "ledger/chain/leveldb_env.hpp"

#include <filesystem>
#include <utility>

#include "host/base/file.hpp"

namespace assay::ledger {
namespace {

leveldb::Status sync_folder_of(const std::string& name) {
    const auto synced = sync_directory(std::filesystem::path(name).parent_path());
    if (synced) return leveldb::Status::OK();
    return leveldb::Status::IOError(synced.error().context(), synced.error().code().message());
}

}  // namespace

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
