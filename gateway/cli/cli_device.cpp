// assay device enrol, assay device list: the devices of a gateway.

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "device/protocol/enrolment.hpp"
#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::size_t kCsrBytesMax = 16 * 1024;

}  // namespace

Outcome enrol_device(const EnrolOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    const auto csr = read_file(options.csr, kCsrBytesMax);
    if (!csr) return give_up(Error(csr.error()).within("certificate request"));
    protocol::EnrolmentRequest request;
    request.id = options.id;
    request.csr = std::string(as_text(*csr));
    request.vendor = options.vendor;
    request.replace_key = options.replace_key;
    const auto answer =
        daemon->post("/v1/devices", "application/json", as_bytes(protocol::to_json(request)));
    if (!answer) return tl::unexpected(answer.error());
    const auto enrolment = protocol::parse_enrolment_answer(boost::json::serialize(*answer));
    if (!enrolment) return give_up(Error(enrolment.error()).within("the daemon's answer"));
    if (auto made = create_directories_durable(options.out); !made) return give_up(made.error());
    if (auto stored = protocol::store_enrolment(options.out, *enrolment); !stored) {
        return give_up(Error(stored.error()).within(options.out.string()));
    }
    Output output;
    output.json["id"] = options.id;
    output.json["ledger_id"] = to_hex(enrolment->ledger_id);
    output.json["gateway"] = enrolment->gateway;
    output.json["out"] = options.out.string();
    output.text = fmt::format(
        "Device {} is enrolled; certificate, CA and anchor are in {}.\n"
        "Next: assay-device run --dir {}\n",
        options.id, options.out.string(), options.out.string());
    return output;
}

Outcome list_devices(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto devices = daemon->get("/v1/devices");
    if (!devices) return tl::unexpected(devices.error());
    Output output;
    for (const auto& value : devices->at("devices").as_array()) {
        const boost::json::object& in = value.as_object();
        output.text += fmt::format(
            "{:<20} {:<12} sequence {:<6} {:<14} last receipt: {} {}\n", text_at(in, "id"),
            text_at(in, "standing") == "blocked" ? "blocked" : text_at(in, "state"), text_at(in, "confirmed_sequence"), text_at(in, "assignment"),
            text_at(in, "last_event"), in.contains("last_word") ? text_at(in, "last_word") : "");
    }
    auto waiting = daemon->get("/v1/enrolments");
    if (!waiting) return tl::unexpected(waiting.error());
    for (const auto& value : waiting->at("devices").as_array()) {
        const boost::json::object& in = value.as_object();
        output.text += fmt::format("{:<20} {:<12} key {}, {} {}\n", text_at(in, "id"),
                                   text_at(in, "standing"), text_at(in, "key"),
                                   text_at(in, "class"), text_at(in, "hardware"));
    }
    if (output.text.empty()) output.text = "No device is enrolled.\n";
    output.json = std::move(*devices);
    output.json["waiting"] = std::move(waiting->at("devices"));
    return output;
}

}  // namespace assay::gateway::cli
