// Events on stderr: for people when it is a terminal, one JSON object a line otherwise. An event
// has a fixed name ("release-found") and fields; sentences are left to whoever reads.
//
//     log::info("release-found", {{"cid", cid.to_string()}, {"height", height}});
//
// The one thing of the process that every part may reach without being handed it. Thread-safe;
// init() is for main, before other threads start. Without it, events from kInfo up are written.
// Secrets have no place in fields. Used by daemons; libraries below return errors instead.

#pragma once

#include <initializer_list>
#include <string_view>

#include "host/base/result.hpp"
#include "host/base_daemon/log_format.hpp"

namespace assay::log {

enum class Format : std::uint8_t { kAuto, kHuman, kJson };

struct Options {
    Level level = Level::kInfo;
    Format format = Format::kAuto;
};

void init(const Options& options);

void event(Level level, std::string_view name, std::initializer_list<Field> fields = {});

inline void debug(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::kDebug, name, fields);
}
inline void info(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::kInfo, name, fields);
}
inline void warning(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::kWarning, name, fields);
}
inline void error(std::string_view name, std::initializer_list<Field> fields = {}) {
    event(Level::kError, name, fields);
}

}  // namespace assay::log
