// Runs kernels/sha256_messages.cl over a batch of any size. While the device works on one slice of
// it, the next is laid out and sent; a device that shares the host's memory reads large batches
// where they lie. Internal to this folder; not thread-safe; functions throw cl::Error.

#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/compute/opencl/device_call.hpp"
#include "host/compute/opencl/message_packer.hpp"
#include "host/compute/opencl/open_device.hpp"
#include "host/compute/sha256_backend.hpp"

namespace assay::compute::opencl {

class MessageHasher {
  public:
    MessageHasher(OpenDevice& device, const KernelForm& form);
    MessageHasher(const MessageHasher&) = delete;
    MessageHasher& operator=(const MessageHasher&) = delete;
    // Waits for launches under way: they still look at the gate.
    ~MessageHasher();

    // `messages` and `digests`, and what they refer to, are used within call.with_caller_memory,
    // and by the device while they are lent by the call.
    void hash(std::span<const ByteView> messages,
              std::span<Sha256Digest> digests,
              DeviceCall& call);

  private:
    // What one launch reads. The host may write it again when `done`.
    struct Slot {
        cl::Buffer data;
        cl::Buffer staging;           // host memory to send `data` from; none on unified memory,
        std::byte* mapped = nullptr;  // where this is `data` itself
        cl::Buffer entries;
        cl::Buffer tails;
        std::vector<AssayMessage> host_entries;
        std::vector<std::byte> host_tails;
        cl::Event done;
        std::size_t blocks_longest = 0;
    };

    void make_slot(Slot& slot);
    void hash_stretch(MessagePacker& packer,
                      std::span<Sha256Digest> digests,
                      const std::optional<cl::Buffer>& in_place,
                      DeviceCall& call);
    void start_wave(std::size_t lanes);
    // Waits until the device has done what it was given.
    void wait_for(Slot& slot, DeviceCall& call);
    void map(Slot& slot);
    void launch(Slot& slot, const MessagePacker& packer, const std::optional<cl::Buffer>& in_place);
    void finish_wave(const MessagePacker& packer,
                     std::span<Sha256Digest> digests,
                     DeviceCall& call);

    // The gate of a kernel that reads lent memory.
    void open_gate();
    static void close_gate(AssayGate& gate) noexcept;

    KernelForm form_;
    cl::Context context_;
    bool unified_;  // the device works in the host's memory
    bool shares_;   // and may do so at any address, at the same time
    StretchLimits stretch_limits_;
    std::size_t blocks_max_;
    cl::CommandQueue queue_;
    cl::CommandQueue uploads_;
    cl::Kernel kernel_;
    std::array<Slot, 2> slots_;
    cl::Buffer states_;
    std::shared_ptr<AssayGate> gate_ = std::make_shared<AssayGate>();  // reached by atomic_ref only
    cl::Buffer gate_buffer_;                  // the same memory where shares_, else a copy
    std::size_t lanes_ = 0;                   // of the wave, filled up to whole work-groups
    std::vector<std::uint32_t> state_words_;  // word i of lane m at i * lanes_ + m
};

}  // namespace assay::compute::opencl
