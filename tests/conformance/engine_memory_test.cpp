// What the engines hold in memory when they have nothing to do. A process of its own for each
// measurement: memory that something else in it used would count.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <malloc.h>

#include "host/compute/engine_registry.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::compute {
namespace {

constexpr std::size_t kMegabyte = 1'000'000;
constexpr std::size_t kMegabytesMax = 100;

std::size_t resident_bytes() {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;) {
        std::size_t kilobytes = 0;
        if (word == "VmRSS:" && status >> kilobytes) return kilobytes * 1024;
    }
    return 0;
}

// Finds all engines, works with them, and prints what is left in memory. Run by the test below.
int work_and_rest() {
    EngineOptions options = engine_options_from_environment();
    options.supervision.rest_after = std::chrono::milliseconds(200);
    Engines engines(options);
    const auto hash = engines.find_hash();
    const auto mine = engines.find_pow();
    if (!hash || !mine) return 1;
    for (const EngineReport& report : engines.list()) {
        const Bytes bytes(256 << 10);
        const std::vector<ByteView> messages(64, ByteView(bytes));
        std::vector<Sha256Digest> digests(messages.size());
        PowWork work;  // no hash meets target 0
        work.nonce_count = 1 << 18;
        if (!engines.find_hash(report.name)->engine->hash_batch(messages, digests)) return 1;
        if (!engines.find_pow(report.name)->engine->search(work, {})) return 1;
    }
    // They come to rest by themselves, within the time given above and a little.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    std::size_t megabytes = 0;
    do {
        malloc_trim(0);
        megabytes = resident_bytes() / kMegabyte;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    } while (megabytes > kMegabytesMax && std::chrono::steady_clock::now() < deadline);
    return static_cast<int>(megabytes);
}

TEST(EngineMemory, AtRestIsBelowOneHundredMegabytesWithAWarmCache) {
    const test::TempDir cache;
    const std::string run = "XDG_CACHE_HOME='" + cache.path().string() + "' ASSAY_REST=1 /proc/" +
                            std::to_string(getpid()) + "/exe";
    const auto megabytes = [&] {
        const int status = std::system(run.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
    };
    EXPECT_GT(megabytes(), 1) << "with an empty cache it works, too";
    const int at_rest = megabytes();
    RecordProperty("megabytes", at_rest);
    EXPECT_GT(at_rest, 1);
    EXPECT_LE(at_rest, static_cast<int>(kMegabytesMax));
    std::cout << "engines at rest: " << at_rest << " MB\n";
}

}  // namespace
}  // namespace assay::compute

int main(int argc, char** argv) {
    if (std::getenv("ASSAY_REST") != nullptr) return assay::compute::work_and_rest();
    testing::InitGoogleTest(&argc, argv);
    return RUN_ALL_TESTS();
}
