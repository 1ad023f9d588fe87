// A caller who gives a hash up may free his messages at once, though the device reads them in
// place.

#include <chrono>
#include <thread>

#include <sys/mman.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/kernels/all_forms.hpp"

namespace assay::compute::opencl {
namespace {

using namespace std::chrono_literals;

// Messages of 256 KiB, side by side, in memory that can be taken away.
class Messages {
  public:
    Messages() {
        for (std::size_t at = 0; at < kBytes; at += 64) memory_[at] = std::byte(at >> 18 & 0xff);
        for (std::size_t at = 0; at < kBytes; at += kMessage) {
            views_.push_back(ByteView(memory_ + at, kMessage));
        }
    }
    Messages(const Messages&) = delete;
    Messages& operator=(const Messages&) = delete;
    ~Messages() { ::munmap(memory_, kBytes); }

    // Whoever touches the messages now is killed.
    void take_away() { ::mprotect(memory_, kBytes, PROT_NONE); }
    void give_back() { ::mprotect(memory_, kBytes, PROT_READ | PROT_WRITE); }
    [[nodiscard]] std::span<const ByteView> views() const { return views_; }

  private:
    static constexpr std::size_t kMessage = 256 * 1024;
    static constexpr std::size_t kBytes = 96 * kMessage;
    std::byte* const memory_ = static_cast<std::byte*>(
        ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::vector<ByteView> views_;
};

TEST(LentMemory, IsNotReadAfterTheCallerHasLeft) {
    const auto device = any_device();
    ASSAY_SKIP_WITHOUT_OPENCL(device, "no platform or no device");
    const ProgramStore compiling;
    OpenForm form(*device, compiling, form_for(*device));
    Messages messages;
    std::vector<Sha256Digest> digests(messages.views().size());
    int left_early = 0;
    for (auto delay = 0us; delay < 12ms; delay += 600us) {
        DeviceCall call;
        bool complete = false;
        std::thread hashing([&] {
            try {
                form.hasher.hash(messages.views(), digests, call);
                complete = true;
            } catch (const CallerLeft&) {
                complete = false;
            }
        });
        std::this_thread::sleep_for(delay);
        call.leave();
        messages.take_away();
        hashing.join();
        messages.give_back();
        left_early += complete ? 0 : 1;

        // The next caller is served as ever.
        DeviceCall next;
        form.hasher.hash(messages.views(), digests, next);
        EXPECT_EQ(to_hex(digests.back().view()),
                  to_hex(crypto::sha256(messages.views().back()).view()));
    }
    EXPECT_GT(left_early, 0);
}

TEST(LentMemory, IsTakenBackOnlyWhileItIsOut) {
    int taken_back = 0;
    DeviceCall ended;
    ended.lend_caller_memory([&] { ++taken_back; });
    ended.end_loan();
    ended.leave();
    EXPECT_EQ(taken_back, 0);

    DeviceCall left;
    left.lend_caller_memory([&] { ++taken_back; });
    left.leave();
    left.leave();
    EXPECT_EQ(taken_back, 1);
    EXPECT_THROW(left.lend_caller_memory([] {}), CallerLeft);
    EXPECT_THROW(left.with_caller_memory([] {}), CallerLeft);
}

}  // namespace
}  // namespace assay::compute::opencl
