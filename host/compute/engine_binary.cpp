#include "host/compute/engine_binary.hpp"

#include "host/base/file.hpp"
#include "host/compute/opencl/opencl_engine.hpp"
#include "host/compute/self_test.hpp"

namespace assay::compute {
namespace {

using Clock = std::chrono::steady_clock;

BinaryReport report(const EngineInfo& info, std::size_t programs, Clock::time_point started) {
    BinaryReport out;
    out.device = info.name + " (" + info.description + ")";
    out.programs = programs;
    out.took = Clock::now() - started;
    return out;
}

}  // namespace

Result<std::vector<BinaryReport>> compile_engine_binary(const std::filesystem::path& out) {
    // No cache: what is saved is what this compiler makes of this source.
    auto engines = opencl::find_opencl_engines(std::make_shared<opencl::ProgramStore>());
    if (!engines) return fail(std::move(engines).error());
    std::vector<BinaryReport> reports;
    std::vector<opencl::ProgramBinary> programs;
    for (const auto& engine : *engines) {
        const auto started = Clock::now();
        for (auto tested : {self_test(static_cast<HashEngine&>(*engine)),
                            self_test(static_cast<PowEngine&>(*engine))}) {
            if (!tested) return fail(std::move(tested).error());
        }
        auto made = engine->binaries();
        if (!made) return fail(std::move(made).error());
        reports.push_back(report(engine->info(), made->size(), started));
        std::move(made->begin(), made->end(), std::back_inserter(programs));
    }
    if (programs.size() > opencl::kProgramsMax) {
        return fail(std::errc::file_too_large, "more than " + std::to_string(opencl::kProgramsMax) +
                                                   " programs: too many devices for one binary");
    }
    if (auto written = write_file_durable(out, opencl::encode_programs(programs)); !written) {
        return fail(std::move(written).error().within("engine binary"));
    }
    return reports;
}

Result<std::vector<BinaryReport>> load_engine_binary(const std::filesystem::path& binary) {
    auto store = opencl::ProgramStore::open({}, binary);
    if (!store) return fail(std::move(store).error());
    auto engines = opencl::find_opencl_engines(
        std::make_shared<const opencl::ProgramStore>(std::move(*store)));
    if (!engines) return fail(std::move(engines).error());
    std::vector<BinaryReport> reports;
    for (const auto& engine : *engines) {
        const auto started = Clock::now();
        if (auto opened = engine->open(); !opened) return fail(std::move(opened).error());
        const BinaryReport loaded = report(engine->info(), 0, started);
        auto programs = engine->binaries();
        if (!programs) return fail(std::move(programs).error());
        reports.push_back(loaded);
        reports.back().programs = programs->size();
    }
    return reports;
}

}  // namespace assay::compute
