// LevelDB's environment, made to survive power cuts on every file system: what LevelDB 1.23 leaves
// out is syncing the folder. A file that is created or renamed exists for certain only once its
// folder is synced; without that, a cut can leave a CURRENT that names no file, or lose a log whose
// content was synced (google/leveldb #195, #189). Here both sync the folder before they return, so
// that nothing that builds on the new name can be on the disk without it.
//
// Deleting does not: LevelDB deletes only what its synced manifest no longer names, and does so
// again if the file comes back.
//
// A rename whose folder then cannot be synced has happened all the same. LevelDB must not hear of a
// failure: it would delete the manifest that CURRENT names by now. It is told that all went well;
// failure() says otherwise, to the store, which closes the database; and nothing is deleted any more,
// so that after a power cut the old names still find what they named.
//
// Tables are read by pread. LevelDB would map them into memory, where a ledger of a million entries
// is hundreds of megabytes, and where a sector that cannot be read is a SIGBUS. Any thread.

#pragma once

#include <mutex>
#include <string>

#include <leveldb/env.h>

namespace assay::ledger {

class DurableEnv final : public leveldb::EnvWrapper {
  public:
    DurableEnv() : leveldb::EnvWrapper{leveldb::Env::Default()} {}

    leveldb::Status NewWritableFile(const std::string& name, leveldb::WritableFile** file) override;
    leveldb::Status NewAppendableFile(const std::string& name,
                                      leveldb::WritableFile** file) override;
    leveldb::Status NewRandomAccessFile(const std::string& name,
                                        leveldb::RandomAccessFile** file) override;
    leveldb::Status CreateDir(const std::string& name) override;
    leveldb::Status RenameFile(const std::string& from, const std::string& to) override;
    leveldb::Status RemoveFile(const std::string& name) override;

    // OK while every rename is known to be on the disk.
    [[nodiscard]] leveldb::Status failure() const;

  private:
    mutable std::mutex mutex_;
    leveldb::Status failure_;
};

// LevelDB's own diary, which nobody reads and which would be renamed at every start.
class NoDiary final : public leveldb::Logger {
  public:
    void Logv(const char*, va_list) override {}
};

}  // namespace assay::ledger
