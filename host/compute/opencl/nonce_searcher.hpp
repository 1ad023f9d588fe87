// Runs kernels/sha256d_search.cl: one tile, one launch. Internal to this folder; not thread-safe;
// functions throw cl::Error.

#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "host/compute/opencl/cl.hpp"
#include "host/compute/opencl/open_device.hpp"
#include "host/compute/pow_tiles.hpp"

namespace assay::compute::opencl {

class NonceSearcher {
  public:
    static constexpr std::uint32_t kRollsMax = 256;

    NonceSearcher(OpenDevice& device, const KernelForm& form);

    // The lowest nonce of the tile at which, says the device, some version meets the target.
    // `midstates` are those of the tile's rolls, at most kRollsMax.
    [[nodiscard]] std::optional<std::uint32_t> search(const HeaderWords& words,
                                                      const PowTile& tile,
                                                      std::span<const Sha256State> midstates);

  private:
    KernelForm form_;
    std::uint64_t items_wanted_;
    cl::CommandQueue queue_;
    cl::Kernel kernel_;
    cl::Buffer job_;
    cl::Buffer midstates_;
    cl::Buffer lowest_;
};

}  // namespace assay::compute::opencl
