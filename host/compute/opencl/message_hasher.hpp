// Runs kernels/sha256_messages.cl over a batch of any size. Internal to this folder; not
// thread-safe; functions throw cl::Error.

#pragma once

#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/compute/opencl/cl.hpp"
#include "host/compute/opencl/device_call.hpp"
#include "host/compute/opencl/message_packer.hpp"
#include "host/compute/opencl/open_device.hpp"
#include "host/compute/sha256_backend.hpp"

namespace assay::compute::opencl {

class MessageHasher {
  public:
    MessageHasher(OpenDevice& device, const KernelForm& form);

    // The batch is the caller's memory, as `call` means it.
    void hash(std::span<const ByteView> messages,
              std::span<Sha256Digest> digests,
              DeviceCall& call);

  private:
    // Fills the blocks of the next launch; false when there is none.
    [[nodiscard]] bool load(MessagePacker& packer, DeviceCall& call);
    void launch(const MessagePacker& packer);
    void store(const MessagePacker& packer, std::span<Sha256Digest> digests);

    KernelForm form_;
    std::size_t blocks_max_;
    cl::CommandQueue queue_;
    cl::Kernel kernel_;
    cl::Buffer blocks_;
    cl::Buffer entries_;
    cl::Buffer states_;

    // Of the launch under way, word-major as the kernel wants them, and the state in which the
    // message that did not fit the last launch was left.
    std::vector<std::uint32_t> lane_words_;
    std::vector<AssayMessage> lane_entries_;
    Sha256State carried_{};
};

}  // namespace assay::compute::opencl
