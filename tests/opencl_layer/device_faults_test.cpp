// What becomes of an OpenCL device that answers wrongly, hangs, runs out of resources or vanishes.
// The faults are made by our layer between the ICD loader and the driver: the runtime under test is
// all real.
#include <chrono>
#include <cstdlib>
#include <future>
#include <thread>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "host/compute/combined_engine.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/compute/opencl/opencl_engine.hpp"
#include "host/compute/self_test.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/opencl_layer/fault_layer.hpp"
#include "tests/support/opencl.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;
using test::Fault;
using Clock = std::chrono::steady_clock;

// Promised within a second; the rest is for machines that do other things too.
constexpr auto kDropTime = 1500ms;

class DeviceFaults : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        setenv("OPENCL_LAYERS", ASSAY_FAULT_LAYER, 1);
        cache_ = std::make_unique<test::TempDir>();
        programs_ = std::make_shared<opencl::ProgramStore>(
            opencl::ProgramStore::open(cache_->path(), {}).value());
    }
    static void TearDownTestSuite() { cache_.reset(); }

    void SetUp() override {
        auto found = opencl::find_opencl_engines(programs_);
        ASSAY_SKIP_WITHOUT_OPENCL(found, found.error().to_string());
        raw_ = std::move(found->front());
        void* const layer = dlopen(ASSAY_FAULT_LAYER, RTLD_NOW | RTLD_NOLOAD);
        ASSERT_NE(layer, nullptr) << "the ICD loader has not loaded the layer";
        set_fault_ = reinterpret_cast<decltype(set_fault_)>(dlsym(layer, "assay_layer_set_fault"));
        calls_ = reinterpret_cast<decltype(calls_)>(dlsym(layer, "assay_layer_calls"));
        hanging_ = reinterpret_cast<decltype(hanging_)>(dlsym(layer, "assay_layer_hanging"));
        ASSERT_TRUE(set_fault_ != nullptr && calls_ != nullptr && hanging_ != nullptr);
    }
    void TearDown() override {
        if (set_fault_ != nullptr) inject(Fault::kNone);
    }

    void inject(Fault fault, unsigned word = 0) { set_fault_(static_cast<int>(fault), word); }

    SupervisedEngine& supervised() {
        if (!device_) {
            Supervision times;
            times.retry_first = 50ms;
            device_ = std::make_unique<SupervisedEngine>(std::move(raw_), times, no_cache_);
            processor_ = std::make_unique<SupervisedEngine>(
                std::make_unique<CpuEngine>(portable_backend(), 1), times, no_cache_);
            EXPECT_TRUE(device_->rates() && processor_->rates());
        }
        return *device_;
    }
    // The device as an accelerator beside a processor.
    CombinedEngine combined() {
        supervised();
        return CombinedEngine({{device_.get(), 1}, {processor_.get(), 0}});
    }

    // Tests the device again until it serves, as the registry's thread would.
    void expect_recovery() {
        inject(Fault::kNone);
        const auto deadline = Clock::now() + 30s;
        while (!device_->serves() && Clock::now() < deadline) {
            const auto next = device_->supervise();
            if (!device_->serves()) std::this_thread::sleep_until(std::min(next, deadline));
        }
        EXPECT_TRUE(device_->serves()) << device_->health().problem;
    }

    static std::vector<ByteView> batch(const Bytes& bytes, std::size_t count) {
        return std::vector<ByteView>(count, ByteView(bytes));
    }

    static PowWork easy_work() {
        PowWork work;
        work.target[29] = std::byte{0xff};
        work.target[28] = std::byte{0xff};
        work.version_mask = 0x1fffe000;
        work.version_roll_count = 16;
        work.nonce_count = 1 << 20;
        return work;
    }

    static inline std::unique_ptr<test::TempDir> cache_;
    static inline std::shared_ptr<const opencl::ProgramStore> programs_;

    const RateCache no_cache_;
    std::unique_ptr<opencl::OpenClEngine> raw_;
    std::unique_ptr<SupervisedEngine> device_, processor_;
    void (*set_fault_)(int, unsigned) = nullptr;
    unsigned (*calls_)() = nullptr;
    unsigned (*hanging_)() = nullptr;
};

TEST_F(DeviceFaults, WithoutAFaultTheLayerLetsEverythingThrough) {
    const unsigned before = calls_();
    EXPECT_TRUE(self_test(static_cast<HashEngine&>(*raw_)));
    EXPECT_TRUE(self_test(static_cast<PowEngine&>(*raw_)));
    EXPECT_GT(calls_(), before + 100);
}

TEST_F(DeviceFaults, TheSelfTestFindsAWrongBitInAnyWordOfAnyLane) {
    ASSERT_TRUE(raw_->open());
    for (unsigned word = 0; word < 8 * 64; ++word) {
        inject(Fault::kWrongWord, word);
        const auto tested = self_test(static_cast<HashEngine&>(*raw_));
        EXPECT_FALSE(tested) << "word " << word;
    }
    EXPECT_FALSE(self_test(static_cast<PowEngine&>(*raw_)));
}

TEST_F(DeviceFaults, AWrongNonceDropsTheDeviceAndTheSearchEndsElsewhere) {
    const PowWork work = easy_work();
    CombinedEngine engine = combined();
    const auto expected = processor_->search(work, {});
    ASSERT_TRUE(expected && expected->hit);
    inject(Fault::kWrongWord);
    EXPECT_FALSE(device_->search(work, {}));
    EXPECT_EQ(device_->health().state, EngineState::kDropped);
    EXPECT_NE(device_->health().problem.find("does not meet the target"), std::string::npos)
        << device_->health().problem;
    const auto result = engine.search(work, {});
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(result->hit, expected->hit);
    expect_recovery();
    EXPECT_EQ(engine.search(work, {})->hit, expected->hit);
}

