#include "host/base_daemon/config_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include <toml++/toml.h>

#include "host/base/file.hpp"

namespace assay {
namespace {

constexpr std::size_t kFileBytesMax = 1024 * 1024;

std::string place(std::string_view file, const toml::source_position& at) {
    return std::string(file) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

// Levenshtein's distance: how many letters to add, drop or change.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = std::exchange(row[0], i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

using Keys = std::set<std::string, std::less<>>;

std::string suggestion(std::string_view key, const Keys& known) {
    const auto nearer = [&](const std::string& x, const std::string& y) {
        return distance(key, x) < distance(key, y);
    };
    const auto best = std::min_element(known.begin(), known.end(), nearer);
    if (best == known.end() || distance(key, *best) > 1 + key.size() / 3) return {};
    return ", did you mean \"" + *best + "\"?";
}

}  // namespace

struct ConfigTable::File {
    std::string name;
    toml::table root;
    std::map<const void*, Keys> asked;  // by table
    std::optional<Error> error;

    // Null if the table has no such key.
    const toml::node* ask(const ConfigTable& table, std::string_view key) {
        asked[table.table_].emplace(key);
        return static_cast<const toml::table*>(table.table_)->get(key);
    }

    void note(const std::string& where, std::string_view what) {
        if (!error)
            error.emplace(std::make_error_code(std::errc::invalid_argument),
                          where + ": " + std::string(what));
    }
    void note(const ConfigTable& table,
              std::string_view key,
              const toml::node& node,
              std::string_view what) {
        note(place(name, node.source().begin),
             table.path_ + std::string(key) + " " + std::string(what));
    }

    // The value of a scalar, or nothing after noting that it is something else.
    template <typename T>
    std::optional<T> value(const ConfigTable& table,
                           std::string_view key,
                           std::string_view wanted) {
        const toml::node* const node = ask(table, key);
        if (node == nullptr) return std::nullopt;
        auto found = node->value_exact<T>();
        if (!found) note(table, key, *node, "must be " + std::string(wanted));
        return found;
    }

