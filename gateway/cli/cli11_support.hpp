// What the files that describe verbs to CLI11 share: cli.cpp, and those it leaves a group to.

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

// CLI11's own check names the largest double as the limit.
inline CLI::Validator above_zero() {
    return {[](std::string& given) {
                const bool is_above = given.find_first_of("123456789") != std::string::npos &&
                                      !given.starts_with('-');
                return is_above ? std::string() : given + " is not above 0";
            },
            "POSITIVE"};
}

inline void add_dir(CLI::App& verb, std::filesystem::path& dir) {
    verb.add_option("--dir", dir, "The member's folder")->capture_default_str();
}

}  // namespace assay::gateway::cli
