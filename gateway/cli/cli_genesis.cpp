// assay init --genesis: the founding records of a consortium and of its gateways' ledger, from the
// members' cards. The order of the cards gives the slots.

#include <charconv>
#include <chrono>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/clock.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/config_file.hpp"
#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::size_t kCardBytesMax = 16 * 1024;

Answer<std::vector<ledger::Member>> read_cards(const std::vector<std::filesystem::path>& paths) {
    std::vector<ledger::Member> members;
    for (const std::filesystem::path& path : paths) {
        const auto bytes = read_file(path, kCardBytesMax);
        if (!bytes) return give_up(bytes.error());
        auto member = ledger::decode_member_card(*bytes);
        if (!member) {
            Failure failure(Error(member.error()).within(path.string()));
            failure.code = ExitCode::kVerificationFailed;
            return tl::unexpected(std::move(failure));
        }
        member->slot = static_cast<ledger::Slot>(members.size());
        members.push_back(std::move(*member));
    }
    return members;
}

Answer<std::uint32_t> seconds_of(const std::string& text, std::string_view option) {
    const auto duration = parse_duration(text);
    const auto seconds =
        duration ? std::chrono::duration_cast<std::chrono::seconds>(*duration).count() : 0;
    if (seconds < 1 || seconds > 86'400) {
        return give_up(ExitCode::kUsage, fmt::format("{} is not a time: \"{}\"", option, text),
                       "Write 1s to 86400s, or minutes and hours: 15s, 10m, 1h.");
    }
    return static_cast<std::uint32_t>(seconds);
}

Answer<ledger::ChainParams> parameters(const FoundOptions& options) {
    ledger::ChainParams params;
    const auto interval = seconds_of(options.interval, "--interval");
    if (!interval) return tl::unexpected(interval.error());
    const auto heartbeat = seconds_of(options.heartbeat, "--heartbeat");
    if (!heartbeat) return tl::unexpected(heartbeat.error());
    const std::string& limit = options.pow_limit;
    const auto parsed =
        std::from_chars(limit.data(), limit.data() + limit.size(), params.pow_limit, 16);
    if (limit.size() != 8 || parsed.ec != std::errc{} ||
        parsed.ptr != limit.data() + limit.size()) {
        return give_up(ExitCode::kUsage, "--pow-limit is not a compact target: \"" + limit + "\"",
                       "Write 8 hexadecimal digits, as in a block header: 1e00ffff.");
    }
    params.target_interval_s = *interval;
    params.half_life_s = 20 * *interval;
    params.heartbeat_s = *heartbeat;
    params.retarget = options.retarget;
    return params;
}

struct Founded {
    Bytes bytes;
    ledger::ChainId chain_id;
    std::size_t members = 0;
};

// Two consortia of the same members look alike, and never meet.
Answer<void> require_no_genesis(const std::filesystem::path& folder) {
    for (const char* const name : {"consortium.genesis", "gateway.genesis"}) {
        std::error_code ignored;
        if (!std::filesystem::exists(folder / name, ignored)) continue;
        return give_up(ExitCode::kFailure, (folder / name).string() + " is there already",
                       "A consortium is founded once; choose another folder with --out.");
    }
    return {};
}

Answer<Founded> found(ledger::Genesis genesis, const std::filesystem::path& path) {
    if (auto registry = ledger::Registry::make(genesis.members); !registry) {
        return give_up(Error(registry.error()).within("these members cannot found a ledger"));
    }
    Founded founded;
    founded.bytes = ledger::encode_genesis(genesis);
    // What a node would refuse must not leave the founder's hands.
    if (auto checked = ledger::decode_genesis(founded.bytes); !checked) {
        return give_up(checked.error());
    }
    founded.chain_id = ledger::chain_id_of(founded.bytes);
    founded.members = genesis.members.size();
    if (auto written = write_file_durable(path, founded.bytes); !written) {
        return give_up(written.error());
    }
    return founded;
}

}  // namespace

Outcome found_consortium(const FoundOptions& options) {
    auto members = read_cards(options.cards);
    if (!members) return tl::unexpected(members.error());
    const auto params = parameters(options);
    if (!params) return tl::unexpected(params.error());
    if (auto free = require_no_genesis(options.out); !free) return tl::unexpected(free.error());
    if (auto made = create_directories_durable(options.out); !made) return give_up(made.error());

    ledger::Genesis genesis;
    genesis.kind = ledger::LedgerKind::kConsortium;
    genesis.origin = options.origin + "/consortium";
    genesis.time = static_cast<std::uint32_t>(SystemClock().now().time_since_epoch().count());
    genesis.params = *params;
    genesis.members = *members;
    const auto consortium_path = options.out / "consortium.genesis";
    const auto consortium = found(genesis, consortium_path);
    if (!consortium) return tl::unexpected(consortium.error());

    Output output;
    output.json["consortium"] = consortium_path.string();
    output.json["chain_id"] = to_hex(consortium->chain_id.view());
    boost::json::array slots;
    for (const ledger::Member& member : *members) slots.push_back(boost::json::value(member.name));
    output.json["members"] = std::move(slots);
    output.text = fmt::format("{}\n  members: {}, chain id {}\n", consortium_path.string(),
                              consortium->members, to_hex(consortium->chain_id.view()));

    std::erase_if(genesis.members,
                  [](const ledger::Member& member) { return !member.has(ledger::Role::kGateway); });
    if (!genesis.members.empty()) {
        genesis.kind = ledger::LedgerKind::kGateway;
        genesis.origin = options.origin + "/gateway";
        genesis.consortium = consortium->chain_id;
        // Every gateway keeps the gateways' ledger, node of the consortium or not.
        for (ledger::Member& member : genesis.members) {
            member.roles |= static_cast<std::uint32_t>(ledger::Role::kNode);
        }
        const auto gateway_path = options.out / "gateway.genesis";
        const auto gateway = found(genesis, gateway_path);
        if (!gateway) return tl::unexpected(gateway.error());
        output.json["gateway"] = gateway_path.string();
        output.json["gateway_chain_id"] = to_hex(gateway->chain_id.view());
        output.text += fmt::format("{}\n  gateways: {}, chain id {}\n", gateway_path.string(),
                                   gateway->members, to_hex(gateway->chain_id.view()));
    }
    output.text += "Copy these files into every member's folder; then each starts `assay run --dir DIR`.\n";
    return output;
}

}  // namespace assay::gateway::cli
