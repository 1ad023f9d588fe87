// What a disk may hold after a power cut, from the calls that were made before it (file_calls.hpp).
//
// Content and names are kept apart, as POSIX does: fsync of a file makes its content last, fsync of
// its folder the names in it. What was not synced when the power went is there or not as the loss
// model says. One thread.

#pragma once

#include <map>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "tests/crash/file_calls.hpp"

namespace assay::crash {

enum class Loss {
    kNone,     // everything that was written is there: a process that was killed
    kAll,      // nothing is there but what was synced: neither content nor names
    kTorn,     // of each file and each folder the first so many changes, the last one in part
    kGarbage,  // names in any choice; files torn, and up to 512 bytes of what was not synced are noise
};
inline constexpr Loss kLosses[] = {Loss::kNone, Loss::kAll, Loss::kTorn, Loss::kGarbage};

class DiskModel {
  public:
    using Random = std::mt19937;
    // Files by path; nothing: a folder.
    using Tree = std::map<std::string, std::optional<Bytes>>;

    void apply(const FileCall& call);
    [[nodiscard]] Tree after_cut(Loss loss, Random& random) const;

  private:
    struct Change {  // of content
        bool is_truncation = false;
        std::uint64_t offset = 0;
        Bytes data;
    };
    struct File {
        Bytes synced;
        std::vector<Change> changes;  // since
    };
    struct Names {  // folders are files that nobody writes, called by the name alone
        std::map<std::string, std::uint64_t> synced;
        std::vector<FileCall> changes;
    };

    static void change(Bytes& content, const Change& by, std::size_t bytes);
    static void change(std::map<std::string, std::uint64_t>& names, const FileCall& by);
    [[nodiscard]] Bytes content_after(const File& file, Loss loss, Random& random) const;
    [[nodiscard]] std::map<std::string, std::uint64_t> names_after(const Names& names,
                                                                   Loss loss,
                                                                   Random& random) const;
    void add_folder(const std::string& path, Loss loss, Random& random, Tree& tree) const;

    std::map<std::uint64_t, File> files_;
    std::map<std::string, Names> folders_{{"", {}}};
};

// Writes it to the empty folder `dir`.
void write_tree(const std::filesystem::path& dir, const DiskModel::Tree& tree);

}  // namespace assay::crash
