// The engines of this machine: found, tested, and chosen by name or automatically.
//
// A program makes one Engines object and passes it on. Discovery and self tests happen when first
// needed and once; OpenCL (its loader included) is not touched while only CPU engines are asked
// for. All functions may be called from any thread and may block for seconds the first time, when
// OpenCL kernels are built.
//
// Names: "cpu:shani", "cpu:portable", "opencl:<n>"; "cpu" and "opencl" mean the best of the kind;
// "auto" means the best of all. A name other than "auto" is a demand: if it cannot be met the
// answer is an error that says what there is, never another engine.

#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

struct EngineOptions {
    EngineOptions() = default;

    std::string forced;            // overrides every name asked for; "" = nothing forced
    unsigned cpu_threads_max = 0;  // 0 = one per core
};

// cpu_threads_max as given, and `forced` from the environment variable ASSAY_ENGINE.
[[nodiscard]] EngineOptions engine_options_from_environment(unsigned cpu_threads_max = 0);

struct EngineReport {
    EngineReport() = default;

    std::string name;
    std::string description;
    std::string self_test;  // "passed" or "failed: <reason>"
    bool mine = false;      // may be used for proof of work
    bool hash = false;      // may be used for bulk hashing
};

// `engine` belongs to the Engines object that chose it. `reason` says, for people, why it is this
// one: "forced by ASSAY_ENGINE", "no OpenCL GPU: ...".
struct HashChoice {
    HashChoice(HashEngine& chosen, std::string why) : engine{&chosen}, reason{std::move(why)} {}
    HashEngine* engine;
    std::string reason;
};
struct PowChoice {
    PowChoice(PowEngine& chosen, std::string why) : engine{&chosen}, reason{std::move(why)} {}
    PowEngine* engine;
    std::string reason;
};

class Engines {
  public:
    explicit Engines(EngineOptions options = engine_options_from_environment());
    ~Engines();
    Engines(const Engines&) = delete;
    Engines& operator=(const Engines&) = delete;

    [[nodiscard]] Result<HashChoice> find_hash(std::string_view name = "auto");
    [[nodiscard]] Result<PowChoice> find_pow(std::string_view name = "auto");

    // Every engine found, tested. With an engine forced, only what that name covers.
    [[nodiscard]] std::vector<EngineReport> list();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::compute
