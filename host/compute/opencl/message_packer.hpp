// Lays a ragged batch out for kernels/sha256_messages.cl: padded blocks, one table entry for each
// message, as many launches as the buffers need. Internal to this folder; knows nothing of OpenCL.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "kernels/abi.h"

namespace assay::compute::opencl {

class MessagePacker {
  public:
    // A message, or a part of one too long for a launch, in one lane.
    struct Part {
        std::size_t message;
        bool first;  // starts from SHA-256's initial state, else from where the last launch ended
        bool last;   // ends in the digest
    };

    // A launch takes at most `blocks_max` blocks and `messages_max` messages.
    MessagePacker(std::span<const ByteView> messages,
                  std::size_t blocks_max,
                  std::size_t messages_max);

    // Lays out the next launch; false when all messages are done. `blocks` has room for blocks_max.
    // Afterwards parts()[i] and entries()[i] belong to lane i. At most the first part continues a
    // message, and at most the last is continued.
    [[nodiscard]] bool next(std::byte* blocks);
    [[nodiscard]] std::span<const Part> parts() const noexcept { return parts_; }
    [[nodiscard]] std::span<const AssayMessage> entries() const noexcept { return entries_; }

  private:
    std::span<const ByteView> messages_;
    std::size_t blocks_max_;
    std::size_t messages_max_;
    std::vector<std::size_t> order_;  // longest first
    std::size_t position_ = 0;        // in order_
    std::size_t blocks_done_ = 0;     // of the message there
    std::vector<Part> parts_;
    std::vector<AssayMessage> entries_;
};

}  // namespace assay::compute::opencl
