// The CPU engine: every core, with one of the SHA-256 implementations of this machine.
//
// Hashing runs in a task arena of the engine's own, so that no call takes more threads than the
// engine was given; a search runs on as many threads of its own. See hash_engine.hpp for
// thread-safety.

#pragma once

#include <memory>

#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/compute/sha256_backend.hpp"

namespace assay::compute {

class CpuEngine final : public HashEngine, public PowEngine {
  public:
    // threads_max = 0 means one for each core.
    explicit CpuEngine(const Sha256Backend& backend, unsigned threads_max = 0);
    ~CpuEngine() override;

    [[nodiscard]] const EngineInfo& info() const noexcept override { return info_; }
    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override;
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override;

  private:
    class Arena;

    const Sha256Backend& backend_;
    EngineInfo info_;
    std::unique_ptr<Arena> arena_;
    int threads_ = 1;
};

}  // namespace assay::compute
