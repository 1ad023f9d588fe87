// The votes heard on one chain: bounded by slots and heights, until certificates are made of them.
// Holds votes whose signature was checked; which of them are true to the chain is for the chain to
// say. It also notices when a slot contradicts itself (rules V1, V2). One thread; no clock.

#pragma once

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "ledger/core/certificate.hpp"

namespace assay::ledger {

// Of each slot the newest heights are kept: a liar only pushes out votes of its own.
inline constexpr std::size_t kVoteHeightsOfSlotMax = 256;
inline constexpr std::size_t kVotesAtHeightMax = 2;  // of one slot: the second is the evidence

struct VoteContradiction {
    Vote first, second;
};

class VotePool {
  public:
    enum class Added : std::uint8_t { kNew, kKnown, kNoRoom };
    struct Outcome {
        Added added = Added::kKnown;
        std::optional<VoteContradiction> contradiction;  // with a vote that is here already
    };

    [[nodiscard]] bool contains(const Vote& vote) const;
    Outcome add(const Vote& vote);
    // Forgets the votes for targets at or below `height` and those of epochs before `epoch`: they can
    // change nothing any more.
    void prune(BlockHeight height, std::uint32_t epoch);

    // A certificate for the target if at least m of its voters agree on its source.
    [[nodiscard]] std::optional<Certificate> certificate_for(const VoteTarget& target) const;
    // Targets above `height` with at least one vote.
    [[nodiscard]] std::vector<ChainPoint> targets_above(BlockHeight height) const;
    [[nodiscard]] std::vector<Vote> of(Slot slot) const;
    // Of each slot those for its `heights` highest targets, in ascending order: a liar's votes for
    // blocks that nobody has crowd out no others.
    [[nodiscard]] std::vector<Vote> newest_of_each(std::size_t heights) const;
    [[nodiscard]] std::size_t size() const noexcept;

  private:
    std::map<Slot, std::map<BlockHeight, std::vector<Vote>>> votes_;  // by target height
};

}  // namespace assay::ledger
