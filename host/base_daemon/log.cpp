#include "host/base_daemon/log.hpp"

#include <atomic>

#include <unistd.h>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace assay::log {
namespace {

spdlog::level::level_enum spdlog_level(Level level) noexcept {
    switch (level) {
        case Level::kDebug:
            return spdlog::level::debug;
        case Level::kInfo:
            return spdlog::level::info;
        case Level::kWarning:
            return spdlog::level::warn;
        case Level::kError:
            break;
    }
    return spdlog::level::err;
}

struct Log {
    spdlog::logger sink{"assay", std::make_shared<spdlog::sinks::stderr_sink_mt>()};
    std::atomic<bool> human{::isatty(STDERR_FILENO) == 1};

    Log() {
        sink.set_pattern("%v");  // the line is made here, spdlog only locks and writes
        sink.set_level(spdlog::level::info);
    }
};

Log& the_log() {
    static Log log;
    return log;
}

}  // namespace

void init(const Options& options) {
    Log& log = the_log();
    log.human = options.format == Format::kHuman ||
                (options.format == Format::kAuto && ::isatty(STDERR_FILENO) == 1);
    log.sink.set_level(spdlog_level(options.level));
}

void event(Level level, std::string_view name, std::initializer_list<Field> fields) {
    Log& log = the_log();
    if (!log.sink.should_log(spdlog_level(level))) return;
    const std::span<const Field> all(fields.begin(), fields.size());
    const Time now = std::chrono::system_clock::now();
    const std::string line =
        log.human ? format_human(now, level, name, all) : format_json(now, level, name, all);
    log.sink.log(spdlog_level(level), line);
}

}  // namespace assay::log
