// The content store's own part of `scripts/bench ipfs`: prints one JSON object.
//
//     ipfs_bench import FILE CHUNK_BYTES ROUNDS [STORE]   hash from memory, name FILE; store it, too
//     ipfs_bench car FILE CAR ROUNDS                      make a CAR of FILE, verify it
//     ipfs_bench memory FILE STORE                        import FILE once, peak resident memory

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sys/resource.h>
#include <time.h>

#include "host/base/assert.hpp"
#include "host/base/file.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/ipfs/car_file.hpp"
#include "host/ipfs/importer.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs {
namespace {

double clock_seconds(clockid_t clock) {
    timespec now{};
    ASSAY_ASSERT(::clock_gettime(clock, &now) == 0);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Seconds {
    double wall = 1e9;
    double process = 1e9;  // of processor time, all threads
    double thread = 1e9;   // of processor time, the calling one
};

// The least of each over the rounds: what others do on the machine only adds.
template <typename Work>
Seconds least(int rounds, Work work) {
    Seconds best;
    for (int i = 0; i < rounds; ++i) {
        const double wall = clock_seconds(CLOCK_MONOTONIC);
        const double process = clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
        const double thread = clock_seconds(CLOCK_THREAD_CPUTIME_ID);
        work();
        best.wall = std::min(best.wall, clock_seconds(CLOCK_MONOTONIC) - wall);
        best.process = std::min(best.process, clock_seconds(CLOCK_PROCESS_CPUTIME_ID) - process);
        best.thread = std::min(best.thread, clock_seconds(CLOCK_THREAD_CPUTIME_ID) - thread);
    }
    return best;
}

void print(const char* name, double value, bool last = false) {
    std::printf("\"%s\": %.6g%s", name, value, last ? "}\n" : ", ");
}

compute::CpuEngine one_core() { return compute::CpuEngine(*compute::usable_backends().front(), 1); }

ImportProfile profile_of(std::uint64_t chunk_bytes) {
    ImportProfile profile = unixfs_v1_2025();
    profile.chunk_bytes = chunk_bytes;
    return profile;
}

int bench_import(const char* file, std::uint64_t chunk_bytes, int rounds) {
    const ImportProfile profile = profile_of(chunk_bytes);
    compute::CpuEngine engine = one_core();
    const double bytes = static_cast<double>(file_size(file).value());

    // The yardstick: the engine alone, on as many bytes in chunks of this size.
    const Bytes content = read_file(file, 4ULL << 30).value();
    std::vector<ByteView> chunks;
    for (std::size_t at = 0; at < content.size(); at += chunk_bytes) {
        chunks.push_back(ByteView(content).subspan(
            at, std::min<std::size_t>(chunk_bytes, content.size() - at)));
    }
    std::vector<Sha256Digest> digests(chunks.size());
    const auto hash = [&] { ASSAY_ASSERT(engine.hash_batch(chunks, digests)); };
    const auto name = [&] { ASSAY_ASSERT(name_file(file, profile, engine)); };
    // In turns, so that both see the same machine.
    Seconds bulk;
    Seconds named;
    for (int i = 0; i < rounds; ++i) {
        const Seconds one = least(1, hash);
        const Seconds other = least(1, name);
        bulk = {std::min(bulk.wall, one.wall), std::min(bulk.process, one.process),
                std::min(bulk.thread, one.thread)};
        named = {std::min(named.wall, other.wall), std::min(named.process, other.process),
                 std::min(named.thread, other.thread)};
    }
    std::printf("{");
    print("bulk_gb_s", bytes / bulk.process / 1e9);
    print("import_thread_gb_s", bytes / named.thread / 1e9);
    print("import_process_gb_s", bytes / named.process / 1e9);
    print("import_wall_gb_s", bytes / named.wall / 1e9, true);
    return 0;
}

int bench_car(const char* file, const char* car, int rounds) {
    const test::TempDir folder(test::memory_folder());
    compute::CpuEngine engine = one_core();
    BlockStore store = BlockStore::open(folder.path()).value();
    const auto image = import_file(file, unixfs_v1_2025(), engine, store).value();
    ASSAY_ASSERT(export_car(store, image.cid, car));
    const double bytes = static_cast<double>(file_size(car).value());
    const Seconds checked = least(rounds, [&] { ASSAY_ASSERT(check_car(car, engine)); });
    std::printf("{");
    print("car_verify_process_gb_s", bytes / checked.process / 1e9);
    print("car_verify_wall_gb_s", bytes / checked.wall / 1e9, true);
    return 0;
}

int bench_memory(const char* file, const char* folder) {
    compute::CpuEngine engine(*compute::usable_backends().front());
    BlockStore store = BlockStore::open(folder).value();
    const double start = clock_seconds(CLOCK_MONOTONIC);
    ASSAY_ASSERT(import_file(file, unixfs_v1_2025(), engine, store));
    const double seconds = clock_seconds(CLOCK_MONOTONIC) - start;
    rusage usage{};
    ASSAY_ASSERT(::getrusage(RUSAGE_SELF, &usage) == 0);
    std::printf("{");
    print("rss_mb", static_cast<double>(usage.ru_maxrss) / 1024);
    print("stored_mb_s", static_cast<double>(file_size(file).value()) / seconds / 1e6, true);
    return 0;
}

}  // namespace
}  // namespace assay::ipfs

int main(int argc, char** argv) {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "import" && argc == 5) {
        return assay::ipfs::bench_import(argv[2], std::strtoull(argv[3], nullptr, 10),
                                         std::atoi(argv[4]));
    }
    if (what == "car" && argc == 5) {
        return assay::ipfs::bench_car(argv[2], argv[3], std::atoi(argv[4]));
    }
    if (what == "memory" && argc == 4) return assay::ipfs::bench_memory(argv[2], argv[3]);
    std::fprintf(stderr, "usage: ipfs_bench import|car|memory ...\n");
    return 2;
}