    Result<void> refuse_unknown(const toml::table& table);
};

Result<void> ConfigTable::File::refuse_unknown(const toml::table& table) {
    const Keys& known = asked[&table];
    for (const auto& [key, node] : table) {
        if (!known.contains(key.str())) {
            return fail(std::errc::invalid_argument,
                        place(name, key.source().begin) + ": unknown key \"" +
                            std::string(key.str()) + "\"" + suggestion(key.str(), known));
        }
        if (const auto* const inner = node.as_table()) {
            if (auto fine = refuse_unknown(*inner); !fine) return fine;
        }
        if (const auto* const array = node.as_array()) {
            for (const toml::node& element : *array) {
                const auto* const inner = element.as_table();
                if (inner == nullptr) continue;
                if (auto fine = refuse_unknown(*inner); !fine) return fine;
            }
        }
    }
    return {};
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
    struct Unit {
        std::string_view name;
        std::int64_t milliseconds;
    };
    static constexpr std::array kUnits{Unit{"ms", 1}, Unit{"s", 1000}, Unit{"m", 60'000},
                                       Unit{"h", 3'600'000}, Unit{"d", 86'400'000}};
    std::uint32_t count = 0;  // times the largest unit, this still fits 64 bits
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc{}) return std::nullopt;
    const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
    const auto unit = std::find_if(kUnits.begin(), kUnits.end(),
                                   [&](const Unit& candidate) { return candidate.name == name; });
    if (unit == kUnits.end()) return std::nullopt;
    return std::chrono::milliseconds(count * unit->milliseconds);
}

Result<ConfigTable> ConfigTable::read(const std::filesystem::path& path) {
    auto text = read_file(path, kFileBytesMax);
    if (!text) return fail(std::move(text).error().within("configuration"));
    return parse(as_text(*text), path.string());
}

Result<ConfigTable> ConfigTable::parse(std::string_view text, std::string_view file_name) {
    auto file = std::make_shared<File>();
    file->name = std::string(file_name);
    try {
        file->root = toml::parse(text);
    } catch (const toml::parse_error& error) {
        return fail(std::errc::invalid_argument, place(file_name, error.source().begin) + ": " +
                                                     std::string(error.description()));
    }
    const void* const root = &file->root;
    return ConfigTable(std::move(file), root, "");
}

bool ConfigTable::has(std::string_view key) const { return file_->ask(*this, key) != nullptr; }

std::string ConfigTable::string(std::string_view key, std::string_view otherwise) const {
    return file_->value<std::string>(*this, key, "a string").value_or(std::string(otherwise));
}

std::string ConfigTable::required_string(std::string_view key) const {
    if (!has(key)) file_->note(file_->name, "missing key \"" + path_ + std::string(key) + "\"");
    return string(key, "");
}

std::int64_t ConfigTable::integer(std::string_view key,
                                  std::int64_t otherwise,
                                  IntegerRange range) const {
    const auto value = file_->value<std::int64_t>(*this, key, "an integer");
    if (value && (*value < range.min || *value > range.max)) {
        note_error(key,
                   "must be " + std::to_string(range.min) + " to " + std::to_string(range.max));
        return otherwise;
    }
    return value.value_or(otherwise);
}

double ConfigTable::number(std::string_view key, double otherwise) const {
    const toml::node* const node = file_->ask(*this, key);
    if (node != nullptr && node->is_integer()) {
        return static_cast<double>(node->value_or(std::int64_t{0}));
    }
    return file_->value<double>(*this, key, "a number").value_or(otherwise);
}

bool ConfigTable::boolean(std::string_view key, bool otherwise) const {
    return file_->value<bool>(*this, key, "true or false").value_or(otherwise);
}

std::chrono::milliseconds ConfigTable::duration(std::string_view key,
                                                std::chrono::milliseconds otherwise) const {
    constexpr std::string_view kWanted = "a duration such as \"250ms\", \"5s\", \"10m\" or \"2h\"";
    const auto text = file_->value<std::string>(*this, key, kWanted);
    if (!text) return otherwise;
    const auto parsed = parse_duration(*text);
    if (!parsed) note_error(key, "must be " + std::string(kWanted));
    return parsed.value_or(otherwise);
}

std::vector<std::string> ConfigTable::strings(std::string_view key,
                                              std::vector<std::string> otherwise) const {
    const toml::node* const node = file_->ask(*this, key);
    if (node == nullptr) return otherwise;
    std::vector<std::string> out;
    const auto* const array = node->as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        if (auto text = (*array)[i].value_exact<std::string>()) out.push_back(std::move(*text));
    }
    if (array == nullptr || out.size() != array->size()) {
        file_->note(*this, key, *node, "must be a list of strings");
        return otherwise;
    }
    return out;
}

ConfigTable ConfigTable::table(std::string_view key) const {
    static const toml::table kNone;
    const toml::node* const node = file_->ask(*this, key);
    const auto* const found = node != nullptr ? node->as_table() : nullptr;
    if (node != nullptr && found == nullptr) {
        file_->note(*this, key, *node, "must be a table, [" + path_ + std::string(key) + "]");
    }
    return ConfigTable(file_, found != nullptr ? found : &kNone, path_ + std::string(key) + ".");
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) const {
    std::vector<ConfigTable> out;
    const toml::node* const node = file_->ask(*this, key);
    if (node == nullptr) return out;
    const auto* const array = node->as_array();
    for (std::size_t i = 0; array != nullptr && i < array->size(); ++i) {
        const auto* const element = (*array)[i].as_table();
        if (element != nullptr)
            out.push_back(ConfigTable(file_, element, path_ + std::string(key) + "."));
    }
    if (array == nullptr || out.size() != array->size()) {
        file_->note(*this, key, *node, "must be tables, [[" + path_ + std::string(key) + "]]");
    }
    return out;
}

void ConfigTable::note_error(std::string_view key, std::string_view what) const {
    const toml::node* const node = file_->ask(*this, key);
    if (node != nullptr) {
        file_->note(*this, key, *node, what);
    } else {
        file_->note(file_->name, path_ + std::string(key) + " " + std::string(what));
    }
}

Result<void> ConfigTable::refuse_unknown_keys() const {
    if (file_->error) return fail(*file_->error);
    return file_->refuse_unknown(*static_cast<const toml::table*>(table_));
}

}  // namespace assay
