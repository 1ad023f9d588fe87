#include "host/compute/engine_registry.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <type_traits>

#include "host/compute/combined_engine.hpp"
#include "host/compute/cpu_engine.hpp"
#include "host/compute/engine_texts.hpp"
#include "host/compute/opencl/opencl_engine.hpp"
#include "host/compute/supervised_engine.hpp"

namespace assay::compute {
namespace {

using Clock = SupervisedEngine::Clock;

// Best first, for those who ask for a kind by its name.
enum class Kind : std::uint8_t { kCpu, kOpenClDevice, kOpenClCpu };
constexpr std::array kKinds = {Kind::kCpu, Kind::kOpenClDevice, Kind::kOpenClCpu};

// Of cost_model.hpp: the processor, and from here on accelerators.
constexpr unsigned kProcessor = 0;

bool is_auto(std::string_view name) { return name.empty() || name == "auto"; }

struct Entry {
    template <typename E>
    Entry(Kind of, unsigned on, std::unique_ptr<E> raw, Supervision times, const RateCache& cache)
        : kind{of}, resource{on}, engine{std::move(raw), times, cache} {}

    // `name` is this engine's, or that of its kind.
    [[nodiscard]] bool answers_to(std::string_view name) const {
        return engine.info().name == name || name == (kind == Kind::kCpu ? "cpu" : "opencl");
    }

    const Kind kind;
    const unsigned resource;
    SupervisedEngine engine;
    opencl::OpenClEngine* opencl = nullptr;  // the same, if it is one
};

EngineReport describe(const SupervisedEngine& engine) {
    EngineReport out;
    out.name = engine.info().name;
    out.description = engine.info().description;
    out.health = engine.health();
    out.hash = out.mine = out.health.state == EngineState::kReady;
    out.self_test = out.health.state == EngineState::kUntested ? "not run" : "passed";
    if (out.health.state == EngineState::kDropped) out.self_test = "failed: " + out.health.problem;
    if (const EngineRates rates = engine.known_rates(); rates.bytes_per_s > 0) out.rates = rates;
    return out;
}

std::string variable(const char* name) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in this program changes its environment.
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string() : value;
}

std::filesystem::path cache_from_environment() {
    // systemd's CacheDirectory=, which may name several.
    if (const std::string dirs = variable("CACHE_DIRECTORY"); !dirs.empty()) {
        return dirs.substr(0, dirs.find(':'));
    }
    if (const std::string dir = variable("XDG_CACHE_HOME"); dir.starts_with('/')) {
        return std::filesystem::path(dir) / "assay";
    }
    if (const std::string home = variable("HOME"); home.starts_with('/')) {
        return std::filesystem::path(home) / ".cache" / "assay";
    }
    return {};
}

}  // namespace

EngineOptions engine_options_from_environment(unsigned cpu_threads_max) {
    EngineOptions options;
    options.cpu_threads_max = cpu_threads_max;
    options.forced = variable("ASSAY_ENGINE");
    options.cache_dir = cache_from_environment();
    return options;
}

class Engines::Impl {
  public:
    explicit Impl(EngineOptions options)
        : options_{std::move(options)}, cache_{options_.cache_dir} {
        for (const Sha256Backend* backend : usable_backends()) {
            add(Kind::kCpu, kProcessor,
                std::make_unique<CpuEngine>(*backend, options_.cpu_threads_max));
        }
    }

    struct Found {
        HashEngine* hash;
        PowEngine* pow;
        std::string reason;
    };

    Result<Found> find(std::string_view asked, bool to_mine) {
        const std::scoped_lock lock(mutex_);
        start_supervisor();
        if (!is_auto(options_.forced)) return demand(options_.forced, "forced by ASSAY_ENGINE");
        if (!is_auto(asked)) return demand(asked, "asked for by name");
        if (auto made = combine(); !made) return fail(std::move(made).error());
        return Found{combined_.get(), combined_.get(), to_mine ? mine_reason() : hash_reason()};
    }

    std::vector<EngineReport> list() {
        const std::scoped_lock lock(mutex_);
        std::vector<EngineReport> reports;
        for (Entry* entry : covered()) {
            static_cast<void>(entry->engine.test());
            reports.push_back(describe(entry->engine));
        }
        return reports;
    }

    std::vector<EngineReport> status() const {
        const std::scoped_lock lock(entries_mutex_);
        std::vector<EngineReport> reports;
        for (const auto& entry : entries_) reports.push_back(describe(entry->engine));
        return reports;
    }

    Result<Explanation> explain() {
        const std::scoped_lock lock(mutex_);
        if (auto made = combine(); !made) return fail(std::move(made).error());
        Explanation out;
        out.mine_reason = mine_reason();
        out.hash_reason = hash_reason();
        out.engines = measured_reports();
        out.batches = explain_batches(out.engines, resources());
        return out;
    }

  private:
    template <typename E>
    void add(Kind kind, unsigned resource, std::unique_ptr<E> engine) {
        [[maybe_unused]] E* const raw = engine.get();
        auto entry = std::make_unique<Entry>(kind, resource, std::move(engine),
                                             options_.supervision, cache_);
        if constexpr (std::is_same_v<E, opencl::OpenClEngine>) entry->opencl = raw;
        const std::scoped_lock lock(entries_mutex_);
        entries_.push_back(std::move(entry));
    }

    // Those that the forced name covers, or all. A demand for a CPU engine touches no OpenCL.
    std::vector<Entry*> covered() {
        const bool all = is_auto(options_.forced);
        if (all || !options_.forced.starts_with("cpu")) look_for_opencl();
        std::vector<Entry*> out;
        for (const auto& entry : entries_) {
            if (all || entry->answers_to(options_.forced)) out.push_back(entry.get());
        }
        return out;
    }

