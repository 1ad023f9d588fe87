#include "bench/compute/rates.hpp"

#include "bench/compute/contenders.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/compute/sha256_backend.hpp"

namespace assay::bench {
namespace {

using compute::CpuEngine;
using compute::EngineReport;
using compute::Engines;
using compute::HashEngine;
using compute::PowEngine;

constexpr std::size_t kKib = 1024;
constexpr std::size_t kChunkBytes = 256 * kKib;  // what images are cut into
constexpr std::size_t kL2MessageBytes = 4 * kKib;
constexpr std::size_t kL2Messages = 96;  // 384 KiB: within the L2 cache of any core of today
constexpr unsigned kPairOfThreads = 2;

class Measurement {
  public:
    Measurement(Engines& engines, const RateOptions& options)
        : options_{options}, chunks_(options.memory_mib * kKib * kKib / kChunkBytes, kChunkBytes) {
        for (const compute::Sha256Backend* backend : compute::usable_backends()) {
            single_.push_back(std::make_unique<CpuEngine>(*backend, 1));
        }
        for (const EngineReport& report : engines.list()) {
            if (report.mine) pow_.push_back(engines.find_pow(report.name)->engine);
            if (report.hash) hash_.push_back(engines.find_hash(report.name)->engine);
        }
    }

    RateGroups run() {
        mine();
        hash();
        if (options_.plots) {
            plot_chunks();
            plot_lanes();
            plot_versions();
        }
        return std::move(groups_);
    }

  private:
    void add(const std::string& group, const std::vector<Contender>& contenders) {
        groups_[group] = interleave(contenders, options_.rounds);
    }
    // In wall time the threads' waking up counts, too: longer turns make it the small part it is.
    void add_wall(const std::string& group, const std::vector<Contender>& contenders) {
        groups_[group] = interleave(contenders, {options_.rounds.count, 4 * options_.rounds.cpu_s});
    }
    // Plots show many points, none of which is a figure: fewer rounds will do, and portable code, so
    // much slower than the rest, is left out.
    void add_point(const std::string& group, std::vector<Contender> contenders) {
        std::erase_if(contenders, [](const Contender& contender) {
            return contender.name.starts_with("cpu:portable");
        });
        groups_[group] = interleave(contenders, {3, options_.rounds.cpu_s});
    }
    static std::string single_name(const CpuEngine& engine) {
        return engine.info().name + ".1core";
    }

    void mine() {
        std::vector<Contender> core = {mining_evp()};
        for (const auto& engine : single_) core.push_back(mining(single_name(*engine), *engine));
        add("mine.core", core);
        std::vector<Contender> wall;
        for (PowEngine* engine : pow_) wall.push_back(mining(engine->info().name, *engine));
        add_wall("mine.wall", wall);
    }

    [[nodiscard]] std::vector<Contender> on_one_core(const Batches& batches) const {
        std::vector<Contender> contenders = {hashing_evp(batches)};
        for (const auto& engine : single_) {
            contenders.push_back(hashing(single_name(*engine), *engine, batches));
        }
        return contenders;
    }

    void hash() {
        std::vector<Contender> core = on_one_core({chunks_.views()});
        core.push_back(verifying("verify", *single_.front(), chunks_));
        add("hash.core", core);

        const Messages small(kL2Messages, kL2MessageBytes);
        const Batches warm(200, small.views());
        add("hash.l2", on_one_core(warm));

        Batches few;
        for (std::size_t count = 2; count <= 9; ++count) few.push_back(chunks_.views(count));
        add("hash.few", on_one_core(few));

        CpuEngine pair(*compute::usable_backends().front(), kPairOfThreads);
        add_wall("hash.threads", {hashing_evp_threads(kPairOfThreads, kChunkBytes),
                                  hashing("cpu.threads2", pair, {chunks_.views()})});
        add_wall("hash.wall", on_all_cores(chunks_.views().size()));
    }

    [[nodiscard]] std::vector<Contender> on_all_cores(std::size_t count) const {
        std::vector<Contender> contenders;
        for (HashEngine* engine : hash_) {
            contenders.push_back(hashing(engine->info().name, *engine, {chunks_.views(count)}));
        }
        return contenders;
    }

    // What is worth handing to an accelerator: one call with so many chunks.
    void plot_chunks() {
        for (std::size_t count = 1; count <= chunks_.views().size(); count *= 2) {
            std::vector<Contender> contenders = on_all_cores(count);
            contenders.push_back(hashing_evp({chunks_.views(count)}));
            add_point("chunks:" + std::to_string(count), contenders);
        }
    }

    // How many messages must be ready for a core to come up to its rate.
    void plot_lanes() {
        for (const std::size_t count : {1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64}) {
            add_point("lanes:" + std::to_string(count), on_one_core({chunks_.views(count)}));
        }
    }

    // What sharing the message schedule between versions is worth.
    void plot_versions() {
        for (const std::uint32_t versions : {1, 4, 16, 32, 48, 64, 96}) {
            std::vector<Contender> contenders;
            for (const auto& engine : single_) {
                contenders.push_back(mining(single_name(*engine), *engine, versions));
            }
            for (PowEngine* engine : pow_) {
                if (engine->info().name.starts_with("cpu")) continue;  // the same on one core
                contenders.push_back(mining(engine->info().name, *engine, versions));
            }
            add_point("versions:" + std::to_string(versions), contenders);
        }
    }

    const RateOptions& options_;
    const Messages chunks_;
    std::vector<std::unique_ptr<CpuEngine>> single_;  // one core each, fastest first
    std::vector<PowEngine*> pow_;                     // all cores, or a device
    std::vector<HashEngine*> hash_;
    RateGroups groups_;
};

}  // namespace

RateGroups measure_rates(Engines& engines, const RateOptions& options) {
    return Measurement(engines, options).run();
}

}  // namespace assay::bench
