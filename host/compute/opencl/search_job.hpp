// What the host works out for kernels/sha256d_search.cl. Internal to this folder and its tests;
// knows nothing of OpenCL.

#pragma once

#include <span>
#include <vector>

#include "host/compute/pow_tiles.hpp"
#include "kernels/abi.h"

namespace assay::compute::opencl {

// The job that searches this tile, one bundle of nonces for each work-item.
[[nodiscard]] AssaySearchJob search_job(const HeaderWords& words, const PowTile& tile);

// One for each midstate: what it has in common over all nonces.
[[nodiscard]] std::vector<AssayVersion> search_versions(const HeaderWords& words,
                                                        std::span<const Sha256State> midstates);

}  // namespace assay::compute::opencl
