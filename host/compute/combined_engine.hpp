// All usable engines of this machine as one: what "auto" means. It gives each batch to the engines
// that will be done with it first (cost_model.hpp), splits a search among one engine for each
// resource by their rates, and does elsewhere what an engine failed to do. As long as one engine is
// left, calls succeed. See hash_engine.hpp for thread-safety.

#pragma once

#include <vector>

#include "host/compute/cost_model.hpp"
#include "host/compute/supervised_engine.hpp"

namespace assay::compute {

class CombinedEngine final : public HashEngine, public PowEngine {
  public:
    struct Member {
        SupervisedEngine* engine;
        unsigned resource;  // as in cost_model.hpp
    };

    // Precondition: there is a member. They outlive this; those that serve are measured. Its name
    // is that of the engines that search: "cpu:shani", "opencl:0+cpu:shani".
    explicit CombinedEngine(std::vector<Member> members);

    [[nodiscard]] const EngineInfo& info() const noexcept override { return info_; }
    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override;
    [[nodiscard]] Result<PowResult> search(const PowWork& work, std::stop_token stop) override;

    // The members that a search would use now: the fastest of each resource. The fastest first.
    [[nodiscard]] std::vector<Member> searchers() const;

  private:
    [[nodiscard]] std::vector<Member> serving() const;

    EngineInfo info_;
    std::vector<Member> members_;
};

}  // namespace assay::compute
