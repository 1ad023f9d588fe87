#include "ledger/node/vote_pool.hpp"

#include <algorithm>

namespace assay::ledger {
namespace {

// Signatures aside: ES256 has many for one vote.
bool say_the_same(const Vote& a, const Vote& b) noexcept {
    return a.link == b.link && a.epoch == b.epoch && a.slot == b.slot;
}

}  // namespace

bool VotePool::contains(const Vote& vote) const {
    const auto slot = votes_.find(vote.slot);
    if (slot == votes_.end()) return false;
    const auto height = slot->second.find(vote.link.target.height);
    if (height == slot->second.end()) return false;
    return std::ranges::any_of(height->second, [&](const Vote& v) { return say_the_same(v, vote); });
}

VotePool::Outcome VotePool::add(const Vote& vote) {
    Outcome outcome;
    if (contains(vote)) return outcome;
    auto& of_slot = votes_[vote.slot];
    for (const auto& [height, votes] : of_slot) {
        for (const Vote& known : votes) {
            if (outcome.contradiction || !contradicts(known, vote)) continue;
            outcome.contradiction = VoteContradiction{known, vote};
        }
    }
    auto& here = of_slot[vote.link.target.height];
    if (here.size() >= kVotesAtHeightMax) {
        outcome.added = Added::kNoRoom;
        return outcome;
    }
    here.push_back(vote);
    outcome.added = Added::kNew;
    if (of_slot.size() > kVoteHeightsOfSlotMax) of_slot.erase(of_slot.begin());
    return outcome;
}

void VotePool::prune(BlockHeight height, std::uint32_t epoch) {
    for (auto& [slot, heights] : votes_) {
        heights.erase(heights.begin(), heights.upper_bound(height));
        for (auto& [at, votes] : heights) {
            std::erase_if(votes, [epoch](const Vote& vote) { return vote.epoch < epoch; });
        }
        std::erase_if(heights, [](const auto& entry) { return entry.second.empty(); });
    }
    std::erase_if(votes_, [](const auto& entry) { return entry.second.empty(); });
}

std::optional<Certificate> VotePool::certificate_for(const VoteTarget& target) const {
    Certificate certificate;
    certificate.link = {target.chain_justified, target.point};
    for (const auto& [slot, heights] : votes_) {
        if (target.voters->find_node(slot) == nullptr) continue;
        const auto here = heights.find(target.point.height);
        if (here == heights.end()) continue;
        for (const Vote& vote : here->second) {
            if (vote.link != certificate.link || vote.epoch != target.voters->number()) continue;
            certificate.votes.push_back({slot, vote.signature});
            break;
        }
    }
    if (certificate.votes.size() < target.voters->quorum()) return std::nullopt;
    return certificate;
}

std::vector<ChainPoint> VotePool::targets_above(BlockHeight height) const {
    std::set<ChainPoint> targets;
    for (const auto& [slot, heights] : votes_) {
        for (auto it = heights.upper_bound(height); it != heights.end(); ++it) {
            for (const Vote& vote : it->second) targets.insert(vote.link.target);
        }
    }
    return {targets.begin(), targets.end()};
}

std::vector<Vote> VotePool::of(Slot slot) const {
    std::vector<Vote> found;
    const auto heights = votes_.find(slot);
    if (heights == votes_.end()) return found;
    for (const auto& [height, votes] : heights->second) {
        found.insert(found.end(), votes.begin(), votes.end());
    }
    return found;
}

std::vector<Vote> VotePool::newest_of_each(std::size_t heights) const {
    std::vector<Vote> found;
    for (const auto& [slot, by_height] : votes_) {
        std::size_t taken = 0;
        for (auto it = by_height.rbegin(); it != by_height.rend() && taken < heights; ++it, ++taken) {
            found.insert(found.end(), it->second.begin(), it->second.end());
        }
    }
    std::ranges::stable_sort(found, {}, [](const Vote& vote) { return vote.link.target.height; });
    return found;
}

std::size_t VotePool::size() const noexcept {
    std::size_t count = 0;
    for (const auto& [slot, heights] : votes_) {
        for (const auto& [height, votes] : heights) count += votes.size();
    }
    return count;
}

}  // namespace assay::ledger
