// The checkpoints of one ledger's log that members cosign: gathers their signature lines, and keeps
// the newest checkpoint that counts, on disk, so that proofs can be given right after a restart.
//
// A checkpoint counts with m cosignatures and a log signature (docs/formats.md, section 9), and if
// our own chain has that very log. One thread.

#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/checkpoint.hpp"

namespace assay::ledger {

struct FinalCheckpoint {
    std::string text;  // with all signature lines
    std::uint64_t size = 0;
    LogHash root;
    Timestamp time{};         // least of the m newest cosignatures
    std::uint64_t epoch = 0;  // whose members cosigned

    friend bool operator==(const FinalCheckpoint&, const FinalCheckpoint&) = default;
};

// What a member may have under way: it signs at most 16 at once.
inline constexpr std::size_t kOpenCheckpointsMax = 32;  // per member

class CheckpointStore {
  public:
    // `chain` must outlive the store. Fails if the file holds something else than a checkpoint of
    // this ledger.
    [[nodiscard]] static Result<CheckpointStore> open(std::filesystem::path file,
                                                      const Chain& chain);

    // Takes the valid signatures of `note`, which `from` sent; others are left out. Returns whether
    // newest() changed. Fails with kMalformed, kOriginMismatch, or kSignatureInvalid if no line is
    // a member's.
    [[nodiscard]] Result<bool> add(Slot from, std::string_view note);

    // The chain grew or changed: what was ahead of it may count now. Returns as add().
    [[nodiscard]] Result<bool> on_tip();

    [[nodiscard]] const std::optional<FinalCheckpoint>& newest() const noexcept { return newest_; }
    // Set while m members vouch for a log that our chain contradicts.
    [[nodiscard]] const std::string& conflict() const noexcept { return conflict_; }

  private:
    using Key = std::pair<std::uint64_t, LogHash>;  // size and root
    struct Open {
        Note note;
        std::set<Slot> from;  // never empty
    };

    CheckpointStore(std::filesystem::path file, const Chain& chain);
    [[nodiscard]] Result<bool> settle();
    [[nodiscard]] bool chain_has(const Checkpoint& checkpoint) const;
    void make_room(Slot from);

    std::filesystem::path file_;
    const Chain* chain_;
    std::map<Key, Open> open_;  // not smaller than newest_
    std::optional<FinalCheckpoint> newest_;
    std::string conflict_;
};

}  // namespace assay::ledger
