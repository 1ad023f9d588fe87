#include "device/protocol/device_config.hpp"

#include <algorithm>
#include <array>

#include <boost/json/serialize.hpp>

#include "device/protocol/json_reader.hpp"
#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::protocol {
namespace {

namespace json = boost::json;

constexpr std::size_t kTextMax = 1024;

void read_optional(JsonReader& in, std::string_view name, std::uint32_t& value, std::uint32_t max) {
    if (in.has(name)) value = static_cast<std::uint32_t>(in.number(name, max));
}

constexpr std::array<std::string_view, 4> kInstallKinds = {"raw", "script", "swupdate", "rauc"};
constexpr std::array<std::string_view, 3> kBootKinds = {"file", "uboot", "script"};

json::array texts(const std::vector<std::string>& list) {
    return json::array(list.begin(), list.end());
}

template <typename Kind, std::size_t N>
Kind read_kind(JsonReader& in,
               std::string_view name,
               const std::array<std::string_view, N>& kinds) {
    if (!in.has(name)) return Kind{};
    const std::string text = in.text(name, 16);
    for (std::size_t i = 0; i < N; ++i) {
        if (kinds[i] == text) return static_cast<Kind>(i);
    }
    in.refuse(name, "is none of those that docs/devices.md names");
    return Kind{};
}

// How images get into slots and who starts them; left out where it is the default.
void put_installation(json::object& out, const DeviceConfig& config) {
    if (!config.slot_paths.empty()) out["slot_paths"] = texts(config.slot_paths);
    if (config.install != InstallKind::kRaw) {
        out["install"] = to_string(config.install);
        if (!config.install_command.empty()) out["install_command"] = texts(config.install_command);
        out["install_deadline_s"] = config.install_deadline_s;
    }
    if (config.boot != BootKind::kFile) out["boot"] = to_string(config.boot);
    if (config.boot == BootKind::kUBoot) {
        out["boot_environment"] = texts(config.boot_environment);
        out["boot_environment_bytes"] = config.boot_environment_bytes;
    }
    if (!config.boot_command.empty()) out["boot_command"] = texts(config.boot_command);
    if (config.boot_loader) out["boot_loader"] = true;
    if (!config.restart_command.empty()) out["restart_command"] = texts(config.restart_command);
}

// When the device may restart, and how fast it may download.
void put_manners(json::object& out, const DeviceConfig& config) {
    if (config.window) out["window"] = to_string(*config.window);
    out["postpone_max_s"] = config.postpone_max_s;
    if (config.bandwidth_kib_s != 0) out["bandwidth_kib_s"] = config.bandwidth_kib_s;
}

void read_manners(JsonReader& in, DeviceConfig& out) {
    if (in.has("window")) {
        out.window = parse_window(in.text("window", 16));
        if (!out.window) in.refuse("window", "is not like 22:00-04:30");
        if (!out.clock) in.refuse("window", "needs a clock");
    }
    read_optional(in, "postpone_max_s", out.postpone_max_s, 366 * 24 * 3600);
    read_optional(in, "bandwidth_kib_s", out.bandwidth_kib_s, UINT32_MAX);
    const std::uint64_t in_time = std::uint64_t{out.bandwidth_kib_s} * out.gateway_timeout_s;
    if (out.bandwidth_kib_s != 0 && in_time < ledger::kChunkBytesMax / 1024) {
        in.refuse("bandwidth_kib_s", "must be 0 (no limit), or let a largest chunk of " +
                                         std::to_string(ledger::kChunkBytesMax / 1024) +
                                         " KiB pass within gateway_timeout_s");
    }
}

// "HH:MM"
std::optional<std::uint32_t> minute_of_day(std::string_view text) {
    if (text.size() != 5 || text[2] != ':') return std::nullopt;
    const auto hour = parse_number(text.substr(0, 2));
    const auto minute = parse_number(text.substr(3));
    if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
    return static_cast<std::uint32_t>(*hour * 60 + *minute);
}

std::string hours_and_minutes(std::uint32_t minute) {
    const auto two = [](std::uint32_t n) { return std::to_string(n / 10) + std::to_string(n % 10); };
    return two(minute / 60) + ":" + two(minute % 60);
}

void read_installation(JsonReader& in, DeviceConfig& out) {
    out.slot_paths = in.optional_texts("slot_paths", 2);
    if (out.slot_paths.size() == 1) in.refuse("slot_paths", "must name two slots");
    out.install = read_kind<InstallKind>(in, "install", kInstallKinds);
    out.install_command = in.optional_texts("install_command", 64);
    read_optional(in, "install_deadline_s", out.install_deadline_s, 24 * 3600);
    if (out.install == InstallKind::kScript && out.install_command.empty()) {
        in.refuse("install_command", "must name the script");
    }
    out.boot = read_kind<BootKind>(in, "boot", kBootKinds);
    out.boot_environment = in.optional_texts("boot_environment", 2);
    read_optional(in, "boot_environment_bytes", out.boot_environment_bytes, 1024 * 1024);
    out.boot_command = in.optional_texts("boot_command", 64);
    if (in.has("boot_loader")) out.boot_loader = in.boolean("boot_loader");
    out.restart_command = in.optional_texts("restart_command", 64);
    if (out.boot == BootKind::kUBoot) {
        const bool places = std::all_of(out.boot_environment.begin(), out.boot_environment.end(),
                                        [](const auto& text) { return parse_place(text); });
        if (out.boot_environment.size() != 2 || !places)
            in.refuse("boot_environment", "must name two copies, each PATH or PATH@OFFSET");
        if (out.boot_environment_bytes == 0) in.refuse("boot_environment_bytes", "is missing");
        if (out.boot_tries > kUBootTriesMax) in.refuse("boot_tries", "must be at most 9 with U-Boot");
    }
    if (out.boot == BootKind::kScript && out.boot_command.empty()) {
        in.refuse("boot_command", "must name the script");
    }
    if (out.boot_loader != !out.restart_command.empty()) {
        in.refuse("restart_command", "goes with boot_loader");
    }
    if (out.boot_loader && out.boot == BootKind::kFile) {
        in.refuse("boot", "must be uboot or script with boot_loader: no boot loader reads the file");
    }
}

}  // namespace

