// Runs a fuzz target without libFuzzer: its seeds, every prefix and single-bit change of each, and a
// bounded number of random mutations. `TARGET [mutations] [seed]`, or `TARGET --write-seeds FOLDER`
// to start a libFuzzer corpus.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_target.hpp"

namespace {

using assay::Bytes;
using assay::ByteView;

constexpr std::size_t kExhaustiveBytesMax = 4096;  // flip every bit of seeds up to this size

std::size_t run_neighbours(const Bytes& seed) {
    std::size_t runs = 1;
    assay::fuzz::one_input(seed);
    const std::size_t prefixes = std::min(seed.size(), kExhaustiveBytesMax);
    for (std::size_t size = 0; size < prefixes; ++size, ++runs) {
        // A copy of exactly this size, so that a sanitizer sees a read beyond it.
        const Bytes prefix(seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(size));
        assay::fuzz::one_input(prefix);
    }
    Bytes changed = seed;
    for (std::size_t bit = 0; bit < prefixes * 8; ++bit, ++runs) {
        const auto mask = static_cast<std::byte>(1U << bit % 8);
        changed[bit / 8] ^= mask;
        assay::fuzz::one_input(changed);
        changed[bit / 8] ^= mask;
    }
    return runs;
}

Bytes mutate(Bytes input, const std::vector<Bytes>& seeds, std::mt19937_64& random) {
    const auto below = [&](std::size_t n) { return n == 0 ? 0 : random() % n; };
    const std::size_t changes = 1 + below(8);
    for (std::size_t i = 0; i < changes; ++i) {
        const std::size_t at = below(input.size());
        switch (below(6)) {
            case 0:
                if (!input.empty()) input[at] = static_cast<std::byte>(random());
                break;
            case 1:
                input.insert(input.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(random()));
                break;
            case 2:
                if (!input.empty()) input.erase(input.begin() + static_cast<std::ptrdiff_t>(at));
                break;
            case 3:
                input.resize(at);
                break;
            case 4: {  // splice in a piece of another seed
                const Bytes& other = seeds[below(seeds.size())];
                const std::size_t from = below(other.size());
                const std::size_t count = std::min<std::size_t>(below(64), other.size() - from);
                input.insert(input.begin() + static_cast<std::ptrdiff_t>(at),
                             other.begin() + static_cast<std::ptrdiff_t>(from),
                             other.begin() + static_cast<std::ptrdiff_t>(from + count));
                break;
            }
            default:  // lengths and counts like to be extreme
                for (std::size_t k = at; k < std::min(at + 4, input.size()); ++k) {
                    input[k] = std::byte{0xff};
                }
        }
    }
    return input;
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<Bytes> seeds = assay::fuzz::seeds();
    if (seeds.empty()) {
        std::fprintf(stderr, "the target has no seeds\n");
        return 1;
    }
    if (argc == 3 && std::string(argv[1]) == "--write-seeds") {
        std::filesystem::create_directories(argv[2]);
        for (std::size_t i = 0; i < seeds.size(); ++i) {
            std::ofstream file(std::filesystem::path(argv[2]) / ("seed-" + std::to_string(i)),
                               std::ios::binary);
            const auto text = assay::as_text(seeds[i]);
            file.write(text.data(), static_cast<std::streamsize>(text.size()));
        }
        return 0;
    }
    const std::size_t mutations = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 20'000;
    const std::uint64_t seed = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : std::random_device{}();
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
    std::fflush(stdout);  // it must be seen even if the target crashes

    std::size_t runs = 0;
    for (const Bytes& input : seeds) runs += run_neighbours(input);
    std::mt19937_64 random(seed);
    for (std::size_t i = 0; i < mutations; ++i, ++runs) {
        assay::fuzz::one_input(mutate(seeds[random() % seeds.size()], seeds, random));
    }
    std::printf("%zu inputs\n", runs);
    return 0;
}
