// Each instruction set by itself, without an engine around it: compressions of so many messages at a
// time, and searches of so many versions that share a message schedule. One thread; rates are per
// second of its processor time.
//
//     kernel_bench [--benchmark_filter=compress/shani]

#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "host/compute/sha256_backend.hpp"

namespace {

using namespace assay;
using namespace assay::compute;

void set_rate(benchmark::State& state, const char* unit, double count) {
    state.counters[unit] = benchmark::Counter(count, benchmark::Counter::kIsRate);
}

void compress(benchmark::State& state, const Sha256Backend* backend, std::size_t streams) {
    constexpr std::size_t kBlocks = 64;  // 4 KiB each: in the first-level cache up to 8 streams
    const Bytes bytes(streams * kBlocks * kSha256BlockBytes, std::byte{0x5a});
    std::vector<Sha256State> states(streams, kSha256Initial);
    std::vector<Sha256State*> state_of;
    std::vector<const std::byte*> message_of;
    for (std::size_t i = 0; i < streams; ++i) {
        state_of.push_back(&states[i]);
        message_of.push_back(bytes.data() + i * kBlocks * kSha256BlockBytes);
    }
    for (auto unused : state) {
        backend->compress(state_of.data(), message_of.data(), streams, kBlocks);
        benchmark::ClobberMemory();
    }
    set_rate(state, "bytes",
             static_cast<double>(state.iterations()) * static_cast<double>(bytes.size()));
}

void search(benchmark::State& state, const Sha256Backend* backend, std::size_t versions) {
    const std::vector<Sha256State> midstates(versions, kSha256Initial);
    NonceTile tile{midstates.data(), versions, {}, {}, 0, 0};  // target zero: nothing is found
    tile.nonce_count = backend->tile_hashes / versions + 1;
    double hashes = 0;
    for (auto unused : state) {
        const TileResult result = backend->search(tile);
        hashes += static_cast<double>(result.hashes_tried);
    }
    set_rate(state, "hashes", hashes);
}

void register_all() {
    for (const Sha256Backend* backend : usable_backends()) {
        const std::string name = backend->name;
        for (std::size_t streams = 1; streams <= backend->streams_max; streams *= 2) {
            const std::string title = "compress/" + name + "/streams:" + std::to_string(streams);
            benchmark::RegisterBenchmark(title.c_str(), compress, backend, streams);
        }
        for (const std::size_t versions : {1, 16, 48, 96}) {
            const std::string title = "search/" + name + "/versions:" + std::to_string(versions);
            benchmark::RegisterBenchmark(title.c_str(), search, backend, versions);
        }
    }
}

}  // namespace

int main(int argc, char** argv) {
    register_all();
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
    benchmark::Shutdown();
    return 0;
}
