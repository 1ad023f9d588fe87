// Lays a ragged batch out for kernels/sha256_messages.cl. The batch is cut into waves of messages, a
// lane each, which live on the device until they are done; a wave is fed in slices, one a launch, of
// some blocks of each message. Internal to this folder; knows nothing of OpenCL.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "kernels/abi.h"

namespace assay::compute::opencl {

class MessagePacker {
  public:
    // A slice has at most `blocks_max` whole blocks, a wave at most `lanes_max` messages.
    MessagePacker(std::span<const ByteView> messages,
                  std::size_t blocks_max,
                  std::size_t lanes_max);

    // Goes on to the next wave; false when there is none. Its lanes are lanes(): which message each
    // one has, longest first.
    [[nodiscard]] bool next_wave();
    [[nodiscard]] std::span<const std::size_t> lanes() const noexcept;

    // Lays out the next slice of the wave; false when the wave is done. entries() then has one for
    // each lane that is not done yet, which are the first ones. `data` has room for blocks_max
    // blocks, `tails` for ASSAY_TAIL_BLOCKS blocks of each lane.
    [[nodiscard]] bool next_slice(std::byte* data, std::byte* tails);
    [[nodiscard]] std::span<const AssayMessage> entries() const noexcept { return entries_; }
    // Of the last slice.
    [[nodiscard]] std::size_t blocks_used() const noexcept { return blocks_used_; }

  private:
    [[nodiscard]] std::size_t whole_blocks(std::size_t lane) const noexcept;

    std::span<const ByteView> messages_;
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
