#include "host/compute/opencl/message_packer.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

namespace assay::compute::opencl {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLengthBytes = 8;

// A wave has no more lanes than can have this much of each message in a slice: 4 KiB.
constexpr std::size_t kLaneBlocksMin = 64;
// A slice has no more of a message than this, 1 MiB: a few milliseconds in a lane, however few
// share the launch, so that a slow device is soon told from one that hangs.
constexpr std::size_t kLaneBlocksMax = 16 * 1024;

// Whatever the size of pages is, it is a multiple of this.
constexpr std::uintptr_t kPageBytes = 4096;

std::uintptr_t page_of(const std::byte* at) noexcept {
    return reinterpret_cast<std::uintptr_t>(at) / kPageBytes;
}

// What is left after the whole blocks, 0x80, zeros, and the length in bits as a big-endian 64-bit
// number (FIPS 180-4, 5.1.1): one or two blocks. Returns how many.
std::size_t write_tail(ByteView message, std::byte* out) noexcept {
    const ByteView rest = message.last(message.size() % kBlockBytes);
    const std::size_t blocks = rest.size() + 1 + kLengthBytes <= kBlockBytes ? 1 : 2;
    std::byte* const end = out + blocks * kBlockBytes;
    std::byte* const mark = std::copy(rest.begin(), rest.end(), out);
    std::fill(mark, end, std::byte{0});
    *mark = std::byte{0x80};
    const std::uint64_t bits = std::uint64_t{message.size()} * 8;
    for (std::size_t i = 0; i < kLengthBytes; ++i) {
        end[-1 - static_cast<std::ptrdiff_t>(i)] = static_cast<std::byte>((bits >> (8 * i)) & 0xff);
    }
    return blocks;
}

}  // namespace

std::vector<Stretch> find_stretches(std::span<const ByteView> messages,
                                    const StretchLimits& limits) {
    std::vector<Stretch> found;
    Stretch rest;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < messages.size(); ++i) {
        (messages[i].empty() ? rest.messages : order).push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        return std::less<>()(messages[a].data(), messages[b].data());
    });

    Stretch current;
    const auto close = [&] {
        const auto bytes = static_cast<std::size_t>(current.end - current.begin);
        const std::size_t count = current.messages.size();
        const bool full = count >= limits.messages_min || count == order.size();
        if (full && bytes >= limits.bytes_min && bytes <= limits.bytes_max) {
            found.push_back(std::exchange(current, {}));
            return;
        }
        rest.messages.insert(rest.messages.end(), current.messages.begin(), current.messages.end());
        current = Stretch();
    };
    for (const std::size_t i : order) {
        const ByteView message = messages[i];
        const std::byte* const end = message.data() + message.size();
        if (!current.messages.empty() &&
            (page_of(message.data()) > page_of(current.end - 1) + 1 ||
             static_cast<std::size_t>(end - current.begin) > limits.bytes_max)) {
            close();
        }
        if (current.messages.empty()) current.begin = current.end = message.data();
        current.end = std::max(current.end, end);
        current.messages.push_back(i);
    }
    close();
    if (!rest.messages.empty()) found.push_back(std::move(rest));
    return found;
}

MessagePacker::MessagePacker(std::span<const ByteView> messages,
                             Stretch stretch,
                             std::size_t blocks_max,
                             std::size_t lanes_max)
    : messages_{messages},
      in_place_{stretch.begin},
      blocks_max_{blocks_max},
      lanes_max_{std::min(lanes_max, blocks_max)},
      order_(std::move(stretch.messages)) {
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
        return messages_[a].size() > messages_[b].size();
    });
}

std::size_t MessagePacker::whole_blocks(std::size_t lane) const noexcept {
    return messages_[order_[wave_begin_ + lane]].size() / kBlockBytes;
}

std::span<const std::size_t> MessagePacker::lanes() const noexcept {
    return std::span(order_).subspan(wave_begin_, wave_end_ - wave_begin_);
}

bool MessagePacker::next_wave() {
    wave_begin_ = wave_end_;
    blocks_done_ = 0;
    started_ = false;
    std::size_t blocks = 0;
    while (wave_end_ < order_.size() && wave_end_ - wave_begin_ < lanes_max_) {
        blocks += std::min(whole_blocks(wave_end_ - wave_begin_), kLaneBlocksMin);
        if (blocks > blocks_max_ && wave_end_ > wave_begin_) break;
        ++wave_end_;
    }
    return wave_end_ > wave_begin_;
}

bool MessagePacker::next_slice(std::byte* data, std::byte* tails) {
    // Lanes are done when their whole blocks are, as the tail goes with the last of those.
    std::size_t live = wave_end_ - wave_begin_;
    while (started_ && live > 0 && whole_blocks(live - 1) <= blocks_done_) --live;
    started_ = true;
    entries_.clear();
    blocks_used_ = 0;
    if (live == 0) return false;

    const std::size_t share = std::clamp<std::size_t>(blocks_max_ / live, 1, kLaneBlocksMax);
    for (std::size_t lane = 0; lane < live; ++lane) {
        const ByteView message = messages_[order_[wave_begin_ + lane]];
        const std::size_t left = whole_blocks(lane) - blocks_done_;
        const std::size_t count = std::min(left, share);
        const ByteView part = message.subspan(blocks_done_ * kBlockBytes, count * kBlockBytes);
        std::size_t first_byte = blocks_used_ * kBlockBytes;
        if (in_place_ == nullptr) {
            std::copy(part.begin(), part.end(), data + first_byte);
        } else if (!part.empty()) {
            first_byte = static_cast<std::size_t>(part.data() - in_place_);
        } else {
            first_byte = 0;
        }
        std::byte* const tail = tails + lane * ASSAY_TAIL_BLOCKS * kBlockBytes;
        const std::size_t tail_blocks = count == left ? write_tail(message, tail) : 0;
        entries_.push_back(
            {first_byte, static_cast<assay_u32>(count), static_cast<assay_u32>(tail_blocks)});
        blocks_used_ += count;
    }
    blocks_done_ += share;
    return true;
}

}  // namespace assay::compute::opencl
