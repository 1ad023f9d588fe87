// When an engine is dropped, and when it serves again. Devices that really fail are in
// tests/opencl_layer.
#include "host/compute/supervised_engine.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

#include "host/compute/combined_engine.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::compute {
namespace {

using namespace std::chrono_literals;

struct Switches {
    std::atomic<bool> fails = false;
    std::atomic<bool> lies = false;
    std::atomic<int> batches = 0;
};

// The processor's engine, with a switch.
class SwitchedEngine final : public HashEngine, public PowEngine {
  public:
    explicit SwitchedEngine(std::shared_ptr<Switches> switches) : switches_{std::move(switches)} {}
    const EngineInfo& info() const noexcept override { return info_; }
    Result<void> hash_batch(std::span<const ByteView> messages,
                            std::span<Sha256Digest> digests) override {
        ++switches_->batches;
        if (switches_->fails) return fail(std::errc::io_error, "switched off");
        auto done = engine_.hash_batch(messages, digests);
        if (switches_->lies && !digests.empty()) digests.back().bytes[0] ^= std::byte{1};
        return done;
    }
    Result<PowResult> search(const PowWork& work, std::stop_token stop) override {
        if (switches_->fails) return fail(std::errc::io_error, "switched off");
        return engine_.search(work, std::move(stop));
    }

  private:
    EngineInfo info_{"switched", "for tests"};
    CpuEngine engine_{*usable_backends().front(), 1};
    std::shared_ptr<Switches> switches_;
};

class Supervised : public testing::Test {
  protected:
    std::unique_ptr<SupervisedEngine> make(Supervision times) {
        return std::make_unique<SupervisedEngine>(std::make_unique<SwitchedEngine>(switches_),
                                                  times, cache_);
    }
    static Supervision quick() {
        Supervision times;
        times.retry_first = 10ms;
        times.retry_max = 40ms;
        return times;
    }
    Result<void> hash(SupervisedEngine& engine) {
        const ByteView message = as_bytes("message");
        Sha256Digest digest;
        return engine.hash_batch(std::span(&message, 1), std::span(&digest, 1));
    }

    const RateCache cache_;
    std::shared_ptr<Switches> switches_ = std::make_shared<Switches>();
};

TEST_F(Supervised, TestsBeforeTheFirstUse) {
    const auto engine = make(quick());
    EXPECT_EQ(engine->health().state, EngineState::kUntested);
    EXPECT_FALSE(engine->serves());
    EXPECT_TRUE(hash(*engine));
    EXPECT_EQ(engine->health().state, EngineState::kReady);
    EXPECT_GT(switches_->batches, 2) << "the self test, too";
    switches_->lies = true;
    const auto liar = make(quick());
    const auto tested = hash(*liar);
    ASSERT_FALSE(tested);
    EXPECT_NE(tested.error().context().find("self test"), std::string::npos);
}

TEST_F(Supervised, ADroppedEngineIsNotTouchedUntilItIsDueAndThenServesAgain) {
    const auto engine = make(quick());
    ASSERT_TRUE(engine->test());
    switches_->fails = true;
    EXPECT_FALSE(hash(*engine));
    EXPECT_EQ(engine->health().state, EngineState::kDropped);
    EXPECT_EQ(engine->health().failures, 1U);
    const int batches = switches_->batches;
    EXPECT_FALSE(hash(*engine));
    EXPECT_FALSE(engine->search(PowWork(), {}));
    EXPECT_EQ(switches_->batches, batches);

    std::this_thread::sleep_until(engine->supervise());
    auto next = engine->supervise();
    EXPECT_EQ(engine->health().failures, 2U) << "tried again in vain";
    EXPECT_GT(engine->health().retry_in, 0ms);
    switches_->fails = false;
    while (!engine->serves()) {
        std::this_thread::sleep_until(next);
        next = engine->supervise();
    }
    EXPECT_TRUE(hash(*engine));
    EXPECT_NE(engine->health().problem.find("switched off"), std::string::npos) << "is remembered";
}

TEST_F(Supervised, AnEngineThatFailedBeforeItsRatesWereKnownIsMeasuredWhenItComesBack) {
    const auto engine = make(quick());
    switches_->fails = true;
    EXPECT_FALSE(engine->rates());
    switches_->fails = false;
    auto next = engine->supervise();
    while (!engine->serves()) {
        std::this_thread::sleep_until(next);
        next = engine->supervise();
    }
    EXPECT_GT(engine->known_rates().bytes_per_s, 0U);
    EXPECT_GT(engine->known_rates().hashes_per_s, 0U);
}

TEST_F(Supervised, ThePeriodicSelfTestFindsAnEngineThatBeganToLie) {
    Supervision times = quick();
    times.self_test_every = 5ms;
    const auto engine = make(times);
    ASSERT_TRUE(engine->test());
    switches_->lies = true;
    std::this_thread::sleep_until(engine->supervise());
    engine->supervise();
    EXPECT_EQ(engine->health().state, EngineState::kDropped);
}

TEST_F(Supervised, WhatTheCallerDidWrongDropsNothing) {
    const auto engine = make(quick());
    PowWork beyond;
    beyond.first_nonce = 1;
    EXPECT_FALSE(engine->search(beyond, {}));
    EXPECT_TRUE(engine->serves());
}

TEST_F(Supervised, TogetherTheyWorkAsLongAsOneIsLeft) {
    const auto first = make(quick());
    const auto second = std::make_unique<SupervisedEngine>(
        std::make_unique<CpuEngine>(portable_backend(), 1), quick(), cache_);
    ASSERT_TRUE(first->rates() && second->rates());
    CombinedEngine engine({{first.get(), 0}, {second.get(), 1}});
    EXPECT_EQ(engine.info().name, "switched+cpu:portable");
    const Bytes bytes(100'000, std::byte{3});
    const std::vector<ByteView> messages(200, ByteView(bytes));
    for (const bool fails : {false, true}) {
        switches_->fails = fails;
        std::vector<Sha256Digest> digests(messages.size());
        ASSERT_TRUE(engine.hash_batch(messages, digests));
        EXPECT_EQ(std::count(digests.begin(), digests.end(), crypto::sha256(bytes)), 200);
        EXPECT_EQ(first->serves(), !fails);
    }
    EXPECT_EQ(engine.searchers().size(), 1U);
    CombinedEngine alone({{first.get(), 0}});
    std::vector<Sha256Digest> digests(messages.size());
    const auto none = alone.hash_batch(messages, digests);
    ASSERT_FALSE(none);
    EXPECT_NE(none.error().context().find("no engine is left"), std::string::npos);
}

}  // namespace
}  // namespace assay::compute