TEST_F(DeviceFaults, AWrongDigestDropsTheDevice) {
    const Bytes bytes(1000, std::byte{7});
    const auto messages = batch(bytes, 1);
    std::vector<Sha256Digest> digests(1);
    supervised();
    inject(Fault::kWrongWord);  // of the first lane
    const auto done = device_->hash_batch(messages, digests);
    ASSERT_FALSE(done);
    EXPECT_NE(done.error().context().find("digest of message 0"), std::string::npos)
        << done.error().to_string();
    EXPECT_FALSE(device_->hash_batch(messages, digests));
    EXPECT_EQ(device_->health().state, EngineState::kDropped);
    expect_recovery();
    EXPECT_TRUE(device_->hash_batch(messages, digests));
    EXPECT_EQ(digests[0], crypto::sha256(bytes));
}

TEST_F(DeviceFaults, AHangIsNoticedWithinASecondAndItsBatchIsDoneElsewhere) {
    const Bytes bytes(1 << 16, std::byte{1});
    const auto messages = batch(bytes, 256);
    std::vector<Sha256Digest> digests(messages.size());
    CombinedEngine engine = combined();
    inject(Fault::kHang);
    auto started = Clock::now();
    EXPECT_FALSE(device_->hash_batch(messages, digests));
    EXPECT_LT(Clock::now() - started, kDropTime);
    EXPECT_NE(device_->health().problem.find("hangs"), std::string::npos);

    started = Clock::now();
    EXPECT_FALSE(device_->hash_batch(messages, digests)) << "it is not touched again";
    EXPECT_LT(Clock::now() - started, 100ms);
    ASSERT_TRUE(engine.hash_batch(messages, digests));
    EXPECT_EQ(digests.back(), crypto::sha256(bytes));
    expect_recovery();
    EXPECT_TRUE(device_->hash_batch(messages, digests));
}

TEST_F(DeviceFaults, ASearchOnAHangingDeviceGoesOnElsewhere) {
    PowWork work = easy_work();
    CombinedEngine engine = combined();
    const auto expected = processor_->search(work, {});
    ASSERT_TRUE(expected && expected->hit);
    inject(Fault::kHang);
    const auto result = engine.search(work, {});
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(result->hit, expected->hit);
    expect_recovery();
}

TEST_F(DeviceFaults, ThreadsLeftBehindAreBoundedAndEndWhenTheDeviceAnswers) {
    ASSERT_TRUE(raw_->open());
    const Bytes bytes(100);
    const auto messages = batch(bytes, 1);
    inject(Fault::kHang);
    std::string problem;
    for (int i = 0; i < 4 && problem.find("not returned") == std::string::npos; ++i) {
        std::vector<Sha256Digest> digests(1);
        const auto done = raw_->hash_batch(messages, digests);
        ASSERT_FALSE(done);
        problem = done.error().to_string();
    }
    EXPECT_NE(problem.find("2 calls that have not returned"), std::string::npos) << problem;
    inject(Fault::kNone);
    std::vector<Sha256Digest> digests(1);
    const auto deadline = Clock::now() + 30s;
    auto done = raw_->hash_batch(messages, digests);
    while (!done && Clock::now() < deadline) {
        std::this_thread::yield();
        done = raw_->hash_batch(messages, digests);
    }
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_EQ(digests[0], crypto::sha256(bytes));
}

TEST_F(DeviceFaults, AStopGetsThroughThoughTheDeviceHangs) {
    ASSERT_TRUE(raw_->open());
    std::stop_source stop;
    auto search = std::async(std::launch::async, [&] {
        return raw_->search(PowWork(), stop.get_token());  // no hash meets target 0
    });
    inject(Fault::kHang);
    while (hanging_() == 0) std::this_thread::yield();
    const auto asked = Clock::now();
    stop.request_stop();
    const auto result = search.get();
    EXPECT_LT(Clock::now() - asked, 500ms);  // well below the time a hang takes to be noticed
    EXPECT_TRUE(result) << result.error().to_string();
}

TEST_F(DeviceFaults, OutOfResourcesAndALostDeviceAreDroppedAndComeBack) {
    const PowWork work = easy_work();
    CombinedEngine engine = combined();
    const auto expected = processor_->search(work, {});
    ASSERT_TRUE(expected);
    for (const auto& [fault, text] : {std::pair(Fault::kOutOfResources, "out of device resources"),
                                      std::pair(Fault::kLostDevice, "device not available")}) {
        inject(fault);
        const auto result = device_->search(work, {});
        ASSERT_FALSE(result);
        EXPECT_NE(result.error().context().find(text), std::string::npos)
            << result.error().to_string();
        EXPECT_EQ(engine.search(work, {})->hit, expected->hit);
        EXPECT_FALSE(device_->serves());
        std::this_thread::sleep_until(Clock::now() + device_->health().retry_in);
        device_->supervise();
        EXPECT_EQ(device_->health().state, EngineState::kDropped) << "it still fails";
        expect_recovery();
        EXPECT_EQ(device_->search(work, {})->hit, expected->hit);
    }
    EXPECT_GE(device_->health().failures, 4U);
}

}  // namespace
}  // namespace assay::compute
