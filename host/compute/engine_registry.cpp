#include "host/compute/engine_registry.hpp"

#include <array>
#include <cstdlib>
#include <mutex>
#include <optional>

#include "host/compute/cpu_engine.hpp"
#include "host/compute/opencl/opencl_engine.hpp"
#include "host/compute/self_test.hpp"

namespace assay::compute {
namespace {

enum class Purpose { kHash, kMine };
enum class Group { kCpuNative, kCpuPortable, kOpenClDevice, kOpenClCpu };

// Best first. Bulk hashing is bound by the way to a device, so a processor with SHA instructions
// comes before one; mining sends nothing and wants the most arithmetic.
constexpr std::array kHashOrder = {Group::kCpuNative, Group::kOpenClDevice, Group::kOpenClCpu,
                                   Group::kCpuPortable};
constexpr std::array kMineOrder = {Group::kOpenClDevice, Group::kCpuNative, Group::kOpenClCpu,
                                   Group::kCpuPortable};

std::string describe(Group group) {
    switch (group) {
        case Group::kCpuNative:
            return "processor with SHA instructions";
        case Group::kCpuPortable:
            return "portable code";
        case Group::kOpenClDevice:
            return "OpenCL GPU or accelerator";
        case Group::kOpenClCpu:
            return "OpenCL on the processor";
    }
    return "engine";
}

bool is_opencl(Group group) { return group == Group::kOpenClDevice || group == Group::kOpenClCpu; }
bool is_auto(std::string_view name) { return name.empty() || name == "auto"; }

// One engine and, once they ran, the outcomes of its self tests.
class Entry {
  public:
    template <typename E>
    Entry(Group g, std::unique_ptr<E> engine)
        : group{g}, hash{engine.get()}, pow{engine.get()}, owner_{std::move(engine)} {}

    const Result<void>& test(Purpose purpose) {
        auto& outcome = purpose == Purpose::kHash ? hash_tested_ : pow_tested_;
        if (!outcome) outcome = purpose == Purpose::kHash ? self_test(*hash) : self_test(*pow);
        return *outcome;
    }

    [[nodiscard]] const EngineInfo& info() const noexcept { return owner_->info(); }

    // `name` is this engine's, or that of its kind.
    [[nodiscard]] bool answers_to(std::string_view name) const {
        return info().name == name || name == (is_opencl(group) ? "opencl" : "cpu");
    }

    const Group group;
    HashEngine* const hash;
    PowEngine* const pow;

  private:
    std::unique_ptr<HashEngine> owner_;
    std::optional<Result<void>> hash_tested_;
    std::optional<Result<void>> pow_tested_;
};

struct Found {
    Entry* entry;
    std::string reason;
};

}  // namespace

EngineOptions engine_options_from_environment(unsigned cpu_threads_max) {
    EngineOptions options;
    options.cpu_threads_max = cpu_threads_max;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes its environment.
    if (const char* forced = std::getenv("ASSAY_ENGINE")) options.forced = forced;
    return options;
}

class Engines::Impl {
  public:
    explicit Impl(EngineOptions options) : options_{std::move(options)} {
        for (const Sha256Backend* backend : usable_backends()) {
            const bool portable = backend == &portable_backend();
            cpu_.emplace_back(portable ? Group::kCpuPortable : Group::kCpuNative,
                              std::make_unique<CpuEngine>(*backend, options_.cpu_threads_max));
        }
    }

    Result<Found> find(std::string_view asked, Purpose purpose) {
        const std::scoped_lock lock(mutex_);
        if (!is_auto(options_.forced)) {
            return demand(options_.forced, purpose, "forced by ASSAY_ENGINE");
        }
        if (!is_auto(asked)) return demand(asked, purpose, "asked for by name");
        return choose(purpose);
    }

    std::vector<EngineReport> list() {
        const std::scoped_lock lock(mutex_);
        std::vector<EngineReport> reports;
        for (const Group group : kMineOrder) {
            if (!is_auto(options_.forced) && !may_mean(options_.forced, group)) continue;
            for (Entry& entry : of(group)) {
                if (entry.group != group) continue;
                if (!is_auto(options_.forced) && !entry.answers_to(options_.forced)) continue;
                reports.push_back(report(entry));
            }
        }
        return reports;
    }

