// Runs kernels/sha256d_search.cl: one tile, one launch, and rarely another. Internal to this
// folder; not thread-safe; functions throw cl::Error.

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

    // The lowest nonce of the tile at which some version meets the target. The device compares the
    // first word only: what it names and is just short of the target is passed over here, while a
    // nonce that it should not have named is returned, for the caller to find the device at fault.
    // `midstates` are those of the tile's rolls, at most kRollsMax.
    [[nodiscard]] std::optional<std::uint32_t> search(const HeaderWords& words,
                                                      const PowTile& tile,
                                                      std::span<const Sha256State> midstates);

  private:
    // Offset of the lowest candidate in the tile, or ASSAY_NO_HIT.
    [[nodiscard]] std::uint32_t launch(const HeaderWords& words, const PowTile& tile);

    KernelForm form_;
    std::uint64_t items_wanted_;
    cl::CommandQueue queue_;
    cl::Kernel kernel_;
    cl::Buffer job_;
    cl::Buffer versions_;
    cl::Buffer lowest_;
};

}  // namespace assay::compute::opencl
