// Lays a ragged batch out for kernels/sha256_messages.cl. The batch is cut into waves of messages,
// a lane each, which live on the device until they are done; a wave is fed in slices, one a launch,
// of some blocks of each message. Internal to this folder; knows nothing of OpenCL.
//
// Where the device can read the host's memory, messages that lie close to each other are not
// copied: see find_stretches().

#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "kernels/abi.h"

namespace assay::compute::opencl {

// Messages to hash together, and the memory that holds them all, or null if they have to be copied.
struct Stretch {
    const std::byte* begin = nullptr;
    const std::byte* end = nullptr;
    std::vector<std::size_t> messages;
};

// What may be read in place.
struct StretchLimits {
    std::size_t bytes_min;     // below, copying costs less
    std::size_t messages_min;  // below, lanes would run empty, if there are other messages
    std::size_t bytes_max = std::numeric_limits<std::size_t>::max();  // of one buffer
};

// Sorts a batch into stretches in which no page is without a byte of a message, so that all of it
// may be read, and a rest that is to be copied.
[[nodiscard]] std::vector<Stretch> find_stretches(std::span<const ByteView> messages,
                                                  const StretchLimits& limits);

class MessagePacker {
  public:
    // A slice has at most `blocks_max` whole blocks, a wave at most `lanes_max` messages.
    MessagePacker(std::span<const ByteView> messages,
                  Stretch stretch,
                  std::size_t blocks_max,
                  std::size_t lanes_max);

    // Goes on to the next wave; false when there is none. Its lanes are lanes(): which message each
    // one has, longest first.
    [[nodiscard]] bool next_wave();
    [[nodiscard]] std::span<const std::size_t> lanes() const noexcept;

    // Lays out the next slice of the wave; false when the wave is done. entries() then has one for
    // each lane that is not done yet, which are the first ones. `tails` has room for
    // ASSAY_TAIL_BLOCKS blocks of each lane. `data` has room for blocks_max blocks; it is not used
    // where messages are read in place, entries being offsets in the stretch then.
    [[nodiscard]] bool next_slice(std::byte* data, std::byte* tails);
    [[nodiscard]] std::span<const AssayMessage> entries() const noexcept { return entries_; }
    // Of the last slice.
    [[nodiscard]] std::size_t blocks_used() const noexcept { return blocks_used_; }

  private:
    [[nodiscard]] std::size_t whole_blocks(std::size_t lane) const noexcept;

    std::span<const ByteView> messages_;
    const std::byte* in_place_;  // where the device's data begin, or null
    std::size_t blocks_max_;
    std::size_t lanes_max_;
    std::vector<std::size_t> order_;  // longest first
    std::size_t wave_begin_ = 0;      // in order_
    std::size_t wave_end_ = 0;
    std::size_t blocks_done_ = 0;  // of every lane that is not done
    bool started_ = false;         // the wave has had its first slice
    std::size_t blocks_used_ = 0;
    std::vector<AssayMessage> entries_;
};

}  // namespace assay::compute::opencl
