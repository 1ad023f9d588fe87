#include "host/compute/opencl/message_packer.hpp"

#include <algorithm>
#include <numeric>

namespace assay::compute::opencl {
namespace {

constexpr std::size_t kBlockBytes = 64;
constexpr std::size_t kLengthBytes = 8;

// The message, 0x80, zeros, and its length in bits as a big-endian 64-bit number.
std::size_t padded_blocks(ByteView message) noexcept {
    return (message.size() + 1 + kLengthBytes + kBlockBytes - 1) / kBlockBytes;
}

// Blocks [first, first + count) of the padded message.
void write_blocks(ByteView message, std::size_t first, std::size_t count, std::byte* out) noexcept {
    const std::size_t begin = std::min(first * kBlockBytes, message.size());
    const std::size_t end = std::min((first + count) * kBlockBytes, message.size());
    std::byte* const rest = std::copy(message.begin() + static_cast<std::ptrdiff_t>(begin),
                                      message.begin() + static_cast<std::ptrdiff_t>(end), out);
    std::byte* const stop = out + count * kBlockBytes;
    std::fill(rest, stop, std::byte{0});
    const std::size_t mark = message.size() / kBlockBytes;
    if (mark >= first && mark < first + count) {
        out[message.size() - first * kBlockBytes] = std::byte{0x80};
    }
    if (first + count == padded_blocks(message)) {
        const std::uint64_t bits = std::uint64_t{message.size()} * 8;
        for (std::size_t i = 0; i < kLengthBytes; ++i) {
            stop[-1 - static_cast<std::ptrdiff_t>(i)] =
                static_cast<std::byte>((bits >> (8 * i)) & 0xff);
        }
    }
}

}  // namespace

MessagePacker::MessagePacker(std::span<const ByteView> messages,
                             std::size_t blocks_max,
                             std::size_t messages_max)
    : messages_{messages},
      blocks_max_{blocks_max},
      messages_max_{messages_max},
      order_(messages.size()) {
    std::iota(order_.begin(), order_.end(), std::size_t{0});
    std::stable_sort(order_.begin(), order_.end(), [&](std::size_t a, std::size_t b) {
        return padded_blocks(messages_[a]) > padded_blocks(messages_[b]);
    });
    parts_.reserve(std::min(messages_max_, messages_.size()));
    entries_.reserve(parts_.capacity());
}

bool MessagePacker::next(std::byte* blocks) {
    parts_.clear();
    entries_.clear();
    std::size_t used = 0;
    while (position_ < order_.size() && parts_.size() < messages_max_ && used < blocks_max_) {
        const ByteView message = messages_[order_[position_]];
        const std::size_t left = padded_blocks(message) - blocks_done_;
        const std::size_t count = std::min(left, blocks_max_ - used);
        // Only a message that no launch could hold is split.
        if (count < left && left <= blocks_max_) break;
        write_blocks(message, blocks_done_, count, blocks + used * kBlockBytes);
        parts_.push_back({order_[position_], blocks_done_ == 0, count == left});
        entries_.push_back({static_cast<assay_u32>(used), static_cast<assay_u32>(count)});
        used += count;
        blocks_done_ += count;
        if (count == left) {
            ++position_;
            blocks_done_ = 0;
        }
    }
    return !parts_.empty();
}

}  // namespace assay::compute::opencl
