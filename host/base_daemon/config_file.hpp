// A TOML configuration file, read once at start by a program's composition root.
//
//     auto file = ConfigTable::read("assay.toml");
//     options.listen = file->string("listen", "0.0.0.0:8443");
//     auto mining = file->table("mining");
//     options.share = mining.number("share", 1.0);
//     if (auto fine = file->refuse_unknown_keys(); !fine) ...
//
// Getters note a wrong type or a missing key and return the default, so that a reader is one line a
// key; refuse_unknown_keys() at the end fails with the first such error, or with a key that nobody
// asked for. Errors name file, line and column. Not thread-safe; tables share the file's state.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"

namespace assay {

// "250ms", "5s", "10m", "2h", "7d"; a unit is required, nothing else is accepted.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

struct IntegerRange {
    std::int64_t min = 0;
    std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

class ConfigTable {
  public:
    [[nodiscard]] static Result<ConfigTable> read(const std::filesystem::path& path);
    // `file_name` is for error texts.
    [[nodiscard]] static Result<ConfigTable> parse(std::string_view text,
                                                   std::string_view file_name);

    [[nodiscard]] bool has(std::string_view key) const;

    [[nodiscard]] std::string string(std::string_view key, std::string_view otherwise) const;
    [[nodiscard]] std::string required_string(std::string_view key) const;
    [[nodiscard]] std::int64_t integer(std::string_view key,
                                       std::int64_t otherwise,
                                       IntegerRange range = {}) const;
    [[nodiscard]] double number(std::string_view key, double otherwise) const;
    [[nodiscard]] bool boolean(std::string_view key, bool otherwise) const;
    [[nodiscard]] std::chrono::milliseconds duration(std::string_view key,
                                                     std::chrono::milliseconds otherwise) const;
    [[nodiscard]] std::vector<std::string> strings(std::string_view key,
                                                   std::vector<std::string> otherwise = {}) const;

    // An empty table if there is none.
    [[nodiscard]] ConfigTable table(std::string_view key) const;
    // The tables written as [[key]].
    [[nodiscard]] std::vector<ConfigTable> tables(std::string_view key) const;

    // Notes an error at `key` found by the caller (an address that does not parse, say).
    void note_error(std::string_view key, std::string_view what) const;

    // For the table and all below it, once all keys have been read.
    [[nodiscard]] Result<void> refuse_unknown_keys() const;

  private:
    struct File;  // the parsed file, which keys were asked for, the first error
    ConfigTable(std::shared_ptr<File> file, const void* table, std::string path)
        : file_{std::move(file)}, table_{table}, path_{std::move(path)} {}

    std::shared_ptr<File> file_;
    const void* table_;  // toml::table inside *file_
    std::string path_;   // "mining." or nothing: goes before a key in error texts
};

}  // namespace assay
