// The system calls by which this process changes files, seen from below: every library in it, LevelDB
// and the C++ library included, goes through here (file_calls.cpp defines open, write, fsync and so
// on in front of the C library's). What is below one folder can be recorded, and any call be made to
// fail. Any thread; calls that are watched run one at a time.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "host/base/bytes.hpp"

namespace assay::crash {

struct FileCall {
    enum class Kind {
        kCreate,      // of a file that was not there; synced neither it nor its name
        kTruncate,    // to `offset` bytes
        kWrite,       // `data` at `offset`
        kSync,        // content of a file
        kSyncFolder,  // the names in a folder
        kRename,      // `path` to `to`
        kRemove,      // a file
        kMakeFolder,
    };
    Kind kind = Kind::kWrite;
    std::uint64_t file = 0;  // which, whatever its name is now; not for folders and names
    std::string path;        // below the watched folder; for kSyncFolder the folder, "" the topmost
    std::string to;
    std::uint64_t offset = 0;
    Bytes data;
};

// Called before each such call: 0 lets it happen, an errno makes it fail with that instead.
using Watch = std::function<int(const FileCall&)>;

// While it lives, `watch` sees what happens below `root`, which is an empty folder at the beginning.
// One at a time. Removing folders and moving files from one folder to another is not foreseen.
class Watching {
  public:
    Watching(const std::filesystem::path& root, Watch watch);
    Watching(const Watching&) = delete;
    Watching& operator=(const Watching&) = delete;
    ~Watching();
};

}  // namespace assay::crash
