#include "host/compute/opencl/search_job.hpp"

#include <algorithm>
#include <bit>

namespace assay::compute::opencl {
namespace {

static_assert(sizeof(AssaySearchJob) == 32);
static_assert(sizeof(AssayVersion) == 64);

// Rounds 0 to 3 of the header's second block, with 0 for the nonce (AssayVersion::entry).
AssayVersion version_from(const Sha256State& midstate, const std::uint32_t (&tail)[3]) {
    AssayVersion out;
    std::copy_n(midstate.words, 8, out.midstate);
    std::copy_n(midstate.words, 8, out.entry);
    for (std::size_t round = 0; round < 4; ++round) {
        auto& [a, b, c, d, e, f, g, h] = out.entry;
        const std::uint32_t sigma1 = std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25);
        const std::uint32_t sigma0 = std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22);
        const std::uint32_t sum = h + sigma1 + ((e & f) ^ (~e & g)) + kSha256RoundConstants[round] +
                                  (round < 3 ? tail[round] : 0);
        const std::uint32_t new_a = sum + sigma0 + ((a & b) ^ (a & c) ^ (b & c));
        const std::uint32_t new_e = d + sum;
        std::copy_backward(out.entry, out.entry + 7, out.entry + 8);
        out.entry[0] = new_a;
        out.entry[4] = new_e;
    }
    return out;
}

}  // namespace

AssaySearchJob search_job(const HeaderWords& words, const PowTile& tile) {
    AssaySearchJob job{};
    std::copy_n(words.tail(), 3, job.tail);
    job.first_nonce = tile.first_nonce;
    job.nonce_count = tile.nonce_count;
    job.version_count = tile.roll_count;
    job.passes = 1;
    job.target_high = words.target()[0];
    return job;
}

std::vector<AssayVersion> search_versions(const HeaderWords& words,
                                          std::span<const Sha256State> midstates) {
    std::vector<AssayVersion> versions;
    versions.reserve(midstates.size());
    for (const Sha256State& midstate : midstates) {
        versions.push_back(version_from(midstate, words.tail()));
    }
    return versions;
}

}  // namespace assay::compute::opencl
