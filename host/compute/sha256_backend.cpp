#include "host/compute/sha256_backend.hpp"

#include <algorithm>
#include <array>

namespace assay::compute {
namespace {

constexpr std::size_t kStreamsMax = 32;

// One message on its way through a lane: first its whole blocks where they lie, then the one or two
// blocks of rest and padding, built in `tail`.
struct Lane {
    Sha256State state;
    const std::byte* next;
    std::size_t blocks_left;
    bool in_tail;
    std::size_t message;
    std::array<std::byte, 2 * kSha256BlockBytes> tail;

    void start(std::size_t index, ByteView bytes) noexcept {
        state = kSha256Initial;
        message = index;
        next = bytes.data();
        blocks_left = bytes.size() / kSha256BlockBytes;
        in_tail = false;
        if (blocks_left == 0) enter_tail(bytes);
    }

    void enter_tail(ByteView bytes) noexcept {
        const ByteView rest = bytes.subspan(bytes.size() - bytes.size() % kSha256BlockBytes);
        tail.fill(std::byte{0});
        std::copy(rest.begin(), rest.end(), tail.begin());
        tail[rest.size()] = std::byte{0x80};
        blocks_left = rest.size() + 1 + 8 <= kSha256BlockBytes ? 1 : 2;
        const std::uint64_t bits = std::uint64_t{bytes.size()} * 8;
        std::byte* const end = tail.data() + blocks_left * kSha256BlockBytes;
        for (int i = 0; i < 8; ++i) end[-1 - i] = static_cast<std::byte>((bits >> (8 * i)) & 0xff);
        next = tail.data();
        in_tail = true;
    }
};

// `count` streams in as few passes of at most `most` as it takes, all about as wide.
std::size_t even_width(std::size_t count, std::size_t most) noexcept {
    const std::size_t passes = (count + most - 1) / most;
    return (count + passes - 1) / passes;
}

// With how many streams to begin a batch of so many messages: as long as they last, none is better
// left to `fewer`.
std::size_t width_for(const Sha256Backend& backend, std::size_t messages) noexcept {
    if (messages >= backend.streams_max && backend.streams_step > 1) return backend.streams_max;
    if (backend.streams_step == 1) return even_width(messages, backend.streams_max);
    if (backend.fewer == nullptr) return messages;
    if (messages < backend.streams_min) return even_width(messages, backend.fewer->streams_max);
    const std::size_t rest = messages % backend.streams_step;
    return messages > rest && rest < backend.streams_min ? messages - rest : messages;
}

void compress(const Sha256Backend& backend,
              Sha256State* const* states,
              const std::byte* const* messages,
              std::size_t count,
              std::size_t blocks) noexcept {
    if (backend.fewer == nullptr || count >= backend.streams_min) {
        return backend.compress(states, messages, count, blocks);
    }
    const std::size_t width = even_width(count, backend.fewer->streams_max);
    for (std::size_t i = 0; i < count; i += width) {
        backend.fewer->compress(states + i, messages + i, std::min(width, count - i), blocks);
    }
}

// What this processor can run.
class Usable {
  public:
    Usable() noexcept {
        [[maybe_unused]] const CpuFeatures features = detect_cpu_features();
#if defined(__x86_64__)
        if (features.avx512) {
            if (features.sha_ni) avx512_.fewer = &kShaniBackend;
            add(avx512_);
        }
        if (features.sha_ni) add(kShaniBackend);
        if (features.avx2) add(kAvx2Backend);
#elif defined(__aarch64__)
        if (features.arm_sha2) add(kArmv8Backend);
#endif
        add(kPortableBackend);
    }

    [[nodiscard]] std::span<const Sha256Backend* const> list() const noexcept {
        return std::span(list_).first(count_);
    }

  private:
    void add(const Sha256Backend& backend) noexcept { list_[count_++] = &backend; }

#if defined(__x86_64__)
    Sha256Backend avx512_ = kAvx512Backend;
#endif
    std::array<const Sha256Backend*, 4> list_{};
    std::size_t count_ = 0;
};

}  // namespace

const Sha256Backend& portable_backend() noexcept { return kPortableBackend; }

std::span<const Sha256Backend* const> usable_backends() noexcept {
    static const Usable usable;
    return usable.list();
}

void hash_messages(const Sha256Backend& backend,
                   std::span<const ByteView> messages,
                   std::span<Sha256Digest> digests) noexcept {
    std::array<Lane, kStreamsMax> lanes;
    std::array<Lane*, kStreamsMax> active{};
    const std::size_t width = messages.empty() ? 0 : width_for(backend, messages.size());
    std::size_t count = 0;
    std::size_t next = 0;
    for (; count < width && next < messages.size(); ++next) {
        active[count] = &lanes[count];
        active[count++]->start(next, messages[next]);
    }
    while (count > 0) {
        // As far as the shortest goes.
        std::array<Sha256State*, kStreamsMax> states{};
        std::array<const std::byte*, kStreamsMax> inputs{};
        std::size_t blocks = active[0]->blocks_left;
        for (std::size_t i = 0; i < count; ++i) {
            states[i] = &active[i]->state;
            inputs[i] = active[i]->next;
            blocks = std::min(blocks, active[i]->blocks_left);
        }
        compress(backend, states.data(), inputs.data(), count, blocks);
        for (std::size_t i = count; i-- > 0;) {
            Lane& lane = *active[i];
            lane.next += blocks * kSha256BlockBytes;
            lane.blocks_left -= blocks;
            if (lane.blocks_left > 0) continue;
            if (!lane.in_tail) {
                lane.enter_tail(messages[lane.message]);
                continue;
            }
            digests[lane.message] = to_digest(lane.state);
            if (next < messages.size()) {
                lane.start(next, messages[next]);
                ++next;
            } else {
                active[i] = active[--count];
            }
        }
    }
}

}  // namespace assay::compute
