// assay init --name, assay key list: a member's folder, made by the member alone. Only the card is
// handed out.

#include <algorithm>
#include <sstream>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/role_list.hpp"
#include "gateway/cli/verbs.hpp"
#include "gateway/member_folder.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "host/crypto/random.hpp"
#include "ledger/core/member.hpp"

namespace assay::gateway::cli {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;

constexpr int kCertificateDays = 3650;
constexpr mode_t kPrivateFile = 0600;
constexpr mode_t kPrivateFolder = 0700;

// Makes a key, saves it, and returns it for what needs it at once.
Result<PrivateKey> make_key(const MemberFolder& folder,
                            std::string_view name,
                            Algorithm algorithm) {
    auto key = PrivateKey::generate(algorithm);
    if (!key) return fail(std::move(key).error().within("make key"));
    if (auto saved = crypto::save_key(folder.key(name), *key); !saved) {
        return fail(std::move(saved).error().within("save key"));
    }
    return key;
}

Result<ledger::Member> make_keys(const MemberFolder& folder,
                                 Algorithm algorithm,
                                 ledger::Member member) {
    const std::pair<std::string_view, crypto::PublicKey*> chosen[] = {
        {"root", &member.root}, {"tx", &member.tx}, {"seal", &member.seal}, {"vote", &member.vote}};
    for (const auto& [name, field] : chosen) {
        auto key = make_key(folder, name, algorithm);
        if (!key) return fail(std::move(key).error());
        *field = key->public_key();
    }
    // C2SP's checkpoint and cosignature formats know Ed25519 only.
    const std::pair<std::string_view, crypto::PublicKey*> notes[] = {{"cosign", &member.cosign},
                                                                     {"log", &member.log}};
    for (const auto& [name, field] : notes) {
        auto key = make_key(folder, name, Algorithm::kEd25519);
        if (!key) return fail(std::move(key).error());
        *field = key->public_key();
    }
    auto tls = make_key(folder, "tls", Algorithm::kEcdsaP256);
    if (!tls) return fail(std::move(tls).error());
    auto identity = crypto::make_self_signed(*tls, member.name, kCertificateDays);
    if (!identity) return fail(std::move(identity).error().within("TLS certificate"));
    auto written = write_file_durable(folder.tls_certificate(), identity->certificate_pem);
    if (!written) return fail(std::move(written).error());
    member.tls_spki = crypto::spki_sha256(tls->public_key());
    return member;
}

Result<void> make_site_authority(const MemberFolder& folder,
                                 const std::string& name,
                                 const std::string& host) {
    auto made = create_directories_durable(folder.site_ca().parent_path(), kPrivateFolder);
    if (!made) return made;
    const auto ca_key = PrivateKey::generate(Algorithm::kEcdsaP256);
    if (!ca_key) return fail(Error(ca_key.error()));
    if (made = crypto::save_key(folder.site_ca_key(), *ca_key); !made) return made;
    const auto ca = crypto::make_ca(*ca_key, name + ".site-ca");
    if (!ca) return fail(Error(ca.error()).within("site CA"));
    if (made = write_file_durable(folder.site_ca(), *ca); !made) return made;

    const auto devices_key = make_key(folder, "devices", Algorithm::kEcdsaP256);
    if (!devices_key) return fail(Error(devices_key.error()));
    crypto::CertificateOptions options;
    options.common_name = name;
    options.alt_names = {name, "localhost", "127.0.0.1", "::1"};
    if (std::find(options.alt_names.begin(), options.alt_names.end(), host) ==
            options.alt_names.end() &&
        host != "0.0.0.0" && host != "::") {
        options.alt_names.push_back(host);
    }
    options.use = crypto::CertificateUse::kServer;
    const auto certificate = crypto::issue(*ca, *ca_key, devices_key->public_key(), options);
    if (!certificate) return fail(Error(certificate.error()).within("devices certificate"));
    if (made = write_file_durable(folder.devices_certificate(), *certificate); !made) return made;

    std::array<std::byte, 32> salt{};
    crypto::fill_random(salt);
    return write_file_durable(folder.operator_salt(), as_bytes(to_hex(salt) + "\n"), kPrivateFile);
}

std::string default_config(const InitMemberOptions& options, bool is_gateway) {
    const auto listen = [&](unsigned offset) {
        const unsigned port = options.base_port == 0 ? 0 : options.base_port + offset;
        const bool six = options.host.find(':') != std::string::npos;
        return (six ? "[" + options.host + "]" : options.host) + ":" + std::to_string(port);
    };
    std::string text = fmt::format(
        "# Assay member \"{0}\". Paths are relative to this folder; `assay run` reads this file.\n"
        "name = \"{0}\"\n\n"
        "[operator]                      # REST for the operator: loopback only\n"
        "listen = \"127.0.0.1:{1}\"\n\n"
        "[peer]                          # the other members' nodes\n"
        "listen = \"{2}\"\n"
        "connect = []                    # [\"oem.example:8471\"]\n\n"
        "[content]                       # image blocks for the other members\n"
        "listen = \"{3}\"\n"
        "sources = []                    # gateways: [\"https://oem.example:8472\"]; others with\n"
        "                                # \"http://...\", \"car+http://...\", \"kubo+http://...\"\n"
        "# routers = []                  # delegated routers, which know more sources\n"
        "# publish = \"http://127.0.0.1:5001\"   # releases go to this Kubo node, too\n\n"
        "[consortium]\n"
        "genesis = \"consortium.genesis\"\n"
        "# keep_blocks = 10000           # older ones are let go (0, the default: keep all)\n\n",
        options.name, options.base_port, listen(1), listen(2));
    if (is_gateway) {
        text += fmt::format(
            "[gateway]\n"
            "genesis = \"gateway.genesis\"\n"
            "# keep_blocks = 10000\n\n"
            "[devices]                       # enrolled devices\n"
            "# offer = \"rollouts\"            # nothing without a rollout (all: the newest to all)\n"
            "# bytes_per_s = 12500000        # to all devices together; site_bytes_per_s: to one site\n"
            "# site_downloads_max = 50       # at a time of one site\n"
            "# url = \"https://gateway.example:8473\"   # what devices are told (default: as listened)\n"
            "listen = \"{}\"\n\n"
            "# [factory]                     # blank devices ask here to be enrolled (docs/devices.md)\n"
            "# listen = \"127.0.0.1:8474\"\n\n"
            "[receipts]                      # a batch goes to the ledger at this age or size\n"
            "flush_age = \"60s\"\n"
            "flush_count = 16384\n\n",
            listen(3));
    }
    text +=
        "[mining]\n"
        "engine = \"auto\"                 # auto, cpu, opencl, or a name from `assay engines`\n"
        "share = 0.25                    # of the engine's time, while there is work\n\n"
        "[compute]\n"
        "engine = \"auto\"\n\n"
        "[engines]\n"
        "# binary = \"engines.bin\"        # OpenCL programs of `assay engines compile`\n"
        "# cache = \"cache\"               # compiled programs and measured rates\n";
    return text;
}

Result<void> write_private_files(const MemberFolder& folder,
                                 const InitMemberOptions& options,
                                 bool is_gateway) {
    std::array<std::byte, 32> token{};
    crypto::fill_random(token);
    auto written =
        write_file_durable(folder.operator_token(), as_bytes(to_hex(token) + "\n"), kPrivateFile);
    if (!written) return written;
    return write_file_durable(folder.config(), as_bytes(default_config(options, is_gateway)));
}

}  // namespace

