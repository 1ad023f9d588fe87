// The engines of this machine: found, tested, watched over, and chosen by name or automatically.
//
// A program makes one Engines object and passes it on. Discovery and self tests happen when first
// needed and once; OpenCL (its loader included) is not touched while only CPU engines are asked
// for. From then on a thread of its own tests engines again, periodically and after they failed.
// All functions may be called from any thread and may block for seconds the first time, when OpenCL
// kernels are built.
//
// Names: "cpu:shani", "cpu:portable", "opencl:<n>"; "cpu" and "opencl" mean the best of the kind;
// "auto" means all that there are, each where it is best (combined_engine.hpp). A name other than
// "auto" is a demand: if it cannot be met the answer is an error that says what there is, never
// another engine.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/base/result.hpp"
#include "host/compute/cost_model.hpp"
#include "host/compute/engine_rates.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/compute/supervision.hpp"

namespace assay::compute {

struct EngineOptions {
    EngineOptions() = default;

    std::string forced;               // overrides every name asked for; "" = nothing forced
    unsigned cpu_threads_max = 0;     // 0 = one per core
    std::filesystem::path cache_dir;  // for compiled programs and measured rates; empty: none
    // Programs for OpenCL devices, compiled ahead (engine_binary.hpp); empty: compile when needed.
    // A demand, too: if it is damaged or not for this machine's devices, finding engines fails.
    std::filesystem::path binary;
    Supervision supervision;
};

// cpu_threads_max as given; `forced` from the environment variable ASSAY_ENGINE; the cache folder
// that the service manager gives, or else "assay" in the user's.
[[nodiscard]] EngineOptions engine_options_from_environment(unsigned cpu_threads_max = 0);

struct EngineReport {
    EngineReport() = default;

    std::string name;
    std::string description;
    std::string self_test;  // "passed", "failed: <reason>" or, in a status, "not run"
    bool mine = false;      // may be used for proof of work
    bool hash = false;      // may be used for bulk hashing
    EngineHealth health;
    std::optional<EngineRates> rates;  // if they are known
};

// `engine` belongs to the Engines object that chose it. `reason` says, for people, why it is this
// one: "forced by ASSAY_ENGINE", "measured: cpu:shani 47.1 MH/s; ...".
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

// What "auto" would do with a batch.
struct BatchChoice {
    BatchChoice() = default;

    BatchShape batch;
    std::string engines;  // "cpu:shani", "opencl:0 70 % + cpu:shani 30 %"
    double seconds = 0;   // predicted
    std::vector<std::pair<std::string, double>> alone;  // each engine, predicted seconds
};
struct Explanation {
    Explanation() = default;

    std::string mine_reason;
    std::string hash_reason;
    std::vector<EngineReport> engines;  // with rates
    std::vector<BatchChoice> batches;   // small to large, few messages to many
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
    // How the engines are that were found so far; tests nothing and does not block.
    [[nodiscard]] std::vector<EngineReport> status() const;
    // Tests and measures what was not, and says what "auto" does and why. With an engine forced, of
    // those that its name covers.
    [[nodiscard]] Result<Explanation> explain();

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::compute
