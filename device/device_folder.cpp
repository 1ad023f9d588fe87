#include "device/device_folder.hpp"

#include "device/boot_script.hpp"
#include "device/uboot_env.hpp"

#include <fcntl.h>

#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "host/http/url.hpp"

namespace assay::device {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPemBytesMax = 64 * 1024;

Result<Bytes> read_enrolled(const fs::path& folder, std::string_view name, std::size_t max) {
    auto content = read_file(folder / name, max);
    if (!content) return fail(std::move(content).error().within("enrol the device first"));
    return content;
}

// How late it is at least. Before the first checkpoint nothing is known of the time, and of a gateway's
// certificate only the signature counts.
std::uint64_t least_time(std::uint64_t newest_checkpoint, bool has_clock) {
    if (newest_checkpoint == 0 || !has_clock) return newest_checkpoint;
    const auto clock = SystemClock().now().time_since_epoch().count();
    return std::max(newest_checkpoint, static_cast<std::uint64_t>(clock));
}

Result<std::shared_ptr<const http::TlsContext>> make_tls(const fs::path& folder,
                                                         const protocol::DeviceConfig& config,
                                                         const crypto::PrivateKey& key,
                                                         std::shared_ptr<const std::uint64_t> newest) {
    auto certificate = read_enrolled(folder, protocol::kCertificateFile, kPemBytesMax);
    if (!certificate) return fail(std::move(certificate).error());
    auto ca = read_enrolled(folder, protocol::kCaFile, kPemBytesMax);
    if (!ca) return fail(std::move(ca).error());
    const auto url = http::parse_url(config.gateway);
    if (!url) return fail(Error(url.error()).within("gateway in device.json"));
    if (!url->tls) return fail(Refusal::kMalformed, "gateway in device.json: must be an https URL");
    auto key_pem = key.to_pem();
    if (!key_pem) return fail(std::move(key_pem).error());
    http::TlsOptions options(http::TlsRole::kClient, std::move(*certificate), std::move(*key_pem));
    options.ca_pem = std::move(*ca);
    options.server_name = url->host;
    options.time_at_least = [newest = std::move(newest), has_clock = config.clock] {
        return least_time(*newest, has_clock);
    };
    return http::TlsContext::make(options);
}

Result<DeviceIdentity> make_identity(const fs::path& folder, const protocol::DeviceConfig& config) {
    const auto bytes = read_enrolled(folder, protocol::kAnchorFile, ledger::kAnchorBytesMax);
    if (!bytes) return fail(bytes.error());
    auto anchor = ledger::decode_anchor(*bytes);
    if (!anchor) return fail(std::move(anchor).error().within("anchor.cbor"));
    const ledger::Uuid vendor = ledger::vendor_id_of(config.vendor);
    if (anchor->vendor != vendor) {
        return fail(Refusal::kVendorMismatch, "anchor.cbor is not of vendor " + config.vendor);
    }
    DeviceIdentity identity;
    identity.anchor = std::move(*anchor);
    identity.device_class = ledger::class_id_of(vendor, config.device_class);
    identity.component = config.component;
    identity.checkpoint_age_max_s = config.checkpoint_age_max_s;
    identity.payloads = payload_types(config.install);
    identity.requires_status = config.require_status;
    return identity;
}

constexpr std::size_t kCommandLineBytesMax = 64 * 1024;
constexpr std::chrono::seconds kBootScriptDeadline{60};

// Precondition: the configuration was parsed, so that places are places.
std::unique_ptr<BootStore> make_boot_store(const fs::path& folder,
                                           const protocol::DeviceConfig& config,
                                           Storage& storage) {
    if (config.boot == protocol::BootKind::kScript) {
        return std::make_unique<ScriptBootStore>(config.boot_command, kBootScriptDeadline);
    }
    if (config.boot == protocol::BootKind::kUBoot) {
        UBootEnvOptions options;
        options.bytes = config.boot_environment_bytes;
        for (std::size_t i = 0; i < 2; ++i) {
            const auto place = protocol::parse_place(config.boot_environment.at(i)).value();
            options.copies[i] = {folder / place.path, place.offset};
        }
        return std::make_unique<UBootEnvStore>(options, storage);
    }
    return std::make_unique<FileBootStore>(folder / kBootFile, storage);
}

RunningSlot make_running_slot(const protocol::DeviceConfig& config) {
    if (!config.boot_loader) return {};
    if (config.boot == protocol::BootKind::kScript) {
        return [command = config.boot_command] {
            return ScriptBootStore(command, kBootScriptDeadline).running();
        };
    }
    return [] {
        // procfs knows no file sizes, so read_file() would find nothing.
        Result<SlotIndex> slot = fail(std::errc::io_error, "/proc/cmdline");
        const auto file = FileHandle::open("/proc/cmdline", O_RDONLY);
        if (!file) return slot = fail(file.error());
        Bytes text(kCommandLineBytesMax);
        const auto have = file->read_at(0, text);
        if (!have) return slot = fail(have.error());
        return slot = slot_of_command_line(as_text(ByteView(text).first(*have)));
    };
}

std::unique_ptr<Installer> make_installer(const protocol::DeviceConfig& config) {
    if (config.install == protocol::InstallKind::kRaw) return nullptr;
    auto command = config.install_command;
    if (command.empty()) command = default_command(config.install);
    return std::make_unique<CommandInstaller>(std::move(command),
                                              std::chrono::seconds(config.install_deadline_s),
                                              success_text(config.install));
}

}  // namespace

