#include "host/compute/cache_folder.hpp"

#include <algorithm>
#include <system_error>
#include <vector>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::compute {

std::optional<Bytes> CacheFolder::find(const Sha256Digest& key,
                                       std::size_t bytes_max,
                                       std::chrono::hours age_max) const {
    if (dir_.empty()) return std::nullopt;
    const std::filesystem::path path = path_of(key);
    if (age_max != std::chrono::hours::max()) {
        std::error_code error;
        const auto written = std::filesystem::last_write_time(path, error);
        const auto now = std::filesystem::file_time_type::clock::now();
        if (error || now - written > age_max) return std::nullopt;
    }
    auto content = read_file(path, bytes_max);
    if (!content) return std::nullopt;
    return std::move(*content);
}

Result<void> CacheFolder::keep(const Sha256Digest& key, ByteView content) const {
    if (dir_.empty()) return {};
    if (auto made = create_directories_durable(dir_, 0700); !made) return made;
    if (auto written = write_file_durable(path_of(key), content, 0600); !written) return written;
    delete_oldest();
    return {};
}

std::filesystem::path CacheFolder::path_of(const Sha256Digest& key) const {
    return dir_ / (to_hex(key.view()) + suffix_);
}

void CacheFolder::delete_oldest() const {
    std::vector<std::pair<std::filesystem::file_time_type, std::filesystem::path>> files;
    std::error_code error;
    std::error_code gone;  // another process deletes, too: then it counts as the oldest
    const std::filesystem::directory_iterator end;
    for (std::filesystem::directory_iterator at(dir_, error); !error && at != end;
         at.increment(error)) {
        if (at->path().extension() != suffix_) continue;
        files.emplace_back(at->last_write_time(gone), at->path());
    }
    if (files.size() <= files_max_) return;
    std::sort(files.begin(), files.end());
    files.resize(files.size() - files_max_);
    for (const auto& [time, path] : files) std::filesystem::remove(path, error);
}

}  // namespace assay::compute
