#include "host/ipfs/block_queue.hpp"

#include <algorithm>

namespace assay::ipfs {
namespace {

constexpr std::uint8_t kTriesMax = 2;   // of one block at one source
constexpr std::size_t kCopiesMax = 2;   // asked for at the same time

bool may_try(const BlockQueue::Slot& slot, std::size_t source) {
    const auto tries = slot.tries.find(source);
    return tries == slot.tries.end() || tries->second < kTriesMax;
}

}  // namespace

BlockQueue::BlockQueue(std::span<const WantedBlock> wanted, std::uint64_t window_bytes)
    : window_max_{window_bytes} {
    slots_.reserve(wanted.size());
    for (const WantedBlock& block : wanted) {
        waiting_.insert(waiting_.end(), slots_.size());
        slots_.emplace_back(block);
    }
}

void BlockQueue::ask(std::size_t index, std::size_t source, Time now) {
    Slot& slot = slots_[index];
    if (slot.state == State::kWaiting) {
        waiting_.erase(index);
        asked_.insert(index);
        window_ += slot.wanted.bytes_max;
        slot.state = State::kAsked;
    }
    slot.asking.push_back({source, now});
    ++slot.tries[source];
}

std::optional<std::size_t> BlockQueue::take(std::size_t source, Time now) {
    for (const std::size_t index : waiting_) {
        const Slot& slot = slots_[index];
        if (!fits(slot)) return std::nullopt;
        if (!may_try(slot, source)) continue;
        ask(index, source, now);
        return index;
    }
    return std::nullopt;
}

std::vector<std::size_t> BlockQueue::take_run(std::size_t slot,
                                              std::size_t source,
                                              std::uint64_t bytes_max,
                                              Time now) {
    std::vector<std::size_t> run{slot};
    std::uint64_t bytes = slots_[slot].wanted.bytes_max;
    for (std::size_t next = slot + 1; next < slots_.size(); ++next) {
        const Slot& candidate = slots_[next];
        const WantedBlock& before = slots_[next - 1].wanted;
        // What lies between would come, too, though it is here already.
        const bool adjoins = before.offset && candidate.wanted.offset &&
                             *candidate.wanted.offset == *before.offset + before.bytes_max;
        if (!adjoins) break;
        bytes += candidate.wanted.bytes_max;
        if (candidate.state != State::kWaiting || !may_try(candidate, source)) break;
        if (bytes > bytes_max || !fits(candidate)) break;
        ask(next, source, now);
        run.push_back(next);
    }
    return run;
}

std::optional<std::size_t> BlockQueue::take_again(std::size_t source,
                                                  Duration patience,
                                                  Time now) {
    for (const std::size_t index : asked_) {
        const Slot& slot = slots_[index];
        const bool asked_already =
            std::any_of(slot.asking.begin(), slot.asking.end(),
                        [&](const Asking& asking) { return asking.source == source; });
        if (asked_already || slot.asking.size() >= kCopiesMax || !may_try(slot, source)) continue;
        if (now - slot.asking.front().since < patience) continue;
        ask(index, source, now);
        return index;
    }
    return std::nullopt;
}

void BlockQueue::stop_asking(std::size_t index, std::size_t source) {
    std::erase_if(slots_[index].asking, [&](const Asking& a) { return a.source == source; });
}

bool BlockQueue::arrived(std::size_t index, std::size_t source, Bytes bytes) {
    Slot& slot = slots_[index];
    stop_asking(index, source);
    if (slot.state != State::kAsked) return false;
    asked_.erase(index);
    arrived_.insert(index);
    slot.state = State::kArrived;
    slot.source = source;
    slot.bytes = std::move(bytes);
    arrived_bytes_ += slot.bytes.size();
    return true;
}

void BlockQueue::wait_again(std::size_t index) {
    Slot& slot = slots_[index];
    window_ -= slot.wanted.bytes_max;
    slot.state = State::kWaiting;
    waiting_.insert(index);
}

void BlockQueue::failed(std::size_t index, std::size_t source) {
    Slot& slot = slots_[index];
    stop_asking(index, source);
    if (slot.state != State::kAsked || !slot.asking.empty()) return;
    asked_.erase(index);
    wait_again(index);
}

void BlockQueue::lacking(std::size_t index, std::size_t source) {
    slots_[index].tries[source] = kTriesMax;
    failed(index, source);
}

void BlockQueue::not_tried(std::size_t index, std::size_t source) {
    --slots_[index].tries[source];
    failed(index, source);
}

void BlockQueue::rejected(std::size_t index) {
    Slot& slot = slots_[index];
    arrived_.erase(index);
    arrived_bytes_ -= slot.bytes.size();
    slot.bytes = Bytes();
    if (slot.asking.empty()) return wait_again(index);
    asked_.insert(index);  // a second copy is on its way
    slot.state = State::kAsked;
}

void BlockQueue::accepted(std::size_t index) {
    Slot& slot = slots_[index];
    arrived_.erase(index);
    arrived_bytes_ -= slot.bytes.size();
    slot.bytes = Bytes();
    window_ -= slot.wanted.bytes_max;
    slot.state = State::kAccepted;
    slot.asking.clear();
    ++accepted_;
    while (accepted_in_row_ < slots_.size() &&
           slots_[accepted_in_row_].state == State::kAccepted) {
        ++accepted_in_row_;
    }
}

std::vector<std::size_t> BlockQueue::arrived_slots() const {
    return {arrived_.begin(), arrived_.end()};
}

bool BlockQueue::full() const { return !waiting_.empty() && !fits(slots_[*waiting_.begin()]); }

const BlockQueue::Slot* BlockQueue::hopeless(const SourceBoard& sources) const {
    for (const std::size_t index : waiting_) {
        const Slot& slot = slots_[index];
        bool hope = false;
        for (std::size_t source = 0; source < sources.size() && !hope; ++source) {
            hope = sources.usable(source) && may_try(slot, source);
        }
        if (!hope) return &slot;
        if (slot.tries.empty()) break;  // nor has anyone been asked for those behind
    }
    return nullptr;
}

}  // namespace assay::ipfs
