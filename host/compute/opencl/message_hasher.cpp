#include "host/compute/opencl/message_hasher.hpp"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <thread>

namespace assay::compute::opencl {
namespace {

static_assert(sizeof(AssayMessage) == 16);
static_assert(sizeof(AssayGate) == 8);

// A launch has to be large enough to hide its cost, and to fill a device that is not a processor;
// small enough to be over in some ten milliseconds and to stay in a processor's caches.
constexpr std::size_t kCpuSliceBytes = 8 * 1024 * 1024;
constexpr std::size_t kSliceBytes = 32 * 1024 * 1024;
constexpr std::size_t kStretchBytesMin = 1024 * 1024;
constexpr std::size_t kInPlaceBlocks = 32 * 1024 * 1024 / kSha256BlockBytes;
constexpr std::size_t kLanesMax = 16 * 1024;  // a multiple of every form's lanes_per_group
constexpr std::size_t kTailBytes = ASSAY_TAIL_BLOCKS * kSha256BlockBytes;

// A lane may be as slow as this, and a launch takes as long as its longest.
constexpr std::uint64_t kLaneBlocksPerSecondMin = 25'000'000 / kSha256BlockBytes;

bool is_cpu(const cl::Device& device) {
    return (device.getInfo<CL_DEVICE_TYPE>() & CL_DEVICE_TYPE_CPU) != 0;
}

std::size_t blocks_for(const cl::Device& device) {
    const std::size_t bytes = device.getInfo<CL_DEVICE_MAX_MEM_ALLOC_SIZE>();
    return std::min(bytes, is_cpu(device) ? kCpuSliceBytes : kSliceBytes) / kSha256BlockBytes;
}

// Whether the device is this processor, reading and writing the host's memory while the host does:
// what OpenCL 2 calls fine-grained sharing. Only such a device can be lent memory and made to give
// it back.
bool shares_memory(const cl::Device& device) {
    constexpr cl_device_info kSvmCapabilities = 0x1053;  // CL_DEVICE_SVM_CAPABILITIES
    constexpr cl_bitfield kFineGrained = 1 << 1;         // CL_DEVICE_SVM_FINE_GRAIN_BUFFER
    cl_bitfield capabilities = 0;
    return is_cpu(device) &&
           clGetDeviceInfo(device(), kSvmCapabilities, sizeof capabilities, &capabilities,
                           nullptr) == CL_SUCCESS &&
           (capabilities & kFineGrained) != 0;
}

std::size_t lanes_wanted(const cl::Device& device, const KernelForm& form) {
    return 2 * form.lanes_per_group() * device.getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>();
}

cl_mem_flags gate_flags(bool shared) {
    constexpr cl_mem_flags kCopied = CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR;
    constexpr cl_mem_flags kShared = CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR;
    return shared ? kShared : kCopied;
}

std::size_t round_up(std::size_t n, std::size_t unit) { return (n + unit - 1) / unit * unit; }

}  // namespace

MessageHasher::MessageHasher(OpenDevice& device, const KernelForm& form)
    : form_{form},
      context_{device.context()},
      unified_{device.device().getInfo<CL_DEVICE_HOST_UNIFIED_MEMORY>() == CL_TRUE},
      shares_{unified_ && shares_memory(device.device())},
      stretch_limits_{kStretchBytesMin, lanes_wanted(device.device(), form),
                      device.device().getInfo<CL_DEVICE_MAX_MEM_ALLOC_SIZE>()},
      blocks_max_{blocks_for(device.device())},
      queue_{device.make_queue()},
      uploads_{device.make_queue()},
      kernel_{device.kernel(form_, form_.name_of("sha256_messages"))},
      states_{context_, CL_MEM_READ_WRITE, kLanesMax * sizeof(Sha256State)},
      gate_buffer_{context_, gate_flags(shares_), sizeof(AssayGate), gate_.get()} {
    for (Slot& slot : slots_) make_slot(slot);
    kernel_.setArg(3, states_);
    kernel_.setArg(5, gate_buffer_);
}

MessageHasher::~MessageHasher() {
    try {
        queue_.finish();
        uploads_.finish();
    } catch (const cl::Error&) {
        // A device that is lost runs nothing any more.
    }
}

void MessageHasher::make_slot(Slot& slot) {
    const std::size_t bytes = blocks_max_ * kSha256BlockBytes;
    const cl_mem_flags placed = unified_ ? CL_MEM_ALLOC_HOST_PTR : 0;
    slot.data = cl::Buffer(context_, CL_MEM_READ_ONLY | placed, bytes);
    slot.entries = cl::Buffer(context_, CL_MEM_READ_ONLY, kLanesMax * sizeof(AssayMessage));
    slot.tails = cl::Buffer(context_, CL_MEM_READ_ONLY, kLanesMax * kTailBytes);
    slot.host_tails.resize(kLanesMax * kTailBytes);
    if (unified_) return;
    slot.staging = cl::Buffer(context_, CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR, bytes);
    slot.mapped = static_cast<std::byte*>(
        uploads_.enqueueMapBuffer(slot.staging, CL_TRUE, CL_MAP_WRITE, 0, bytes));
}

void MessageHasher::hash(std::span<const ByteView> messages,
                         std::span<Sha256Digest> digests,
                         DeviceCall& call) {
    open_gate();
    std::vector<Stretch> stretches;
    call.with_caller_memory([&] {
        if (shares_) stretches = find_stretches(messages, stretch_limits_);
        if (shares_) return;
        stretches.resize(1);
        stretches[0].messages.resize(messages.size());
        std::iota(stretches[0].messages.begin(), stretches[0].messages.end(), std::size_t{0});
    });
    for (Stretch& stretch : stretches) {
        std::optional<cl::Buffer> in_place;
        std::optional<MessagePacker> packer;
        if (stretch.begin != nullptr) {
            call.lend_caller_memory([gate = gate_] { close_gate(*gate); });
            // OpenCL 1.2 has no pointer to const here; the kernel reads.
            in_place.emplace(context_, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR,
                             static_cast<std::size_t>(stretch.end - stretch.begin),
                             const_cast<std::byte*>(stretch.begin));
        }
        const std::size_t blocks = in_place ? kInPlaceBlocks : blocks_max_;
        call.with_caller_memory(
            [&] { packer.emplace(messages, std::move(stretch), blocks, kLanesMax); });
        hash_stretch(*packer, digests, in_place, call);
        call.end_loan();
    }
}

void MessageHasher::hash_stretch(MessagePacker& packer,
                                 std::span<Sha256Digest> digests,
                                 const std::optional<cl::Buffer>& in_place,
                                 DeviceCall& call) {
    const bool maps = unified_ && !in_place;
    bool more = false;
    call.with_caller_memory([&] { more = packer.next_wave(); });
    while (more) {
        start_wave(packer.lanes().size());
        for (std::size_t turn = 0;; ++turn) {
            Slot& slot = slots_[turn % slots_.size()];
            wait_for(slot, call);
            if (maps) map(slot);
            call.with_caller_memory(
                [&] { more = packer.next_slice(slot.mapped, slot.host_tails.data()); });
            if (more) {
                launch(slot, packer, in_place);
                continue;
            }
            if (maps) uploads_.enqueueUnmapMemObject(slot.data, slot.mapped);
            break;
        }
        finish_wave(packer, digests, call);
        call.with_caller_memory([&] { more = packer.next_wave(); });
    }
}

// Launches of a call whose caller has left may still wait for the gate: none must find it open.
void MessageHasher::open_gate() {
    const std::atomic_ref closed(gate_->closed);
    if (closed == 0) return;
    queue_.finish();
    closed = 0;
}

// What is inside is a few milliseconds of work that waits for nothing.
void MessageHasher::close_gate(AssayGate& gate) noexcept {
    std::atomic_ref(gate.closed) = 1;
    while (std::atomic_ref(gate.inside) != 0) std::this_thread::yield();
}

void MessageHasher::start_wave(std::size_t lanes) {
    lanes_ = round_up(lanes, form_.lanes_per_group());
    state_words_.resize(8 * lanes_);
    for (std::size_t i = 0; i < 8; ++i) {
        std::fill_n(state_words_.begin() + static_cast<std::ptrdiff_t>(i * lanes_), lanes_,
                    kSha256Initial.words[i]);
    }
    queue_.enqueueWriteBuffer(states_, CL_TRUE, 0, lanes_ * sizeof(Sha256State),
                              state_words_.data());
}

void MessageHasher::wait_for(Slot& slot, DeviceCall& call) {
    if (slot.done() == nullptr) return;
    std::uint64_t blocks = 0;
    for (const Slot& other : slots_) blocks += other.blocks_longest;
    call.expect_answer_within(
        kAnswerTime + std::chrono::nanoseconds(blocks * 1'000'000'000 / kLaneBlocksPerSecondMin));
    slot.done.wait();
    slot.done = cl::Event();
    slot.blocks_longest = 0;
}

void MessageHasher::map(Slot& slot) {
    slot.mapped = static_cast<std::byte*>(uploads_.enqueueMapBuffer(
        slot.data, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0, blocks_max_ * kSha256BlockBytes));
}

void MessageHasher::launch(Slot& slot,
                           const MessagePacker& packer,
                           const std::optional<cl::Buffer>& in_place) {
    const std::size_t live = packer.entries().size();
    const std::size_t groups = round_up(live, form_.lanes_per_group()) / form_.lanes_per_group();
    slot.host_entries.assign(packer.entries().begin(), packer.entries().end());
    const std::size_t read = form_.pipeline ? lanes_ : groups * form_.lanes_per_group();
    slot.host_entries.resize(read, AssayMessage{0, 0, 0});
    const AssayMessage& longest = slot.host_entries.front();
    slot.blocks_longest = longest.whole_blocks + longest.tail_blocks;

    cl::Event sent;
    uploads_.enqueueWriteBuffer(slot.entries, CL_FALSE, 0,
                                slot.host_entries.size() * sizeof(AssayMessage),
                                slot.host_entries.data());
    uploads_.enqueueWriteBuffer(slot.tails, CL_FALSE, 0, live * kTailBytes, slot.host_tails.data(),
                                nullptr, &sent);
    if (!in_place && unified_) {
        uploads_.enqueueUnmapMemObject(slot.data, slot.mapped, nullptr, &sent);
    } else if (!in_place) {
        const std::size_t bytes =
            std::max<std::size_t>(packer.blocks_used(), 1) * kSha256BlockBytes;
        uploads_.enqueueWriteBuffer(slot.data, CL_FALSE, 0, bytes, slot.mapped, nullptr, &sent);
    }
    uploads_.flush();

    kernel_.setArg(0, in_place ? *in_place : slot.data);
    kernel_.setArg(1, slot.entries);
    kernel_.setArg(2, slot.tails);
    kernel_.setArg(4, static_cast<cl_uint>(lanes_));
    const std::vector<cl::Event> after = {sent};
    queue_.enqueueNDRangeKernel(kernel_, cl::NullRange,
                                cl::NDRange(form_.pipeline ? 1 : groups * form_.group_size),
                                cl::NDRange(form_.group_size), &after, &slot.done);
    queue_.flush();
}

void MessageHasher::finish_wave(const MessagePacker& packer,
                                std::span<Sha256Digest> digests,
                                DeviceCall& call) {
    for (Slot& slot : slots_) wait_for(slot, call);
    queue_.enqueueReadBuffer(states_, CL_TRUE, 0, lanes_ * sizeof(Sha256State),
                             state_words_.data());
    call.with_caller_memory([&] {
        const auto lanes = packer.lanes();
        for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
            Sha256State state;
            for (std::size_t i = 0; i < 8; ++i) state.words[i] = state_words_[i * lanes_ + lane];
            digests[lanes[lane]] = to_digest(state);
        }
    });
}

}  // namespace assay::compute::opencl
