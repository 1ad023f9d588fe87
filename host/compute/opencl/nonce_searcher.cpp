#include "host/compute/opencl/nonce_searcher.hpp"

#include <algorithm>

#include "host/compute/opencl/search_job.hpp"

namespace assay::compute::opencl {
namespace {

// A work-item of a CPU device costs about a microsecond to start: give it some hundred hashes.
// A GPU wants many work-items rather than long ones.
constexpr std::uint64_t kPassesMax = 64;
constexpr std::uint64_t kItemsPerCpuUnit = 16;
constexpr std::uint64_t kItemsPerGpuUnit = 4096;

enum class Match { kNone, kFirstWord, kWhole };

// How near any version comes to the target at this nonce.
Match match_at(const HeaderWords& words, const PowTile& tile, std::uint32_t nonce) {
    Match best = Match::kNone;
    for (std::uint32_t i = 0; i < tile.roll_count; ++i) {
        const std::uint32_t roll = tile.first_roll + i;
        if (words.meets_target(nonce, roll)) return Match::kWhole;
        if (words.first_word_meets_target(nonce, roll)) best = Match::kFirstWord;
    }
    return best;
}

}  // namespace

NonceSearcher::NonceSearcher(OpenDevice& device, const KernelForm& form)
    : form_{form},
      items_wanted_{device.device().getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>() *
                    (form_.group_size == 1 ? kItemsPerCpuUnit : kItemsPerGpuUnit)},
      queue_{device.make_queue()},
      kernel_{device.kernel(form_, form_.name_of("sha256d_search"))},
      job_{device.context(), CL_MEM_READ_ONLY, sizeof(AssaySearchJob)},
      versions_{device.context(), CL_MEM_READ_ONLY, kRollsMax * sizeof(AssayVersion)},
      lowest_{device.context(), CL_MEM_READ_WRITE, sizeof(cl_uint)} {
    kernel_.setArg(0, job_);
    kernel_.setArg(1, versions_);
    kernel_.setArg(2, lowest_);
}

std::optional<std::uint32_t> NonceSearcher::search(const HeaderWords& words,
                                                   const PowTile& tile,
                                                   std::span<const Sha256State> midstates) {
    const auto versions = search_versions(words, midstates);
    queue_.enqueueWriteBuffer(versions_, CL_TRUE, 0, versions.size() * sizeof(AssayVersion),
                              versions.data());
    PowTile rest = tile;
    while (rest.nonce_count > 0) {
        const std::uint32_t offset = launch(words, rest);
        if (offset == ASSAY_NO_HIT) break;
        const std::uint32_t nonce = rest.first_nonce + offset;
        if (offset >= rest.nonce_count || match_at(words, rest, nonce) != Match::kFirstWord) {
            return nonce;
        }
        rest.nonce_count -= offset + 1;
        rest.first_nonce = nonce + 1;
    }
    return std::nullopt;
}

std::uint32_t NonceSearcher::launch(const HeaderWords& words, const PowTile& tile) {
    const std::uint64_t bundles = (tile.nonce_count + form_.bundle() - 1) / form_.bundle();
    const std::uint64_t passes = std::clamp<std::uint64_t>(bundles / items_wanted_, 1, kPassesMax);
    AssaySearchJob job = search_job(words, tile);
    job.passes = static_cast<std::uint32_t>(passes);

    const std::uint64_t per_group = passes * form_.lanes_per_group();
    const std::uint64_t groups =
        form_.pipeline ? 1 : (tile.nonce_count + per_group - 1) / per_group;

    cl_uint lowest = ASSAY_NO_HIT;
    queue_.enqueueWriteBuffer(job_, CL_FALSE, 0, sizeof job, &job);
    // Waits for both: they are read from this frame, which the launch may leave by an exception.
    queue_.enqueueWriteBuffer(lowest_, CL_TRUE, 0, sizeof lowest, &lowest);
    queue_.enqueueNDRangeKernel(kernel_, cl::NullRange, cl::NDRange(groups * form_.group_size),
                                cl::NDRange(form_.group_size));
    cl_uint found = ASSAY_NO_HIT;
    queue_.enqueueReadBuffer(lowest_, CL_TRUE, 0, sizeof found, &found);
    return found;
}

}  // namespace assay::compute::opencl
