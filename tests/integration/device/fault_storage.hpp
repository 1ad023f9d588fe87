// A medium that loses power. What was not synced when the power goes is there in part: nothing of
// it, all of it, any of its sectors, or the first bytes of it, as the seed has it. Replacing a file
// is atomic, as rename(2) is, but old or new until the folder is synced.

#pragma once

#include <algorithm>
#include <map>
#include <random>

#include "device/storage.hpp"

namespace assay::test {

struct PowerCut {};

class FaultStorage final : public device::Storage {
  public:
    explicit FaultStorage(std::uint64_t seed) : random_{seed} {}

    // The power goes during the n-th write from now (1: the next one). 0: it stays.
    void cut_at(std::uint64_t n) { writes_left_ = n; }
    // Writes so far: chunks, syncs, replaced files, new sizes.
    [[nodiscard]] std::uint64_t writes() const { return writes_; }

    // Starts with what another medium holds.
    FaultStorage(std::uint64_t seed, const FaultStorage& like)
        : files_{like.files_}, random_{seed} {}

    // What the medium holds, without counting as a write.
    [[nodiscard]] Bytes content(const std::filesystem::path& path) const {
        const auto found = files_.find(path);
        return found == files_.end() ? Bytes{} : found->second.now;
    }
    void put(const std::filesystem::path& path, Bytes content) {
        files_[path] = {content, content};
    }

    Result<Bytes> read(const std::filesystem::path& path, std::size_t bytes_max) override {
        const auto found = files_.find(path);
        if (found == files_.end()) {
            return fail(std::errc::no_such_file_or_directory, path.string());
        }
        if (found->second.now.size() > bytes_max) {
            return fail(Refusal::kLimitExceeded, path.string());
        }
        return found->second.now;
    }
    Result<void> replace(const std::filesystem::path& path, ByteView content) override {
        if (is_cut() && coin()) power_cut();  // before the rename
        files_[path] = {to_bytes(content), to_bytes(content)};
        finish_write();
        return {};
    }
    Result<void> remove(const std::filesystem::path& path) override {
        if (is_cut() && coin()) power_cut();
        files_.erase(path);
        finish_write();
        return {};
    }
    Result<std::unique_ptr<device::Volume>> open(const std::filesystem::path& path) override {
        if (!files_.contains(path)) {
            return fail(std::errc::no_such_file_or_directory, path.string());
        }
        return std::make_unique<FaultVolume>(*this, path);
    }
    Result<std::unique_ptr<device::Volume>> open_sized(const std::filesystem::path& path,
                                                       std::uint64_t bytes) override {
        File& file = files_[path];
        if (file.now.size() != bytes) {
            if (is_cut() && coin()) power_cut();
            file.now.resize(bytes);
            file.durable.resize(bytes);
            finish_write();
        }
        return std::make_unique<FaultVolume>(*this, path);
    }

  private:
    static constexpr std::size_t kSectorBytes = 512;

    struct File {
        Bytes now, durable;
    };

    class FaultVolume final : public device::Volume {
      public:
        FaultVolume(FaultStorage& storage, std::filesystem::path path)
            : storage_{&storage}, path_{std::move(path)} {}
        Result<std::size_t> read_at(std::uint64_t offset,
                                    std::span<std::byte> out) const override {
            const Bytes& now = storage_->files_.at(path_).now;
            if (offset >= now.size()) return 0;
            const auto size = std::min<std::size_t>(out.size(), now.size() - offset);
            std::copy_n(now.begin() + static_cast<std::ptrdiff_t>(offset), size, out.begin());
            return size;
        }
        Result<void> write_at(std::uint64_t offset, ByteView data) override {
            Bytes& now = storage_->files_.at(path_).now;
            if (offset + data.size() > now.size()) {
                return fail(std::errc::no_space_on_device, path_.string());
            }
            std::copy(data.begin(), data.end(), now.begin() + static_cast<std::ptrdiff_t>(offset));
            storage_->finish_write();
            return {};
        }
        Result<void> sync() override {
            if (storage_->is_cut()) storage_->power_cut();
            File& file = storage_->files_.at(path_);
            file.durable = file.now;
            storage_->finish_write();
            return {};
        }
        void forget_cached() const override {}

      private:
        FaultStorage* storage_;
        std::filesystem::path path_;
    };

    [[nodiscard]] bool is_cut() const { return writes_left_ == 1; }
    bool coin() { return (random_() & 1U) != 0; }
    void finish_write() {
        ++writes_;
        if (is_cut()) power_cut();
        if (writes_left_ > 0) --writes_left_;
    }
    [[noreturn]] void power_cut() {
        writes_left_ = 0;
        for (auto& [path, file] : files_) {
            if (file.now != file.durable) lose_unsynced(file);
        }
        throw PowerCut{};
    }
    void lose_unsynced(File& file) {
        const auto fate = random_() % 4;
        if (fate == 0) {
            file.now = file.durable;
        } else if (fate == 2) {  // any of its sectors
            for (std::size_t at = 0; at < file.now.size(); at += kSectorBytes) {
                if (coin()) restore(file, at, std::min(at + kSectorBytes, file.now.size()));
            }
        } else if (fate == 3) {  // the first bytes
            restore(file, random_() % (file.now.size() + 1), file.now.size());
        }
        file.durable = file.now;
    }
    static void restore(File& file, std::size_t from, std::size_t to) {
        std::copy(file.durable.begin() + static_cast<std::ptrdiff_t>(from),
                  file.durable.begin() + static_cast<std::ptrdiff_t>(to),
                  file.now.begin() + static_cast<std::ptrdiff_t>(from));
    }

    std::map<std::filesystem::path, File> files_;
    std::mt19937_64 random_;
    std::uint64_t writes_ = 0;
    std::uint64_t writes_left_ = 0;
};

}  // namespace assay::test