Outcome init_member(const InitMemberOptions& options) {
    const MemberFolder folder(options.dir);
    const auto roles = parse_roles(options.roles);
    if (!roles) return tl::unexpected(roles.error());
    if (!ledger::is_member_name(options.name)) {
        return give_up(ExitCode::kUsage, "\"" + options.name + "\" is not a member name",
                       "Use 1 to 64 characters of a-z, 0-9, '.' and '-'.");
    }
    const auto algorithm = crypto::parse_algorithm(options.algorithm);
    if (!algorithm) return give_up(ExitCode::kUsage, algorithm.error().to_string());
    if (std::filesystem::exists(folder.config())) {
        return give_up(ExitCode::kFailure, folder.dir().string() + " is a member folder already",
                       "Keys are never replaced; choose another folder.");
    }

    auto made = create_directories_durable(folder.dir(), kPrivateFolder);
    if (made) made = create_directories_durable(folder.key("x").parent_path(), kPrivateFolder);
    if (!made) return give_up(made.error());

    ledger::Member member;
    member.name = options.name;
    member.roles = *roles;
    if (!options.contact.empty()) member.contact = options.contact;
    auto complete = make_keys(folder, *algorithm, std::move(member));
    if (!complete) return give_up(complete.error());
    const auto root = crypto::load_key(folder.key("root"));
    if (!root) return give_up(root.error());
    const auto card = ledger::make_member_card(*complete, *root);
    if (!card) return give_up(card.error());
    made = write_file_durable(folder.card(options.name), *card);
    if (!made) return give_up(made.error());
    const bool is_gateway = complete->has(ledger::Role::kGateway);
    if (is_gateway) made = make_site_authority(folder, options.name, options.host);
    // The configuration comes last: a folder that has one is complete.
    if (made) made = write_private_files(folder, options, is_gateway);
    if (!made) return give_up(made.error());

    Output output;
    output.json["name"] = options.name;
    output.json["dir"] = folder.dir().string();
    output.json["card"] = folder.card(options.name).string();
    output.json["root_key"] = to_hex(complete->root.bytes);
    output.text = fmt::format(
        "Member \"{0}\" is ready in {1}. Its keys never leave that folder.\n"
        "Next:\n"
        "  1. hand out {2}\n"
        "  2. found the consortium:  assay init --genesis CARD... --out GENESIS\n"
        "  3. copy the genesis files here, set the peers in {3}, then:  assay run --dir {1}\n",
        options.name, folder.dir().string(), folder.card(options.name).string(),
        folder.config().string());
    return output;
}

Outcome list_keys(const FolderOptions& options) {
    const MemberFolder folder(options.dir);
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    Output output;
    boost::json::array keys;
    for (const std::string_view name :
         {"root", "tx", "seal", "vote", "cosign", "log", "tls", "devices"}) {
        if (!std::filesystem::exists(folder.key(name))) continue;  // root keys may be kept offline
        const auto key = crypto::load_key(folder.key(name));
        if (!key) return give_up(key.error());
        boost::json::object entry;
        entry["name"] = name;
        entry["algorithm"] = crypto::to_string(key->public_key().algorithm);
        entry["key_id"] = to_hex(crypto::key_id(key->public_key()));
        entry["public_key"] = to_hex(key->public_key().bytes);
        output.text +=
            fmt::format("{:<8} {:<11} {}\n", name, crypto::to_string(key->public_key().algorithm),
                        to_hex(key->public_key().bytes));
        keys.push_back(std::move(entry));
    }
    output.json["keys"] = std::move(keys);
    return output;
}

}  // namespace assay::gateway::cli
