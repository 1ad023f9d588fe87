// assay device token, accept, refuse, block, report: enrolment on the production line.

#include "gateway/cli/enrolment_verbs.hpp"

#include <array>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "host/base/file.hpp"
#include "host/base_daemon/config_file.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

// Of a report's line, in this order.
constexpr std::array<std::string_view, 15> kColumns = {
    "id",       "standing", "enrolled_by", "enrolled", "hardware",           "vendor",     "class",
    "component", "version",  "sequence",    "running",  "confirmed_sequence", "last_event", "last_word",
    "last_seen"};

// Devices choose some of it: a spreadsheet must not take it for a formula.
std::string csv_field(std::string text) {
    if (text.find_first_of("=+-@") == 0) text.insert(0, "'");
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

// Of a device that is enrolled, or of one that waits: what it has not, is empty.
json::object report_line(const json::object& device) {
    json::object line;
    for (const std::string_view column : kColumns) {
        const json::value* value = device.if_contains(column);
        line[column] = value == nullptr ? json::value("") : *value;
    }
    return line;
}

Outcome change_standing(const StandingOptions& options, std::string_view verb) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto answer = daemon->post(fmt::format("/v1/devices/{}/{}", options.id, verb),
                               "application/json", {});
    if (!answer) return tl::unexpected(answer.error());
    Output output;
    output.text = fmt::format("{} is {}\n", options.id, text_at(*answer, "standing"));
    output.json = std::move(*answer);
    return output;
}

}  // namespace

Outcome make_tokens(const TokenOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto valid = parse_duration(options.expires);
    if (!valid || *valid < std::chrono::seconds(1)) {
        return give_up(ExitCode::kUsage, "--expires is no duration: \"" + options.expires + "\"",
                       "Example: --expires 8h");
    }
    json::object order;
    order["count"] = options.count;
    order["vendor"] = options.vendor;
    order["class"] = options.device_class;
    order["expires_s"] = std::chrono::ceil<std::chrono::seconds>(*valid).count();
    auto answer = daemon->post("/v1/enrolments/tokens", "application/json",
                               as_bytes(json::serialize(order)));
    if (!answer) return tl::unexpected(answer.error());
    Output output;
    std::string lines;
    for (const json::value& token : answer->at("tokens").as_array()) {
        lines += std::string_view(token.as_string());
        lines += "\n";
    }
    output.json = std::move(*answer);
    if (options.out.empty()) {
        output.text = lines;
        return output;
    }
    if (auto written = write_file_durable(options.out, as_bytes(lines), 0600); !written) {
        return give_up(written.error());
    }
    output.json.erase("tokens");
    output.json["file"] = options.out.string();
    output.text = fmt::format("{} tokens in {}\n", options.count, options.out.string());
    return output;
}

Outcome accept_device(const StandingOptions& options) { return change_standing(options, "accept"); }
Outcome refuse_device(const StandingOptions& options) { return change_standing(options, "refuse"); }
Outcome block_device(const StandingOptions& options) { return change_standing(options, "block"); }

Outcome report_devices(const ReportOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto enrolled = daemon->get("/v1/devices");
    if (!enrolled) return tl::unexpected(enrolled.error());
    const auto waiting = daemon->get("/v1/enrolments");
    if (!waiting) return tl::unexpected(waiting.error());
    json::array lines;
    for (const json::object* const list : {&*enrolled, &*waiting}) {
        for (const json::value& device : list->at("devices").as_array()) {
            lines.push_back(report_line(device.as_object()));
        }
    }
    Output output;
    const std::string_view between = options.csv ? "," : "  ";
    const auto put_row = [&](auto text_of) {
        for (const std::string_view column : kColumns) {
            if (column != kColumns.front()) output.text += between;
            output.text += text_of(column);
        }
        output.text += options.csv ? "\r\n" : "\n";
    };
    put_row([](std::string_view column) { return std::string(column); });
    for (const json::value& line : lines) {
        put_row([&](std::string_view column) {
            const std::string text = text_at(line.as_object(), column);
            return options.csv ? csv_field(text) : text.empty() ? std::string("-") : text;
        });
    }
    output.json["devices"] = std::move(lines);
    return output;
}

}  // namespace assay::gateway::cli
