#include "host/compute/opencl/message_hasher.hpp"

#include <algorithm>
#include <optional>

namespace assay::compute::opencl {
namespace {

static_assert(sizeof(AssayMessage) == 8);

// One launch: large enough to hide its cost, small enough to be over in some ten milliseconds.
constexpr std::size_t kLaunchBytesMax = 32 * 1024 * 1024;
constexpr std::size_t kMessagesMax = 16 * 1024;  // a multiple of every form's lanes_per_group

// A lane may be as slow as this, and a launch takes as long as its longest.
constexpr std::uint64_t kLaneBlocksPerSecondMin = 25'000'000 / kSha256BlockBytes;

std::chrono::nanoseconds time_for(const MessagePacker& packer) {
    std::uint64_t longest = 0;
    for (const AssayMessage& entry : packer.entries()) {
        longest = std::max<std::uint64_t>(longest, entry.block_count);
    }
    return kAnswerTime + std::chrono::nanoseconds(longest * 1'000'000'000 / kLaneBlocksPerSecondMin);
}

std::size_t blocks_for(const cl::Device& device) {
    const std::size_t bytes = device.getInfo<CL_DEVICE_MAX_MEM_ALLOC_SIZE>();
    return std::min(bytes, kLaunchBytesMax) / kSha256BlockBytes;
}

}  // namespace

MessageHasher::MessageHasher(OpenDevice& device, const KernelForm& form)
    : form_{form},
      blocks_max_{blocks_for(device.device())},
      queue_{device.make_queue()},
      kernel_{device.kernel(form_, "sha256_messages")},
      blocks_{device.context(), CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR, blocks_max_ * kSha256BlockBytes},
      entries_{device.context(), CL_MEM_READ_ONLY, kMessagesMax * sizeof(AssayMessage)},
      states_{device.context(), CL_MEM_READ_WRITE, kMessagesMax * sizeof(Sha256State)} {
    kernel_.setArg(0, blocks_);
    kernel_.setArg(1, entries_);
    kernel_.setArg(2, states_);
}

void MessageHasher::hash(std::span<const ByteView> messages,
                         std::span<Sha256Digest> digests,
                         DeviceCall& call) {
    std::optional<MessagePacker> packer;
    call.with_caller_memory([&] { packer.emplace(messages, blocks_max_, kMessagesMax); });
    while (load(*packer, call)) {
        call.expect_answer_within(time_for(*packer));
        launch(*packer);
        call.with_caller_memory([&] { store(*packer, digests); });
    }
}

bool MessageHasher::load(MessagePacker& packer, DeviceCall& call) {
    call.expect_answer_within(kAnswerTime);
    const std::size_t bytes = blocks_max_ * kSha256BlockBytes;
    void* const mapped =
        queue_.enqueueMapBuffer(blocks_, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, bytes);
    bool more = false;
    call.with_caller_memory([&] { more = packer.next(static_cast<std::byte*>(mapped)); });
    queue_.enqueueUnmapMemObject(blocks_, mapped);
    return more;
}

void MessageHasher::store(const MessagePacker& packer, std::span<Sha256Digest> digests) {
    const std::size_t lanes = lane_entries_.size();
    for (std::size_t lane = 0; lane < packer.parts().size(); ++lane) {
        const MessagePacker::Part& part = packer.parts()[lane];
        Sha256State state;
        for (std::size_t i = 0; i < 8; ++i) state.words[i] = lane_words_[i * lanes + lane];
        if (part.last) {
            digests[part.message] = to_digest(state);
        } else {
            carried_ = state;
        }
    }
}

void MessageHasher::launch(const MessagePacker& packer) {
    const auto parts = packer.parts();
    const std::size_t per_group = form_.lanes_per_group();
    const std::size_t groups = (parts.size() + per_group - 1) / per_group;
    const std::size_t lanes = groups * per_group;

    lane_entries_.assign(packer.entries().begin(), packer.entries().end());
    lane_entries_.resize(lanes, AssayMessage{0, 0});
    lane_words_.resize(8 * lanes);
    for (std::size_t i = 0; i < 8; ++i) {
        std::fill_n(lane_words_.begin() + static_cast<std::ptrdiff_t>(i * lanes), lanes,
                    kSha256Initial.words[i]);
        if (!parts[0].first) lane_words_[i * lanes] = carried_.words[i];
    }

    const std::size_t state_bytes = lane_words_.size() * sizeof(std::uint32_t);
    queue_.enqueueWriteBuffer(entries_, CL_FALSE, 0, lanes * sizeof(AssayMessage),
                              lane_entries_.data());
    queue_.enqueueWriteBuffer(states_, CL_FALSE, 0, state_bytes, lane_words_.data());
    queue_.enqueueNDRangeKernel(kernel_, cl::NullRange, cl::NDRange(groups * form_.group_size),
                                cl::NDRange(form_.group_size));
    queue_.enqueueReadBuffer(states_, CL_TRUE, 0, state_bytes, lane_words_.data());
}

}  // namespace assay::compute::opencl
