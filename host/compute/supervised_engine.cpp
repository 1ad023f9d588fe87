#include "host/compute/supervised_engine.hpp"

#include <algorithm>

#include "host/compute/self_test.hpp"

namespace assay::compute {
namespace {

// What the caller did, and not the engine.
bool of_caller(const Error& error) {
    return error.is(std::errc::invalid_argument) || error.is(std::errc::operation_canceled);
}

}  // namespace

std::string_view to_string(EngineState state) noexcept {
    switch (state) {
        case EngineState::kUntested:
            return "untested";
        case EngineState::kReady:
            return "ready";
        case EngineState::kDropped:
            return "dropped";
    }
    return "unknown";
}

Result<void> SupervisedEngine::hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) {
    if (!serves_) {
        if (auto tested = test(); !tested) return tested;
    }
    auto done = hash_->hash_batch(messages, digests);
    if (!done && !of_caller(done.error())) drop(done.error());
    return done;
}

Result<PowResult> SupervisedEngine::search(const PowWork& work, std::stop_token stop) {
    if (!serves_) {
        if (auto tested = test(); !tested) return fail(std::move(tested).error());
    }
    auto result = pow_->search(work, std::move(stop));
    if (!result && !of_caller(result.error())) drop(result.error());
    return result;
}

Result<void> SupervisedEngine::test() {
    const auto known = [&]() -> std::optional<Result<void>> {
        const std::scoped_lock lock(mutex_);
        if (state_ == EngineState::kUntested) return std::nullopt;
        if (state_ == EngineState::kReady) return Result<void>();
        return fail(std::errc::no_such_device, info().name + " is dropped: " + problem_);
    };
    if (auto result = known()) return std::move(*result);
    const std::scoped_lock testing(testing_);
    if (auto result = known()) return std::move(*result);
    return run_self_test();
}

Result<void> SupervisedEngine::run_self_test() {
    auto tested = self_test(*hash_);
    if (tested) tested = self_test(*pow_);
    if (!tested) {
        drop(tested.error());
        return tested;
    }
    const std::scoped_lock lock(mutex_);
    state_ = EngineState::kReady;
    retry_after_ = std::chrono::milliseconds(0);
    due_ = Clock::now() + times_.self_test_every;
    serves_ = true;
    return {};
}

void SupervisedEngine::drop(const Error& error) {
    const std::scoped_lock lock(mutex_);
    serves_ = false;
    state_ = EngineState::kDropped;
    problem_ = error.to_string();
    ++failures_;
    retry_after_ = std::clamp(retry_after_ * 2, times_.retry_first, times_.retry_max);
    due_ = Clock::now() + retry_after_;
}

EngineHealth SupervisedEngine::health() const {
    const std::scoped_lock lock(mutex_);
    EngineHealth health;
    health.state = state_;
    health.problem = problem_;
    health.failures = failures_;
    if (state_ == EngineState::kDropped) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(due_ - Clock::now());
        health.retry_in = std::max(left, std::chrono::milliseconds(0));
    }
    return health;
}

Result<EngineRates> SupervisedEngine::rates() {
    {
        const std::scoped_lock lock(mutex_);
        rates_wanted_ = true;  // also of an engine that has yet to come back
    }
    if (auto tested = test(); !tested) return fail(std::move(tested).error());
    const std::scoped_lock testing(testing_);
    {
        const std::scoped_lock lock(mutex_);
        if (!rates_) rates_ = cache_.find(info());
        if (rates_) return *rates_;
    }
    return measure();
}

Result<EngineRates> SupervisedEngine::measure() {
    auto measured = measure_rates(*hash_, *pow_);
    if (!measured) {
        drop(measured.error());
        return measured;
    }
    cache_.keep(info(), *measured);
    const std::scoped_lock lock(mutex_);
    rates_ = *measured;
    return measured;
}

EngineRates SupervisedEngine::known_rates() const {
    const std::scoped_lock lock(mutex_);
    return rates_.value_or(EngineRates{});
}

SupervisedEngine::Clock::time_point SupervisedEngine::supervise() {
    const std::scoped_lock testing(testing_);
    bool due = false;
    bool rates_wanted = false;
    {
        const std::scoped_lock lock(mutex_);
        due = state_ != EngineState::kUntested && Clock::now() >= due_;
        rates_wanted = rates_wanted_;
    }
    if (due && run_self_test() && rates_wanted) static_cast<void>(measure());
    const std::scoped_lock lock(mutex_);
    return due_;
}

}  // namespace assay::compute
