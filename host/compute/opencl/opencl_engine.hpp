// An OpenCL device as an engine: any device of any installed driver that has a compiler and is
// little-endian. Created by the engine registry; no OpenCL type shows here.
//
// Kernels are built when first needed, which takes about a second without the driver's kernel
// cache. Hashing and searching have a queue each and may overlap; calls of one kind take turns, a
// search giving way after each tile of some 20 ms. See hash_engine.hpp for the rest.

#pragma once

#include <memory>
#include <vector>

#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute::opencl {

class OpenClEngine final : public HashEngine, public PowEngine {
  public:
    class Impl;
    explicit OpenClEngine(std::unique_ptr<Impl> impl);
    ~OpenClEngine() override;

    [[nodiscard]] const EngineInfo& info() const noexcept override;
    // The device is this machine's processor (PoCL): no faster than the processor itself.
    [[nodiscard]] bool on_cpu() const noexcept;

    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override;
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override;

  private:
    std::unique_ptr<Impl> impl_;
};

// One engine for each usable device, named "opencl:<n>" in the order of the installed drivers.
// Fails if there is none, and says why.
[[nodiscard]] Result<std::vector<std::unique_ptr<OpenClEngine>>> find_opencl_engines();

}  // namespace assay::compute::opencl
