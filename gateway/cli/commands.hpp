// How commands are put on the command line: groups, verbs with an example each, --dir. For the files that
// include CLI11, which are compiled alone.

#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <CLI/CLI.hpp>

namespace assay::gateway::cli {

inline CLI::App* add_group(CLI::App& parent, const std::string& name, const std::string& about) {
    CLI::App* const group = parent.add_subcommand(name, about);
    group->require_subcommand(1);
    group->fallthrough();
    return group;
}

inline CLI::App* add_verb(CLI::App& parent,
                   const std::string& name,
                   const std::string& about,
                   const std::string& example,
                   std::function<void()> chosen) {
    CLI::App* const verb = parent.add_subcommand(name, about);
    verb->footer("Example:\n  " + example);
    verb->fallthrough();  // --json may stand anywhere
    verb->callback(std::move(chosen));
    return verb;
}

inline void add_dir(CLI::App& verb, std::filesystem::path& dir) {
    verb.add_option("--dir", dir, "The member's folder")->capture_default_str();
}

}  // namespace assay::gateway::cli
