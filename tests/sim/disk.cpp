#include "tests/sim/disk.hpp"

#include <algorithm>

namespace assay::sim {

class DiskStore final : public ledger::KeyValueStore {
  public:
    DiskStore(Disk& disk, Disk::Table& table) : disk_{disk}, table_{table} {}

    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (failure_) return std::nullopt;
        const auto found = table_.find(key);
        return found == table_.end() ? std::nullopt : std::optional(found->second);
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        if (failure_) return;
        for (auto at = table_.lower_bound(prefix); at != table_.end(); ++at) {
            const ByteView key = at->first;
            if (key.size() < prefix.size() || !std::ranges::equal(key.first(prefix.size()), prefix))
                return;
            if (!visit(key, at->second)) return;
        }
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        if (failure_) return fail(*failure_);
        const auto change = [&] {
            for (const auto& operation : batch.operations()) {
                if (operation.value) {
                    table_[operation.key] = *operation.value;
                } else {
                    table_.erase(operation.key);
                }
            }
        };
        auto written = disk_.write(change, [&] { return undo_of(batch); });
        if (!written) failure_ = written.error();
        return written;
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return failure_; }

  private:
    [[nodiscard]] std::function<void()> undo_of(const ledger::WriteBatch& batch) {
        std::map<Bytes, std::optional<Bytes>> before;
        for (const auto& operation : batch.operations()) {
            const auto found = table_.find(operation.key);
            before.emplace(operation.key, found == table_.end() ? std::nullopt
                                                                : std::optional(found->second));
        }
        return [&table = table_, before = std::move(before)] {
            for (const auto& [key, value] : before) {
                table.erase(key);
                if (value) table.emplace(key, *value);
            }
        };
    }

    Disk& disk_;
    Disk::Table& table_;
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
        return disk_.write([&] { disk_.values_[name_] = to_bytes(value); },
                           [&] {
                               return [&disk = disk_, name = name_, before = disk_.kept(name_)] {
                                   disk.keep(name, before);
                               };
                           });
    }
    [[nodiscard]] std::string name() const override { return name_; }

  private:
    Disk& disk_;
    std::string name_;
};

void Disk::lose_unfinished(Millis now) {
    while (!unfinished_.empty() && unfinished_.back().done > now) {
        unfinished_.back().undo();
        unfinished_.pop_back();
    }
    unfinished_.clear();
    busy_until_ = now;
}

std::unique_ptr<ledger::KeyValueStore> Disk::open(Table& table) {
    return std::make_unique<DiskStore>(*this, table);
}

std::unique_ptr<ledger::DurableValue> Disk::value(std::string name) {
    return std::make_unique<DiskValue>(*this, std::move(name));
}

}  // namespace assay::sim
