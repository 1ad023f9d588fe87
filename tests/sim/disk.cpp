#include "tests/sim/disk.hpp"

#include <algorithm>

namespace assay::sim {

class DiskStore final : public ledger::KeyValueStore {
  public:
    explicit DiskStore(Disk& disk) : disk_{disk} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure_) return std::nullopt;
        const auto found = disk_.table_.find(key);
        return found == disk_.table_.end() ? std::nullopt : std::optional(found->second);
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure_) return;
        for (auto at = disk_.table_.lower_bound(prefix); at != disk_.table_.end(); ++at) {
            const ByteView key = at->first;
            if (key.size() < prefix.size() || !std::ranges::equal(key.first(prefix.size()), prefix))
                return;
            if (!visit(key, at->second)) return;
        }
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        if (failure_) return fail(*failure_);
        auto written = disk_.write([&] {
            for (const auto& operation : batch.operations()) {
                if (operation.value) {
                    disk_.table_[operation.key] = *operation.value;
                } else {
                    disk_.table_.erase(operation.key);
                }
            }
        });
        if (!written) failure_ = written.error();
        return written;
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return failure_; }

  private:
    Disk& disk_;
    std::optional<Error> failure_;
};

class DiskValue final : public ledger::DurableValue {
  public:
    DiskValue(Disk& disk, std::string name) : disk_{disk}, name_{std::move(name)} {}

    [[nodiscard]] Result<std::optional<Bytes>> read() const override {
        const auto found = disk_.values_.find(name_);
        if (found == disk_.values_.end()) return std::nullopt;
        return std::optional(found->second);
    }
    [[nodiscard]] Result<void> replace(ByteView value) override {
        return disk_.write([&] { disk_.values_[name_] = to_bytes(value); });
    }
    [[nodiscard]] std::string name() const override { return name_; }

  private:
    Disk& disk_;
    std::string name_;
};

std::unique_ptr<ledger::KeyValueStore> Disk::database() {
    return std::make_unique<DiskStore>(*this);
}

std::unique_ptr<ledger::DurableValue> Disk::value(std::string name) {
    return std::make_unique<DiskValue>(*this, std::move(name));
}

}  // namespace assay::sim