    void look_for_opencl() {
        if (std::exchange(opencl_looked_for_, true)) return;
        auto programs = opencl::ProgramStore::open(options_.cache_dir, options_.binary);
        if (!programs) {
            opencl_problem_ = programs.error().to_string();
            return;
        }
        auto engines = opencl::find_opencl_engines(
            std::make_shared<const opencl::ProgramStore>(std::move(*programs)));
        if (!engines) {
            opencl_problem_ = engines.error().to_string();
            return;
        }
        unsigned accelerators = 0;
        for (auto& engine : *engines) {
            const bool on_cpu = engine->on_cpu();
            if (const auto rates = cache_.find(engine->info())) {
                engine->set_search_rate(static_cast<double>(rates->hashes_per_s));
            }
            add(on_cpu ? Kind::kOpenClCpu : Kind::kOpenClDevice,
                on_cpu ? kProcessor : kProcessor + ++accelerators, std::move(engine));
        }
    }

    Result<Found> demand(std::string_view name, const std::string& why) {
        if (!name.starts_with("cpu")) look_for_opencl();
        std::string others;
        std::string failures;
        for (const Kind kind : kKinds) {
            for (const auto& entry : entries_) {
                if (entry->kind != kind) continue;
                others += (others.empty() ? "" : ", ") + entry->engine.info().name;
                if (!entry->answers_to(name)) continue;
                const auto tested = entry->engine.test();
                if (tested) return Found{&entry->engine, &entry->engine, why};
                failures += ": " + tested.error().to_string();
            }
        }
        std::string text = "engine \"" + std::string(name) + "\" (" + why + ")";
        text += failures.empty() ? " is not here" : failures;
        if (name.starts_with("opencl") && !opencl_problem_.empty()) text += ": " + opencl_problem_;
        return fail(std::errc::no_such_device, text + "; engines here: " + others);
    }

    // Tests and measures all, and makes the combined engine of them.
    Result<void> combine() {
        if (combined_) return {};
        std::string problems;
        std::vector<CombinedEngine::Member> members;
        bool any_serves = false;
        bool any_opencl = false;
        for (Entry* entry : covered()) {
            const auto rates = entry->engine.rates();
            if (!rates) problems += "; " + rates.error().to_string();
            any_serves = any_serves || rates;
            any_opencl = any_opencl || (rates && entry->kind != Kind::kCpu);
            members.push_back({&entry->engine, entry->resource});
        }
        if (!opencl_problem_.empty()) problems += "; " + opencl_problem_;
        if (!options_.binary.empty() && opencl_looked_for_ && !any_opencl) {
            return fail(std::errc::no_such_device,
                        "no OpenCL device can use the engine binary" + problems);
        }
        if (!any_serves) {
            return fail(std::errc::no_such_device, "no engine passes its self test" + problems);
        }
        passed_over_ = std::move(problems);
        combined_ = std::make_unique<CombinedEngine>(std::move(members));
        return {};
    }

    std::string mine_reason() {
        return explain_mining(measured_reports(), combined_->info().name) + passed_over_;
    }
    std::string hash_reason() { return explain_hashing(measured_reports()) + passed_over_; }

    std::vector<EngineReport> measured_reports() {
        std::vector<EngineReport> out;
        for (const Entry* entry : covered()) out.push_back(describe(entry->engine));
        return out;
    }
    std::vector<unsigned> resources() {
        std::vector<unsigned> out;
        for (const Entry* entry : covered()) out.push_back(entry->resource);
        return out;
    }

    void start_supervisor() {
        if (supervisor_.joinable()) return;
        supervisor_ = std::jthread([this](const std::stop_token& stop) { supervise(stop); });
    }

    void supervise(const std::stop_token& stop) {
        const auto look_again =
            std::min(options_.supervision.retry_first, std::chrono::milliseconds(500));
        std::mutex idle;
        std::condition_variable_any woken;
        while (!stop.stop_requested()) {
            std::vector<Entry*> entries;
            {
                const std::scoped_lock lock(entries_mutex_);
                for (const auto& entry : entries_) entries.push_back(entry.get());
            }
            for (Entry* entry : entries) {
                if (stop.stop_requested()) break;
                entry->engine.supervise();
                if (entry->opencl != nullptr) {
                    entry->opencl->rest_after(options_.supervision.rest_after);
                }
            }
            std::unique_lock lock(idle);
            woken.wait_for(lock, stop, look_again, [] { return false; });
        }
    }

    const EngineOptions options_;
    const RateCache cache_;
    std::mutex mutex_;                             // guards all below; one discovery at a time
    mutable std::mutex entries_mutex_;             // for adding entries, and for who does not wait
    std::vector<std::unique_ptr<Entry>> entries_;  // only ever grows
    bool opencl_looked_for_ = false;
    std::string opencl_problem_;
    std::string passed_over_;
    std::unique_ptr<CombinedEngine> combined_;
    std::jthread supervisor_;  // ends first
};

Engines::Engines(EngineOptions options) : impl_{std::make_unique<Impl>(std::move(options))} {}
Engines::~Engines() = default;

Result<HashChoice> Engines::find_hash(std::string_view name) {
    auto found = impl_->find(name, false);
    if (!found) return fail(std::move(found).error());
    return HashChoice(*found->hash, std::move(found->reason));
}

Result<PowChoice> Engines::find_pow(std::string_view name) {
    auto found = impl_->find(name, true);
    if (!found) return fail(std::move(found).error());
    return PowChoice(*found->pow, std::move(found->reason));
}

std::vector<EngineReport> Engines::list() { return impl_->list(); }
std::vector<EngineReport> Engines::status() const { return impl_->status(); }
Result<Explanation> Engines::explain() { return impl_->explain(); }

}  // namespace assay::compute
