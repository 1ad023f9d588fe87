#include "device/protocol/device_config.hpp"

#include <boost/json/serialize.hpp>

#include "device/protocol/json_reader.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t kTextMax = 1024;

void read_optional(JsonReader& in, std::string_view name, std::uint32_t& value, std::uint32_t max) {
    if (in.has(name)) value = static_cast<std::uint32_t>(in.number(name, max));
}

}  // namespace

std::string to_json(const DeviceConfig& config) {
    json::object out;
    out["id"] = config.id;
    out["gateway"] = config.gateway;
    out["vendor"] = config.vendor;
    out["class"] = config.device_class;
    out["component"] = config.component;
    if (config.ledger_id) out["ledger_id"] = to_hex(*config.ledger_id);
    out["slots"] = config.slots;
    if (!config.health.empty())
        out["health"] = json::array(config.health.begin(), config.health.end());
    out["health_deadline_s"] = config.health_deadline_s;
    out["poll_ms_max"] = config.poll_ms_max;
    out["boot_tries"] = config.boot_tries;
    out["checkpoint_age_max_s"] = config.checkpoint_age_max_s;
    out["clock"] = config.clock;
    return json::serialize(out) + "\n";
}

Result<DeviceConfig> parse_device_config(std::string_view text) {
    JsonReader in(text, "device.json", kDeviceConfigBytesMax);
    DeviceConfig out;
    out.id = in.text("id", 64);
    out.gateway = in.text("gateway", kTextMax);
    out.vendor = in.text("vendor", kTextMax);
    out.device_class = in.text("class", kTextMax);
    out.component = in.text("component", 64);
    if (!ledger::is_component_name(out.component))
        in.refuse("component", "is not a component name");
    if (in.has("ledger_id")) out.ledger_id = in.hex<16>("ledger_id");
    if (in.has("slots")) out.slots = in.text("slots", kTextMax);
    out.health = in.optional_texts("health", 64);
    read_optional(in, "health_deadline_s", out.health_deadline_s, 3600);
    read_optional(in, "poll_ms_max", out.poll_ms_max, 24 * 3600 * 1000);
    if (out.poll_ms_max == 0) in.refuse("poll_ms_max", "must be above 0");
    read_optional(in, "boot_tries", out.boot_tries, 16);
    if (out.boot_tries == 0) in.refuse("boot_tries", "must be above 0");
    if (in.has("checkpoint_age_max_s")) {
        out.checkpoint_age_max_s = in.number("checkpoint_age_max_s", UINT32_MAX);
    }
    if (in.has("clock")) out.clock = in.boolean("clock");
    return in.finish(std::move(out));
}

}  // namespace assay::protocol
