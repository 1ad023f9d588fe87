// The disk of one simulated member. What was written stays when the member crashes; the write under
// way when it crashes is there afterwards, or is not. A full disk refuses writes. On a slow one each
// write takes a while, during which the member does nothing else; if it crashes before the end, the
// write never happened. One thread.

#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ledger/chain/key_value_store.hpp"
#include "ledger/node/durable_value.hpp"
#include "tests/sim/event_queue.hpp"

namespace assay::sim {

class Disk {
  public:
    struct Less {
        using is_transparent = void;
        bool operator()(ByteView a, ByteView b) const noexcept {
            const int order = std::memcmp(a.data(), b.data(), std::min(a.size(), b.size()));
            return order != 0 ? order < 0 : a.size() < b.size();
        }
    };
    using Table = std::map<Bytes, Bytes, Less>;

    // The member loses its power during one of its next writes.
    void crash_at_write(std::uint64_t writes_from_now, bool write_survives) {
        crash_in_ = writes_from_now;
        write_survives_ = write_survives;
    }
    void fill() { full_ = true; }
    // From now on each write takes so long, by this clock; 0: no time.
    void slow_down(const EventQueue& clock, Millis write_takes) {
        clock_ = &clock;
        write_takes_ = write_takes;
    }
    // When the last write will be done.
    [[nodiscard]] Millis busy_until() const noexcept { return busy_until_; }
    [[nodiscard]] std::uint64_t slow_writes() const noexcept { return slow_writes_; }
    // The member went down: what was not done by now is not there.
    void lose_unfinished(Millis now);
    // Power and space are back.
    void recover() {
        crashed_ = full_ = false;
        crash_in_.reset();
    }
    // Nothing is left.
    void wipe() {
        table_.clear();
        values_.clear();
    }
    // Of a value that members write themselves, by its name; nothing takes it away.
    [[nodiscard]] std::optional<Bytes> kept(const std::string& name) const {
        const auto found = values_.find(name);
        return found == values_.end() ? std::nullopt : std::optional(found->second);
    }
    void keep(const std::string& name, const std::optional<Bytes>& value) {
        values_.erase(name);
        if (value) values_.emplace(name, *value);
    }
    [[nodiscard]] bool crashed() const noexcept { return crashed_; }
    [[nodiscard]] bool full() const noexcept { return full_; }

    // A database and values on it, for one life of the member: they refer to the disk.
    [[nodiscard]] std::unique_ptr<ledger::KeyValueStore> database() { return open(table_); }
    [[nodiscard]] std::unique_ptr<ledger::KeyValueStore> receipts() { return open(receipts_); }
    [[nodiscard]] std::unique_ptr<ledger::DurableValue> value(std::string name);

    [[nodiscard]] const Table& table() const noexcept { return table_; }
    // A new disk with the same content.
    [[nodiscard]] Disk copy() const {
        Disk other;
        other.table_ = table_;
        return other;
    }

  private:
    friend class DiskStore;
    friend class DiskValue;
    struct Unfinished {
        Millis done = 0;
        std::function<void()> undo;
    };
    // `undo` makes, before the change, what would undo it.
    template <typename Change, typename Undo>
    [[nodiscard]] Result<void> write(Change change, Undo undo) {
        if (full_) return fail(std::errc::no_space_on_device, "simulated disk");
        if (crashed_) return fail(std::errc::io_error, "simulated power cut");
        if (write_takes_ > 0) {
            const Millis now = clock_->now();
            std::erase_if(unfinished_, [now](const Unfinished& each) { return each.done <= now; });
            busy_until_ = std::max(busy_until_, now) + write_takes_;
            ++slow_writes_;
            unfinished_.push_back({busy_until_, undo()});
        }
        if (crash_in_ && (*crash_in_)-- == 0) {
            crashed_ = true;
            if (write_survives_ && unfinished_.empty()) change();
            return fail(std::errc::io_error, "simulated power cut");
        }
        change();
        return {};
    }
    [[nodiscard]] std::unique_ptr<ledger::KeyValueStore> open(Table& table);

    Table table_;
    Table receipts_;
    std::map<std::string, Bytes> values_;
    std::optional<std::uint64_t> crash_in_;
    bool write_survives_ = false;
    bool crashed_ = false;
    bool full_ = false;
    const EventQueue* clock_ = nullptr;  // set while slow
    Millis write_takes_ = 0;
    Millis busy_until_ = 0;
    std::uint64_t slow_writes_ = 0;
    std::vector<Unfinished> unfinished_;  // in the order in which they will be done
};

}  // namespace assay::sim