std::string_view to_string(InstallKind kind) noexcept {
    return kInstallKinds.at(static_cast<std::size_t>(kind));
}
std::string_view to_string(BootKind kind) noexcept {
    return kBootKinds.at(static_cast<std::size_t>(kind));
}

std::optional<DailyWindow> parse_window(std::string_view text) {
    if (text.size() != 11 || text[5] != '-') return std::nullopt;
    const auto from = minute_of_day(text.substr(0, 5));
    const auto to = minute_of_day(text.substr(6));
    if (!from || !to || *from == *to) return std::nullopt;
    return DailyWindow{*from, *to};
}
std::string to_string(const DailyWindow& window) {
    return hours_and_minutes(window.from) + "-" + hours_and_minutes(window.to);
}

std::optional<PlaceOnDevice> parse_place(std::string_view text) {
    PlaceOnDevice out;
    const std::size_t at = text.rfind('@');
    out.path = text.substr(0, at);
    if (out.path.empty()) return std::nullopt;
    if (at == std::string_view::npos) return out;
    std::string_view digits = text.substr(at + 1);
    const bool is_hex = digits.starts_with("0x");
    if (is_hex) digits.remove_prefix(2);
    const auto offset = parse_number(digits, is_hex ? 16 : 10);
    if (!offset || *offset > (std::uint64_t{1} << 48U)) return std::nullopt;
    out.offset = *offset;
    return out;
}

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
    out["gateway_timeout_s"] = config.gateway_timeout_s;
    out["clock"] = config.clock;
    put_manners(out, config);
    put_installation(out, config);
    out["require_status"] = config.require_status;
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
    read_optional(in, "gateway_timeout_s", out.gateway_timeout_s, 24 * 3600);
    if (out.gateway_timeout_s == 0) in.refuse("gateway_timeout_s", "must be above 0");
    if (in.has("clock")) out.clock = in.boolean("clock");
    read_manners(in, out);
    read_installation(in, out);
    if (in.has("require_status")) out.require_status = in.boolean("require_status");
    return in.finish(std::move(out));
}

}  // namespace assay::protocol
