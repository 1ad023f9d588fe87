// Who may be asked for what: keeps score of the sources of one fetch and of the blocks of one
// window. No I/O, no clock; used on one executor by the retriever.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/dag_walk.hpp"

namespace assay::ipfs {

class SourceBoard {
  public:
    explicit SourceBoard(std::size_t sources) : sources_(sources) {}

    [[nodiscard]] std::size_t size() const noexcept { return sources_.size(); }
    [[nodiscard]] bool usable(std::size_t source) const { return sources_[source].usable; }

    void answered(std::size_t source) { sources_[source].failures_in_row = 0; }
    // A source that fails several times in a row is not asked again.
    void failed(std::size_t source, const Error& error);
    // It lied. True the first time.
    [[nodiscard]] bool ban(std::size_t source, const Error& error);
    void note(std::size_t source, const Error& error) {
        sources_[source].last_error = error.to_string();
    }
    // The last thing that went wrong with each source, for people.
    [[nodiscard]] std::string describe() const;

  private:
    struct State {
        bool usable = true;
        int failures_in_row = 0;
        std::string last_error;
    };
    std::vector<State> sources_;
};

class WindowBoard {
  public:
    WindowBoard(std::span<const WantedBlock> wanted, std::size_t sources);

    struct Slot {
        Slot(WantedBlock wanted_block, std::size_t sources)
            : wanted{std::move(wanted_block)}, tries(sources, 0) {}
        WantedBlock wanted;
        Bytes bytes;
        std::size_t source = 0;  // whose bytes these are
        bool taken = false;      // asked for, or arrived
        bool arrived = false;
        bool accepted = false;
        std::vector<std::uint8_t> tries;  // by source
    };

    // The next block to ask `source` for; the caller then calls arrived(), missing() or failed().
    [[nodiscard]] std::optional<std::size_t> take(std::size_t source);
    void arrived(std::size_t slot, std::size_t source, Bytes bytes);
    // The source does not have it.
    void missing(std::size_t slot, std::size_t source);
    // Something went wrong; the source may be asked for it once more.
    void failed(std::size_t slot);
    // What arrived was not the block.
    void reject(std::size_t slot);
    // All requests have ended; what was taken and got no answer may be taken again.
    void release_unanswered();

    [[nodiscard]] std::vector<Slot>& slots() noexcept { return slots_; }
    [[nodiscard]] bool done() const;
    // A block that is still wanted and that no usable source may be asked for.
    [[nodiscard]] const Slot* hopeless(const SourceBoard& sources) const;

  private:
    std::vector<Slot> slots_;
};

}  // namespace assay::ipfs
