#include "host/compute/opencl/nonce_searcher.hpp"

#include <algorithm>

#include "kernels/abi.h"

namespace assay::compute::opencl {
namespace {

static_assert(sizeof(AssaySearchJob) == 56);
static_assert(sizeof(Sha256State) == 32);

// A work-item of a CPU device costs about a microsecond to start: give it some hundred hashes.
// A GPU wants many work-items rather than long ones.
constexpr std::uint64_t kPassesMax = 64;
constexpr std::uint64_t kItemsPerCpuUnit = 16;
constexpr std::uint64_t kItemsPerGpuUnit = 4096;

}  // namespace

NonceSearcher::NonceSearcher(OpenDevice& device, const KernelForm& form)
    : form_{form},
      items_wanted_{device.device().getInfo<CL_DEVICE_MAX_COMPUTE_UNITS>() *
                    (form_.group_size == 1 ? kItemsPerCpuUnit : kItemsPerGpuUnit)},
      queue_{device.make_queue()},
      kernel_{device.kernel(form_, "sha256d_search")},
      job_{device.context(), CL_MEM_READ_ONLY, sizeof(AssaySearchJob)},
      midstates_{device.context(), CL_MEM_READ_ONLY, kRollsMax * sizeof(Sha256State)},
      lowest_{device.context(), CL_MEM_READ_WRITE, sizeof(cl_uint)} {
    kernel_.setArg(0, job_);
    kernel_.setArg(1, midstates_);
    kernel_.setArg(2, lowest_);
}

std::optional<std::uint32_t> NonceSearcher::search(const HeaderWords& words,
                                                   const PowTile& tile,
                                                   std::span<const Sha256State> midstates) {
    const std::uint64_t passes =
        std::clamp<std::uint64_t>(tile.hashes() / form_.lanes / items_wanted_, 1, kPassesMax);
    AssaySearchJob job{};
    std::copy_n(words.tail(), 3, job.tail);
    std::copy_n(words.target(), 8, job.target);
    job.first_nonce = tile.first_nonce;
    job.nonce_count = tile.nonce_count;
    job.passes = static_cast<std::uint32_t>(passes);

    const std::uint64_t per_group = passes * form_.lanes_per_group();
    const std::uint64_t groups = (tile.nonce_count + per_group - 1) / per_group;

    cl_uint lowest = ASSAY_NO_HIT;
    queue_.enqueueWriteBuffer(job_, CL_FALSE, 0, sizeof job, &job);
    queue_.enqueueWriteBuffer(midstates_, CL_FALSE, 0, midstates.size_bytes(), midstates.data());
    queue_.enqueueWriteBuffer(lowest_, CL_FALSE, 0, sizeof lowest, &lowest);
    queue_.enqueueNDRangeKernel(kernel_, cl::NullRange,
                                cl::NDRange(groups * form_.group_size, tile.roll_count),
                                cl::NDRange(form_.group_size, 1));
    cl_uint found = ASSAY_NO_HIT;
    queue_.enqueueReadBuffer(lowest_, CL_TRUE, 0, sizeof found, &found);
    if (found == ASSAY_NO_HIT) return std::nullopt;
    return tile.first_nonce + found;
}

}  // namespace assay::compute::opencl
