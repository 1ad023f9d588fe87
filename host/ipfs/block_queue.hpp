// The blocks of one fetch, in the order in which they are wanted, and how far each is: waiting,
// asked for (of up to two sources at a time), arrived, accepted. What was asked for and is not
// accepted yet is bounded in bytes: that much is lost if the process is killed. No I/O, no clock of
// its own; used on one executor by the retriever.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "host/ipfs/source_board.hpp"

namespace assay::ipfs {

class BlockQueue {
  public:
    using Time = SourceBoard::Time;
    using Duration = SourceBoard::Duration;

    BlockQueue(std::span<const WantedBlock> wanted, std::uint64_t window_bytes);

    struct Asking {
        std::size_t source;
        Time since;
    };
    enum class State : std::uint8_t { kWaiting, kAsked, kArrived, kAccepted };
    struct Slot {
        explicit Slot(WantedBlock block) : wanted{std::move(block)} {}
        WantedBlock wanted;
        State state = State::kWaiting;
        std::vector<Asking> asking;                 // up to two; kArrived: those outrun
        std::map<std::size_t, std::uint8_t> tries;  // by source
        Bytes bytes;                                // kArrived
        std::size_t source = 0;                     // whose bytes these are
    };

    // The first block that waits and may be asked of `source`; nothing if the window is full.
    [[nodiscard]] std::optional<std::size_t> take(std::size_t source, Time now);
    // `slot` and more that follow it in the file without a gap, for one request, up to `bytes_max`
    // together.
    [[nodiscard]] std::vector<std::size_t> take_run(std::size_t slot,
                                                    std::size_t source,
                                                    std::uint64_t bytes_max,
                                                    Time now);
    // A block that another source has been asked for longer than `patience`, to ask for it twice.
    [[nodiscard]] std::optional<std::size_t> take_again(std::size_t source,
                                                        Duration patience,
                                                        Time now);

    // The first copy counts: false if there is one already. Others that were asked go on until the
    // copy is accepted; it may be wrong.
    [[nodiscard]] bool arrived(std::size_t slot, std::size_t source, Bytes bytes);
    // The source does not have it.
    void lacking(std::size_t slot, std::size_t source);
    // Something went wrong; the source may be asked for it once more.
    void failed(std::size_t slot, std::size_t source);
    // It did not even try.
    void not_tried(std::size_t slot, std::size_t source);
    // What arrived was not the block.
    void rejected(std::size_t slot);
    void accepted(std::size_t slot);

    [[nodiscard]] Slot& slot(std::size_t index) { return slots_[index]; }
    [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }
    [[nodiscard]] bool done() const noexcept { return accepted_ == slots_.size(); }
    [[nodiscard]] bool has_waiting() const noexcept { return !waiting_.empty(); }
    [[nodiscard]] std::uint64_t arrived_bytes() const noexcept { return arrived_bytes_; }
    [[nodiscard]] std::vector<std::size_t> arrived_slots() const;
    // The window has no room for the next block that waits.
    [[nodiscard]] bool full() const;
    // What more may be asked for, in bytes.
    [[nodiscard]] std::uint64_t room() const noexcept { return window_max_ - std::min(window_, window_max_); }
    // So many blocks from the first on are accepted.
    [[nodiscard]] std::size_t accepted_in_row() const noexcept { return accepted_in_row_; }
    // A block that waits and that no usable source may be asked for.
    [[nodiscard]] const Slot* hopeless(const SourceBoard& sources) const;

  private:
    [[nodiscard]] bool fits(const Slot& slot) const noexcept {
        return window_ == 0 || window_ + slot.wanted.bytes_max <= window_max_;
    }
    void ask(std::size_t index, std::size_t source, Time now);
    void stop_asking(std::size_t index, std::size_t source);
    void wait_again(std::size_t index);

    std::vector<Slot> slots_;
    std::set<std::size_t> waiting_;
    std::set<std::size_t> asked_;
    std::set<std::size_t> arrived_;
    std::uint64_t window_max_;
    std::uint64_t window_ = 0;  // of asked and arrived blocks
    std::uint64_t arrived_bytes_ = 0;
    std::size_t accepted_ = 0;
    std::size_t accepted_in_row_ = 0;
};

}  // namespace assay::ipfs
