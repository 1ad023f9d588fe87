#include "host/ipfs/source_board.hpp"

#include <algorithm>

namespace assay::ipfs {
namespace {

constexpr int kFailuresInRowMax = 3;
constexpr std::uint8_t kTriesMax = 2;  // of one block at one source

}  // namespace

void SourceBoard::failed(std::size_t source, const Error& error) {
    State& state = sources_[source];
    note(source, error);
    if (++state.failures_in_row >= kFailuresInRowMax) state.usable = false;
}

bool SourceBoard::ban(std::size_t source, const Error& error) {
    note(source, error);
    return std::exchange(sources_[source].usable, false);
}

std::string SourceBoard::describe() const {
    if (sources_.empty()) return "there are no sources";
    std::string text;
    for (const State& state : sources_) {
        if (state.last_error.empty()) continue;
        if (!text.empty()) text += "; ";
        text += state.last_error;
    }
    return text;
}

WindowBoard::WindowBoard(std::span<const WantedBlock> wanted, std::size_t sources) {
    slots_.reserve(wanted.size());
    for (const WantedBlock& block : wanted) slots_.emplace_back(block, sources);
}

std::optional<std::size_t> WindowBoard::take(std::size_t source) {
    for (std::size_t i = 0; i < slots_.size(); ++i) {
        Slot& slot = slots_[i];
        if (slot.taken || slot.tries[source] >= kTriesMax) continue;
        slot.taken = true;
        ++slot.tries[source];
        return i;
    }
    return std::nullopt;
}

void WindowBoard::arrived(std::size_t index, std::size_t source, Bytes bytes) {
    Slot& slot = slots_[index];
    slot.bytes = std::move(bytes);
    slot.source = source;
    slot.arrived = true;
}

void WindowBoard::missing(std::size_t index, std::size_t source) {
    slots_[index].tries[source] = kTriesMax;
    slots_[index].taken = false;
}

void WindowBoard::failed(std::size_t index) { slots_[index].taken = false; }

void WindowBoard::reject(std::size_t index) {
    Slot& slot = slots_[index];
    slot.bytes = Bytes();
    slot.arrived = false;
    slot.taken = false;
}

void WindowBoard::release_unanswered() {
    for (Slot& slot : slots_) slot.taken = slot.arrived;
}

bool WindowBoard::done() const {
    return std::all_of(slots_.begin(), slots_.end(),
                       [](const Slot& slot) { return slot.accepted; });
}

const WindowBoard::Slot* WindowBoard::hopeless(const SourceBoard& sources) const {
    for (const Slot& slot : slots_) {
        if (slot.taken) continue;
        bool hope = false;
        for (std::size_t source = 0; source < sources.size(); ++source) {
            hope = hope || (sources.usable(source) && slot.tries[source] < kTriesMax);
        }
        if (!hope) return &slot;
    }
    return nullptr;
}

}  // namespace assay::ipfs
