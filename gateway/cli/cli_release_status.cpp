// assay release status: states by hand which release of a component is the current one. The daemon of a
// status key's holder does so by itself each status period; this is for saying it now, or for longer, or
// with a floor.

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/submission.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/clock.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/config_file.hpp"
#include "ledger/core/status_record.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

Answer<json::object> find_release(const DaemonClient& daemon, std::string_view leaf) {
    const auto releases = daemon.get("/v1/releases");
    if (!releases) return tl::unexpected(releases.error());
    for (const json::value& value : releases->at("releases").as_array()) {
        if (value.at("leaf").as_string() == leaf) return value.as_object();
    }
    return give_up(ExitCode::kUsage, "there is no release \"" + std::string(leaf) + "\"",
                   "`assay release list` shows them.");
}

std::optional<ledger::Uuid> uuid_at(const json::object& in, std::string_view key) {
    const auto bytes = from_hex(text_at(in, key));
    ledger::Uuid out{};
    if (!bytes || bytes->size() != out.size()) return std::nullopt;
    std::copy(bytes->begin(), bytes->end(), out.begin());
    return out;
}

Answer<ledger::StatusRecord> make_status(const json::object& release, const StatusOptions& options) {
    const auto valid = parse_duration(options.valid);
    if (!valid || *valid < std::chrono::seconds(1)) {
        return give_up(ExitCode::kUsage, "--valid is no duration: \"" + options.valid + "\"",
                       "Example: --valid 14d");
    }
    const auto vendor = uuid_at(release, "vendor");
    const auto device_class = uuid_at(release, "class");
    const auto leaf = hash_from_hex<ledger::LeafHash>(options.leaf);
    if (!vendor || !device_class || !leaf) {
        return give_up(ExitCode::kFailure, "the daemon's answer is not what it should be");
    }
    ledger::StatusRecord status;
    status.vendor = *vendor;
    status.device_class = *device_class;
    status.component = text_at(release, "component");
    status.release = *leaf;
    status.min_sequence = options.min_sequence;
    status.serial = 1;
    if (const auto* last = release.if_contains("status"); last && last->is_object()) {
        status.serial = last->at("serial").to_number<std::uint64_t>() + 1;
        // A floor that was stated once is not taken back by leaving it out.
        const auto floor = std::min(last->at("min_sequence").to_number<std::uint64_t>(),
                                    release.at("sequence").to_number<std::uint64_t>());
        status.min_sequence = std::max(status.min_sequence, floor);
    }
    status.issued = static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count());
    status.not_after = status.issued + static_cast<std::uint64_t>(
                                           std::chrono::ceil<std::chrono::seconds>(*valid).count());
    return status;
}

}  // namespace

Outcome state_release(const StatusOptions& options) {
    const MemberFolder folder(options.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto release = find_release(*daemon, options.leaf);
    if (!release) return tl::unexpected(release.error());
    const auto status = make_status(*release, options);
    if (!status) return tl::unexpected(status.error());
    const auto key = load_key_in_force(folder, "tx", membership->self.tx);
    if (!key) return tl::unexpected(key.error());
    const auto statement = make_statement(ledger::TxType::kStatus, *status, ledger::encode_status,
                                          ledger::decode_status);
    if (!statement) return tl::unexpected(statement.error());
    const auto done = publish(*daemon, *membership, *statement, *key, options.wait);
    if (!done) return tl::unexpected(done.error());

    Output output;
    output.json["leaf"] = done->leaf;
    output.json["release"] = options.leaf;
    output.json["serial"] = status->serial;
    output.json["min_sequence"] = status->min_sequence;
    output.json["issued"] = status->issued;
    output.json["not_after"] = status->not_after;
    output.json["final"] = done->is_final;
    output.text = fmt::format("Status {} of {} is {}: {}\n  current  {} {} (sequence {})\n",
                              status->serial, status->component,
                              done->is_final ? "final" : "submitted", done->leaf,
                              text_at(*release, "component"), text_at(*release, "version"),
                              text_at(*release, "sequence"));
    return output;
}

}  // namespace assay::gateway::cli