  private:
    // Keeps a demand for a CPU engine from touching OpenCL.
    static bool may_mean(std::string_view name, Group group) {
        return !(is_opencl(group) && name.starts_with("cpu"));
    }

    std::vector<Entry>& of(Group group) {
        if (!is_opencl(group)) return cpu_;
        if (!opencl_looked_for_) {
            opencl_looked_for_ = true;
            auto engines = opencl::find_opencl_engines(std::make_shared<opencl::ProgramStore>());
            if (!engines) opencl_problem_ = engines.error().to_string();
            if (engines) {
                for (auto& engine : *engines) {
                    const bool on_cpu = engine->on_cpu();
                    opencl_.emplace_back(on_cpu ? Group::kOpenClCpu : Group::kOpenClDevice,
                                         std::move(engine));
                }
            }
        }
        return opencl_;
    }

    Result<Found> demand(std::string_view name, Purpose purpose, const std::string& why) {
        std::string others;
        std::string failures;
        for (const Group group : purpose == Purpose::kHash ? kHashOrder : kMineOrder) {
            if (!may_mean(name, group)) continue;
            for (Entry& entry : of(group)) {
                if (entry.group != group) continue;
                others += (others.empty() ? "" : ", ") + entry.info().name;
                if (!entry.answers_to(name)) continue;
                const Result<void>& tested = entry.test(purpose);
                if (tested) return Found{&entry, why};
                failures += ": " + tested.error().to_string();
            }
        }
        std::string text = "engine \"" + std::string(name) + "\" (" + why + ")";
        text += failures.empty() ? " is not here" : failures;
        if (name.starts_with("opencl") && !opencl_problem_.empty()) text += ": " + opencl_problem_;
        return fail(std::errc::no_such_device, text + "; engines here: " + others);
    }

    Result<Found> choose(Purpose purpose) {
        std::string passed_over;
        for (const Group group : purpose == Purpose::kHash ? kHashOrder : kMineOrder) {
            std::string problem = "none here";
            for (Entry& entry : of(group)) {
                if (entry.group != group) continue;
                const Result<void>& tested = entry.test(purpose);
                if (tested) return Found{&entry, describe(group) + passed_over};
                problem = tested.error().to_string();
            }
            if (is_opencl(group) && !opencl_problem_.empty()) problem = opencl_problem_;
            passed_over += "; no " + describe(group) + ": " + problem;
        }
        return fail(std::errc::no_such_device, "no engine passes its self test" + passed_over);
    }

    static EngineReport report(Entry& entry) {
        const Result<void>& hash = entry.test(Purpose::kHash);
        const Result<void>& mine = entry.test(Purpose::kMine);
        EngineReport out;
        out.name = entry.info().name;
        out.description = entry.info().description;
        out.hash = hash.has_value();
        out.mine = mine.has_value();
        out.self_test = "passed";
        if (!mine) out.self_test = "failed: " + mine.error().to_string();
        if (!hash) out.self_test = "failed: " + hash.error().to_string();
        return out;
    }

    const EngineOptions options_;
    std::mutex mutex_;  // guards all below
    std::vector<Entry> cpu_;
    std::vector<Entry> opencl_;
    bool opencl_looked_for_ = false;
    std::string opencl_problem_;
};

Engines::Engines(EngineOptions options) : impl_{std::make_unique<Impl>(std::move(options))} {}
Engines::~Engines() = default;

Result<HashChoice> Engines::find_hash(std::string_view name) {
    auto found = impl_->find(name, Purpose::kHash);
    if (!found) return fail(std::move(found).error());
    return HashChoice(*found->entry->hash, std::move(found->reason));
}

Result<PowChoice> Engines::find_pow(std::string_view name) {
    auto found = impl_->find(name, Purpose::kMine);
    if (!found) return fail(std::move(found).error());
    return PowChoice(*found->entry->pow, std::move(found->reason));
}

std::vector<EngineReport> Engines::list() { return impl_->list(); }

}  // namespace assay::compute
