// assay device history, export: what a gateway knows, to look at and to take away.

#include <ctime>

#include <boost/json/array.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

constexpr std::int64_t kDaySeconds = 86'400;

std::string describe_place(const json::object& row) {
    const std::string state = text_at(row, "state");
    if (state == "stored") return "not in a batch yet";
    const std::string batch = "batch " + text_at(row, "batch");
    if (state == "in-batch") return batch + ", not on the ledger yet";
    return fmt::format("{}, block {} of {}{}", batch, text_at(row, "height"),
                       utc_text(number_at(row, "block_time")),
                       state == "final" ? "" : ", not final yet");
}

void describe_step(const json::object& row, Output& output) {
    output.add_line(fmt::format("  {}  {:<11} {:<24} {}", utc_text(number_at(row, "received")),
                                text_at(row, "event"),
                                fmt::format("{} {} ({})", text_at(row, "component"),
                                            text_at(row, "version"), text_at(row, "sequence")),
                                describe_place(row)));
    const std::string detail = row.contains("detail") ? text_at(row, "detail") : "";
    const std::string word = row.contains("word") ? text_at(row, "word") : "";
    const std::string colon = word.empty() || detail.empty() ? "" : ": ";
    if (!word.empty() || !detail.empty()) output.add_line("      " + word + colon + detail);
    if (row.contains("device_time")) {
        output.add_line(fmt::format("      by the {}'s clock {}",
                                    row.at("attested_by_gateway").as_bool() ? "gateway" : "device",
                                    utc_text(number_at(row, "device_time"))));
    }
}

// Seconds since 1970; a date alone is its first second or, `with_day`, its last.
Answer<std::string> parse_time(const std::string& name, const std::string& text, bool with_day) {
    if (ledger::parse_decimal(text)) return text;
    std::tm time{};
    const char* const end = text.data() + text.size();
    if (strptime(text.c_str(), "%Y-%m-%dT%H:%M:%SZ", &time) == end) {
        return std::to_string(timegm(&time));
    }
    time = std::tm{};
    if (strptime(text.c_str(), "%Y-%m-%d", &time) == end) {
        return std::to_string(timegm(&time) + (with_day ? kDaySeconds - 1 : 0));
    }
    return give_up(ExitCode::kUsage, name + " is like 2026-11-17, 2026-11-17T09:30:00Z, or seconds "
                                            "since 1970");
}

// Of the query; no name or leaf hash has a character that would have to be escaped.
bool is_plain(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
    });
}

Answer<std::string> query_of(const ExportOptions& options) {
    std::string query;
    const auto add = [&](const std::string& name, const std::string& value) {
        if (!value.empty()) query += (query.empty() ? "?" : "&") + name + "=" + value;
    };
    if (!is_plain(options.device)) return give_up(ExitCode::kUsage, "that is no device's name");
    if (!options.release.empty() && !hash_from_hex<ledger::LeafHash>(options.release)) {
        return give_up(ExitCode::kUsage, "--release is a leaf hash: 64 hexadecimal digits");
    }
    add("device", options.device);
    add("release", options.release);
    std::optional<std::uint64_t> begin, end;
    if (!options.from.empty()) {
        const auto from = parse_time("--from", options.from, false);
        if (!from) return from;
        begin = ledger::parse_decimal(*from);
        add("from", *from);
    }
    if (!options.to.empty()) {
        const auto to = parse_time("--to", options.to, true);
        if (!to) return to;
        end = ledger::parse_decimal(*to);
        add("to", *to);
    }
    if (begin && end && *begin > *end) {
        return give_up(ExitCode::kUsage, "--from is after --to: no receipt can lie between them");
    }
    if (query.empty()) {
        return give_up(ExitCode::kUsage, "export wants --device, --release, --from or --to",
                       "See `assay export --help`.");
    }
    return query;
}

}  // namespace

std::string utc_text(std::uint64_t seconds) {
    if (seconds > std::uint64_t{UINT32_MAX}) return std::to_string(seconds);
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

Outcome show_history(const HistoryOptions& options) {
    if (!is_plain(options.id)) return give_up(ExitCode::kUsage, "that is no device's name");
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto history = daemon->get("/v1/devices/" + options.id + "/history");
    if (!history) return tl::unexpected(history.error());
    Output output;
    output.text = fmt::format("Device {} of {}, {} on the ledger, enrolled {}\n", options.id,
                              text_at(*history, "gateway"), text_at(*history, "ledger_id"),
                              utc_text(number_at(*history, "enrolled")));
    for (const json::value& row : history->at("history").as_array()) {
        describe_step(row.as_object(), output);
    }
    if (history->at("history").as_array().empty()) output.text += "  No receipt came from it.\n";
    if (const auto* forgotten = history->if_contains("former_keys_forgotten");
        forgotten != nullptr && *forgotten == true) {
        output.text += "  It had more keys than are kept: what the oldest signed is not found here.\n";
    }
    for (const json::value& value : history->at("rollouts").as_array()) {
        const json::object& row = value.as_object();
        output.text += fmt::format("  rollout {}: {} since {} {}\n", text_at(row, "id"),
                                   text_at(row, "step"), utc_text(number_at(row, "since")),
                                   row.contains("word") ? text_at(row, "word") : "");
    }
    if (const auto* assignment = history->if_contains("assignment")) {
        const json::object& release = assignment->as_object();
        output.text += fmt::format("  assigned last: {} {}, release {}\n",
                                   text_at(release, "component"), text_at(release, "version"),
                                   text_at(release, "release"));
    }
    output.json = std::move(*history);
    return output;
}

Outcome export_case(const ExportOptions& options) {
    const auto query = query_of(options);
    if (!query) return tl::unexpected(query.error());
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto file = daemon->get_bytes("/v1/case" + *query);
    if (!file) return tl::unexpected(file.error());
    if (auto written = write_file_durable(options.out, *file); !written) {
        return give_up(written.error());
    }
    Output output;
    output.json["file"] = options.out.string();
    output.json["bytes"] = file->size();
    output.text = fmt::format("{} bytes in {}\nNext: assay verify {} --policy FILE --policy FILE\n",
                              file->size(), options.out.string(), options.out.string());
    return output;
}

}  // namespace assay::gateway::cli
