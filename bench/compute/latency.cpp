#include "bench/compute/latency.hpp"

#include <future>
#include <random>
#include <thread>

#include "bench/compute/contenders.hpp"
#include "host/compute/miner.hpp"

namespace assay::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kBlockBytes = 1 << 20;

compute::PowWork endless_work() {
    compute::PowWork work;  // target zero: no hash meets it
    work.version_mask = 0x1fffe000;
    work.version_roll_count = 1 << 16;
    return work;
}

void hash_blocks(compute::HashEngine& hash, double seconds, std::vector<double>& samples_ms) {
    std::mt19937 random(static_cast<std::mt19937::result_type>(samples_ms.size()));
    std::uniform_real_distribution<double> pause_ms(0.5, 3);
    const Messages block(1, kBlockBytes);
    Sha256Digest digest;
    const auto end = Clock::now() + std::chrono::duration<double>(seconds);
    while (Clock::now() < end) {
        // From when the block is there, not from when the thread gets to run.
        const auto due = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                            Milliseconds(pause_ms(random)));
        std::this_thread::sleep_until(due);
        const auto hashed = hash.hash_batch(block.views(), std::span(&digest, 1));
        if (hashed) samples_ms.push_back(Milliseconds(Clock::now() - due).count());
    }
}

}  // namespace

std::vector<double> cancel_ms(compute::PowEngine& engine, int samples) {
    std::mt19937 random(1);
    std::uniform_real_distribution<double> until_ms(1, 40);
    std::vector<double> taken_ms;
    for (int i = 0; i < samples; ++i) {
        std::stop_source stop;
        auto search = std::async(std::launch::async,
                                 [&] { return engine.search(endless_work(), stop.get_token()); });
        std::this_thread::sleep_for(Milliseconds(until_ms(random)));
        const Cost asked = now();
        stop.request_stop();
        if (search.get()) taken_ms.push_back((now() - asked).wall_s * 1000);
    }
    return taken_ms;
}

HashLatency hash_latency(compute::HashEngine& hash,
                         compute::PowEngine& pow,
                         double share,
                         int turns,
                         double turn_s) {
    HashLatency latency;
    const compute::WorkSource source = [](std::uint64_t) { return std::optional(endless_work()); };
    for (int turn = 0; turn < turns; ++turn) {
        hash_blocks(hash, turn_s, latency.idle_ms);
        compute::Miner miner(pow, share);
        std::stop_source stop;
        auto mined = std::async(std::launch::async,
                                [&] { return miner.mine(source, 0, stop.get_token()); });
        hash_blocks(hash, turn_s, latency.mining_ms);
        stop.request_stop();
        mined.wait();
    }
    return latency;
}

}  // namespace assay::bench
