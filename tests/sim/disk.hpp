// The disk of one simulated member. What was written stays when the member crashes; the write under
// way when it crashes is there afterwards, or is not. A full disk refuses writes. One thread.

#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "ledger/chain/key_value_store.hpp"
#include "ledger/node/durable_value.hpp"

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
    // Power and space are back.
    void recover() {
        crashed_ = full_ = false;
        crash_in_.reset();
    }
    [[nodiscard]] bool crashed() const noexcept { return crashed_; }
    [[nodiscard]] bool full() const noexcept { return full_; }

    // A database and values on it, for one life of the member: they refer to the disk.
    [[nodiscard]] std::unique_ptr<ledger::KeyValueStore> database();
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
    template <typename Change>
    [[nodiscard]] Result<void> write(Change change) {
        if (full_) return fail(std::errc::no_space_on_device, "simulated disk");
        if (crashed_) return fail(std::errc::io_error, "simulated power cut");
        if (crash_in_ && (*crash_in_)-- == 0) {
            crashed_ = true;
            if (write_survives_) change();
            return fail(std::errc::io_error, "simulated power cut");
        }
        change();
        return {};
    }

    Table table_;
    std::map<std::string, Bytes> values_;
    std::optional<std::uint64_t> crash_in_;
    bool write_survives_ = false;
    bool crashed_ = false;
    bool full_ = false;
};

}  // namespace assay::sim
