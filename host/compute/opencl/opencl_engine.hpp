// An OpenCL device as an engine: any little-endian device of any installed driver that has a
// compiler, or that an offline binary has programs for. Created by the engine registry; no OpenCL
// type shows here.
//
// Programs are made when first needed. Hashing and searching have a thread, a queue and buffers
// each and may overlap; calls of one kind take turns, a search giving way after each launch of some
// 12 ms. A call fails within a second if the device hangs; the next call begins with a new context.
// Of each batch a sample of the digests, and of each search every nonce, is hashed again by
// OpenSSL. See hash_engine.hpp for the rest.

#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "host/compute/hash_engine.hpp"
#include "host/compute/opencl/program_store.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute::opencl {

class OpenClEngine final : public HashEngine, public PowEngine {
  public:
    class Impl;
    explicit OpenClEngine(std::unique_ptr<Impl> impl);
    ~OpenClEngine() override;

    [[nodiscard]] const EngineInfo& info() const noexcept override;
    // The device is this machine's processor (PoCL): it computes with the same cores.
    [[nodiscard]] bool on_cpu() const noexcept;

    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override;
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override;

    // What a search needs to know to launch batches of the right time at once: hashes in each
    // second. Found out by searching; may be given from an earlier run.
    void set_search_rate(double hashes_per_second) noexcept;

    // The programs in use, as machine code. Makes none.
    [[nodiscard]] Result<std::vector<ProgramBinary>> binaries();
    // Makes every program and buffer that is not there yet.
    [[nodiscard]] Result<void> open();
    // Gives buffers and programs back until the next call, if there was none for `idle`.
    void rest_after(std::chrono::milliseconds idle);

  private:
    std::unique_ptr<Impl> impl_;
};

// One engine for each usable device, named "opencl:<n>" in the order of the installed drivers.
// Fails if there is none, and says why.
[[nodiscard]] Result<std::vector<std::unique_ptr<OpenClEngine>>> find_opencl_engines(
    std::shared_ptr<const ProgramStore> programs);

}  // namespace assay::compute::opencl
