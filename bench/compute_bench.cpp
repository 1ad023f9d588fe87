// Mining and bulk hashing on every engine of this machine, and OpenSSL beside them as the
// yardstick. Rates are wall-clock: an engine uses every core, OpenSSL one.

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "host/compute/engine_registry.hpp"
#include "host/crypto/sha256.hpp"

namespace {

using namespace assay;
using namespace assay::compute;

// Hashes or bytes in each second, as the counter `unit`.
void set_rate(benchmark::State& state, const char* unit, double count) {
    state.counters[unit] = benchmark::Counter(count, benchmark::Counter::kIsRate);
}

void mine(benchmark::State& state, PowEngine* engine, std::uint64_t versions) {
    PowWork work;  // target zero: nothing is found
    work.version_mask = 0x1fffe000;
    work.version_roll_count = versions;
    work.nonce_count = (std::uint64_t{1} << 23) / versions;
    double hashes = 0;
    for (auto unused : state) {
        const auto result = engine->search(work, {});
        if (!result) return state.SkipWithError(result.error().to_string().c_str());
        hashes += static_cast<double>(result->hashes_tried);
    }
    set_rate(state, "hashes", hashes);
}

void mine_openssl(benchmark::State& state) {
    HeaderBytes header{};
    double hashes = 0;
    for (auto unused : state) {
        benchmark::DoNotOptimize(crypto::sha256d(header));
        ++hashes;
    }
    set_rate(state, "hashes", hashes);
}

void hash(benchmark::State& state, HashEngine* engine, std::size_t message_bytes) {
    constexpr std::size_t kBatchBytes = 64 << 20;
    const Bytes bytes(kBatchBytes, std::byte{0x5a});
    std::vector<ByteView> messages;
    for (std::size_t at = 0; at < kBatchBytes; at += message_bytes) {
        messages.push_back(ByteView(bytes).subspan(at, message_bytes));
    }
    std::vector<Sha256Digest> digests(messages.size());
    double hashed = 0;
    for (auto unused : state) {
        const auto done = engine->hash_batch(messages, digests);
        if (!done) return state.SkipWithError(done.error().to_string().c_str());
        hashed += static_cast<double>(kBatchBytes);
    }
    set_rate(state, "bytes", hashed);
}

void hash_openssl(benchmark::State& state, std::size_t message_bytes) {
    const Bytes bytes(message_bytes, std::byte{0x5a});
    double hashed = 0;
    for (auto unused : state) {
        benchmark::DoNotOptimize(crypto::sha256(bytes));
        hashed += static_cast<double>(message_bytes);
    }
    set_rate(state, "bytes", hashed);
}

void register_all(Engines& engines) {
    benchmark::RegisterBenchmark("mine/openssl", mine_openssl);
    benchmark::RegisterBenchmark("hash/openssl/262144", hash_openssl, 262144);
    for (const EngineReport& report : engines.list()) {
        if (report.mine) {
            PowEngine* engine = engines.find_pow(report.name)->engine;
            for (const std::uint64_t versions : {1, 16}) {
                benchmark::RegisterBenchmark(
                    ("mine/" + report.name + "/versions:" + std::to_string(versions)).c_str(), mine,
                    engine, versions)
                    ->UseRealTime();
            }
        }
        if (report.hash) {
            HashEngine* engine = engines.find_hash(report.name)->engine;
            for (const std::size_t bytes : {4096, 262144, 1048576}) {
                benchmark::RegisterBenchmark(
                    ("hash/" + report.name + "/" + std::to_string(bytes)).c_str(), hash, engine,
                    bytes)
                    ->UseRealTime();
            }
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    Engines engines;
    register_all(engines);
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