Result<protocol::DeviceConfig> read_config(const fs::path& folder) {
    const fs::path path = folder / protocol::kConfigFile;
    auto text = read_file(path, protocol::kDeviceConfigBytesMax);
    if (!text) return fail(std::move(text).error().within("run assay-device init first"));
    auto config = protocol::parse_device_config(as_text(*text));
    if (!config) return fail(std::move(config).error().within(path.string()));
    return config;
}

RestartPlan restart_plan_of(const protocol::DeviceConfig& config) {
    return {config.window, config.postpone_max_s};
}

Result<void> init_device(const fs::path& folder, const protocol::DeviceConfig& config) {
    if (!crypto::is_common_name(config.id)) {
        return fail(Refusal::kMalformed, "a device id has 1 to 64 characters of [A-Za-z0-9._-]");
    }
    if (auto checked = protocol::parse_device_config(protocol::to_json(config)); !checked) {
        return fail(std::move(checked).error());
    }
    if (auto made = create_directories_durable(folder, 0700); !made) return made;
    std::error_code error;
    const auto has = [&](std::string_view name) { return fs::exists(folder / name, error); };
    if (!has(protocol::kConfigFile) && !has(protocol::kCertificateFile)) {
        // Then a key is what a power cut left of an earlier call: nobody knows it.
        fs::remove(folder / protocol::kKeyFile, error);
    }
    auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256);
    if (!key) return fail(std::move(key).error());
    if (auto saved = crypto::save_key(folder / protocol::kKeyFile, *key); !saved) return saved;
    const auto request = crypto::make_csr(*key, config.id);
    if (!request) return fail(request.error());
    if (auto done = write_file_durable(folder / protocol::kRequestFile, *request); !done)
        return done;
    return write_file_durable(folder / protocol::kConfigFile, as_bytes(protocol::to_json(config)));
}

Result<protocol::DeviceStatus> read_status(const fs::path& folder) {
    const auto config = read_config(folder);
    if (!config) return fail(config.error());
    DiskStorage storage;
    const auto state = StateFile(folder / kStateFile, storage).load();
    if (!state) return fail(state.error());
    const auto boot = make_boot_store(folder, *config, storage)->read();
    if (!boot) return fail(boot.error());

    protocol::DeviceStatus status;
    status.id = config->id;
    status.slot = boot->active;
    status.state = to_string(state->phase);
    if (state->installed) {
        status.sequence = state->installed->sequence;
        status.version = state->installed->version;
        status.running = state->installed->sha256;
    }
    if (state->pending) status.pending = state->pending->release;
    status.sequence_floor = state->sequence_floor;
    status.checkpoint = state->checkpoint;
    status.policy_version = state->policy_version;
    status.receipts_made = state->receipt_counter;
    status.receipts_waiting = state->outbox.size();
    status.receipts_kept = state->kept.size();
    for (const RefusedRelease& entry : state->refused) {
        const auto word = refusal_from_number(entry.word);
        status.refused.push_back(
            {entry.release, std::string(word ? to_word(*word) : "unknown"), entry.attempts});
    }
    return status;
}

Result<EnrolledDevice> open_device(const fs::path& folder, Storage& storage) {
    auto config = read_config(folder);
    if (!config) return fail(std::move(config).error());
    if (!config->ledger_id) {
        return fail(std::errc::no_such_file_or_directory,
                    "device.json has no ledger_id: enrol first");
    }
    auto key = crypto::load_key(folder / protocol::kKeyFile);
    if (!key) return fail(std::move(key).error());
    const auto state = StateFile(folder / kStateFile, storage).load();
    if (!state) return fail(state.error());
    auto newest = std::make_shared<std::uint64_t>(state->checkpoint ? state->checkpoint->time : 0);
    auto tls = make_tls(folder, *config, *key, newest);
    if (!tls) return fail(std::move(tls).error());
    auto identity = make_identity(folder, *config);
    if (!identity) return fail(std::move(identity).error());

    AgentOptions options;
    options.folder = folder;
    options.slots = Slots::files_in(folder / config->slots);
    for (std::size_t i = 0; i < config->slot_paths.size(); ++i) {
        options.slots.at(i) = folder / config->slot_paths[i];
    }
    options.identity = std::move(*identity);
    options.ledger_id = *config->ledger_id;
    options.gateway = crypto::sha256(as_bytes(config->gateway));
    options.health.command = config->health;
    options.health.deadline = std::chrono::seconds(config->health_deadline_s);
    options.health.slot_is_image = config->install == protocol::InstallKind::kRaw;
    options.boot_tries = config->boot_tries;
    options.restart = restart_plan_of(*config);
    options.poll_max = Milliseconds(config->poll_ms_max);
    auto boot_store = make_boot_store(folder, *config, storage);
    auto running = make_running_slot(*config);
    auto installer = make_installer(*config);
    return EnrolledDevice{std::move(*config),     std::move(*key),    std::move(*tls),
                          std::move(options),     std::move(boot_store), std::move(running),
                          std::move(installer), std::move(newest)};
}

}  // namespace assay::device
