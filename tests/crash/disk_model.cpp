#include "tests/crash/disk_model.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/file.hpp"

#include <fcntl.h>

namespace assay::crash {
namespace {

constexpr std::uint64_t kFolder = 0;  // in place of a file's number
constexpr std::size_t kGarbageMax = 512;

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? "" : path.substr(0, slash);
}

std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// 0 to `most`, each as likely.
std::size_t upto(std::size_t most, DiskModel::Random& random) {
    return std::uniform_int_distribution<std::size_t>(0, most)(random);
}

}  // namespace

void DiskModel::apply(const FileCall& call) {
    using Kind = FileCall::Kind;
    switch (call.kind) {
        case Kind::kWrite: files_[call.file].changes.push_back({false, call.offset, call.data}); break;
        case Kind::kTruncate: files_[call.file].changes.push_back({true, call.offset, {}}); break;
        case Kind::kSync: {
            File& file = files_[call.file];
            for (const Change& each : file.changes) change(file.synced, each, each.data.size());
            file.changes.clear();
            break;
        }
        case Kind::kSyncFolder: {
            Names& names = folders_[call.path];
            for (const FileCall& each : names.changes) change(names.synced, each);
            names.changes.clear();
            break;
        }
        case Kind::kMakeFolder: folders_[call.path]; [[fallthrough]];
        case Kind::kCreate:
        case Kind::kRename:
        case Kind::kRemove:
            ASSAY_ASSERT(call.kind != Kind::kRename || folder_of(call.path) == folder_of(call.to));
            folders_[folder_of(call.path)].changes.push_back(call);
            break;
    }
}

void DiskModel::change(Bytes& content, const Change& by, std::size_t bytes) {
    if (by.is_truncation) {
        content.resize(by.offset);
        return;
    }
    if (content.size() < by.offset + bytes) content.resize(by.offset + bytes);
    std::copy_n(by.data.begin(), bytes, content.begin() + static_cast<std::ptrdiff_t>(by.offset));
}

void DiskModel::change(std::map<std::string, std::uint64_t>& names, const FileCall& by) {
    const std::string name = name_of(by.path);
    switch (by.kind) {
        case FileCall::Kind::kCreate: names[name] = by.file; break;
        case FileCall::Kind::kMakeFolder: names[name] = kFolder; break;
        case FileCall::Kind::kRemove: names.erase(name); break;
        case FileCall::Kind::kRename:
            if (const auto found = names.find(name); found != names.end()) {
                names[name_of(by.to)] = found->second;
                names.erase(name);
            }
            break;
        default: break;
    }
}

Bytes DiskModel::content_after(const File& file, Loss loss, Random& random) const {
    Bytes content = file.synced;
    if (loss == Loss::kAll) return content;
    const std::size_t whole =
        loss == Loss::kNone ? file.changes.size() : upto(file.changes.size(), random);
    std::uint64_t written_from = 0;
    std::size_t written = 0;
    const auto apply_one = [&](const Change& each, std::size_t bytes) {
        change(content, each, bytes);
        written_from = each.offset;
        written = bytes;
    };
    for (std::size_t i = 0; i < whole; ++i) apply_one(file.changes[i], file.changes[i].data.size());
    if (whole < file.changes.size() && !file.changes[whole].is_truncation) {
        apply_one(file.changes[whole], upto(file.changes[whole].data.size(), random));
    }
    if (loss == Loss::kGarbage && written > 0) {
        const std::size_t noise = upto(std::min(kGarbageMax, written), random);
        for (std::size_t i = 0; i < noise; ++i)
            content[written_from + written - 1 - i] = static_cast<std::byte>(random());
    }
    return content;
}

std::map<std::string, std::uint64_t> DiskModel::names_after(const Names& names,
                                                            Loss loss,
                                                            Random& random) const {
    auto found = names.synced;
    if (loss == Loss::kAll) return found;
    const std::size_t kept =
        loss == Loss::kTorn ? upto(names.changes.size(), random) : names.changes.size();
    for (std::size_t i = 0; i < kept; ++i) {
        if (loss == Loss::kGarbage && random() % 2 == 0) continue;
        change(found, names.changes[i]);
    }
    return found;
}

void DiskModel::add_folder(const std::string& path, Loss loss, Random& random, Tree& tree) const {
    for (const auto& [name, file] : names_after(folders_.at(path), loss, random)) {
        const std::string whole = path.empty() ? name : path + "/" + name;
        if (file == kFolder) {
            tree.emplace(whole, std::nullopt);
            add_folder(whole, loss, random, tree);
            continue;
        }
        const auto known = files_.find(file);
        tree.emplace(whole, known == files_.end() ? Bytes{}
                                                  : content_after(known->second, loss, random));
    }
}

DiskModel::Tree DiskModel::after_cut(Loss loss, Random& random) const {
    Tree tree;
    add_folder("", loss, random, tree);
    return tree;
}

void write_tree(const std::filesystem::path& dir, const DiskModel::Tree& tree) {
    for (const auto& [path, content] : tree) {
        if (!content) {
            std::filesystem::create_directories(dir / path);
            continue;
        }
        const auto file = FileHandle::open(dir / path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        ASSAY_ASSERT(file.has_value());
        ASSAY_ASSERT(file->write_at(0, *content).has_value());
    }
}

}  // namespace assay::crash
