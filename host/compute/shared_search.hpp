// One search of a header, done by several engines at once, each taking slices as large as its rate
// makes fair. What an engine failed to do goes back to be done by others. The result is the lowest
// hit, as if one engine had searched. Used by CombinedEngine; not thread-safe from outside.

#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stop_token>
#include <string>

#include "host/base/result.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

class SharedSearch {
  public:
    // Precondition: check_work(work).
    SharedSearch(const PowWork& work, std::stop_token stop);
    ~SharedSearch();

    // Searches with these engines, of these rates in hashes per second, until nothing is left to do
    // or those that still work have nothing to do. Returns, for people, why engines failed.
    [[nodiscard]] std::string run(std::span<PowEngine* const> engines,
                                  std::span<const std::uint64_t> rates);

    // The lowest hit is known, or there is none, or stop was requested.
    [[nodiscard]] bool finished() const;
    [[nodiscard]] PowResult result() const;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::compute
