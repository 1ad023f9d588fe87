#include "gateway/ledger_nodes.hpp"

#include "gateway/transport.hpp"
#include "host/base/file.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/gateway_rules.hpp"

namespace assay::gateway {
namespace {

Result<Bytes> read_genesis(const std::filesystem::path& path, ledger::LedgerKind kind) {
    auto bytes = read_file(path, ledger::kGenesisBytesMax);
    if (!bytes) {
        return fail(std::move(bytes).error().within(
            "genesis of the " + std::string(to_string(kind)) +
            " ledger (copy here what `assay init --genesis` made)"));
    }
    return bytes;
}

Result<ledger::Slot> own_slot(ByteView genesis_bytes,
                              ledger::LedgerKind kind,
                              const Config& config) {
    const auto genesis = ledger::decode_genesis(genesis_bytes);
    if (!genesis) return fail(Error(genesis.error()).within("genesis"));
    if (genesis->kind != kind) {
        return fail(std::errc::invalid_argument,
                    "this is a genesis of the " + std::string(to_string(genesis->kind)) +
                        " ledger, not of the " + std::string(to_string(kind)) + " ledger");
    }
    for (const ledger::Member& member : genesis->members) {
        if (member.name == config.name) return member.slot;
    }
    const auto& joined =
        kind == ledger::LedgerKind::kConsortium ? config.consortium_slot : config.gateway_slot;
    if (joined) return *joined;
    return fail(std::errc::invalid_argument,
                "the genesis names no member \"" + config.name +
                    "\": once it has joined (`assay member propose add-member`), write its slot as "
                    "`slot` into the ledger's section of assay.toml");
}

Result<ledger::MemberKeys> load_keys(const MemberFolder& folder, ledger::Slot slot) {
    auto seal = crypto::load_key(folder.key("seal"));
    if (!seal) return fail(std::move(seal).error().within("seal key"));
    auto vote = crypto::load_key(folder.key("vote"));
    if (!vote) return fail(std::move(vote).error().within("vote key"));
    auto tx = crypto::load_key(folder.key("tx"));
    if (!tx) return fail(std::move(tx).error().within("tx key"));
    auto log = crypto::load_key(folder.key("log"));
    if (!log) return fail(std::move(log).error().within("log key"));
    auto cosign = crypto::load_key(folder.key("cosign"));
    if (!cosign) return fail(std::move(cosign).error().within("cosign key"));
    auto tls = load_member_identity(folder);
    if (!tls) return fail(std::move(tls).error());
    ledger::MemberKeys keys(slot, std::move(*seal), std::move(*vote), std::move(*tx),
                            std::move(*log), std::move(*cosign), std::move(*tls));
    return keys;
}

}  // namespace

compute::EngineOptions engine_options(const Config& config) {
    compute::EngineOptions options = compute::engine_options_from_environment();
    options.binary = config.engine_binary;
    if (config.engine_cache) options.cache_dir = *config.engine_cache;
    return options;
}

Result<ChosenEngines> choose_engines(compute::Engines& engines, const Config& config) {
    ChosenEngines chosen;
    const auto hash = engines.find_hash(config.compute_engine);
    if (!hash) return fail(Error(hash.error()).within("[compute] engine"));
    const auto mine = engines.find_pow(config.mining_engine);
    if (!mine) return fail(Error(mine.error()).within("[mining] engine"));
    chosen.hash = hash->engine;
    chosen.mine = mine->engine;
    chosen.status.hash = hash->engine->info().name;
    chosen.status.hash_reason = hash->reason;
    chosen.status.mine = mine->engine->info().name;
    chosen.status.mine_reason = mine->reason;
    return chosen;
}

Result<std::unique_ptr<ledger::Node>> open_node(boost::asio::any_io_executor executor,
                                                ledger::LedgerKind kind,
                                                const NodeParts& parts) {
    const bool consortium = kind == ledger::LedgerKind::kConsortium;
    auto genesis = read_genesis(
        consortium ? parts.config.consortium_genesis : *parts.config.gateway_genesis, kind);
    if (!genesis) return fail(std::move(genesis).error());
    const auto slot = own_slot(*genesis, kind, parts.config);
    if (!slot) return fail(Error(slot.error()));
    auto keys = load_keys(parts.folder, *slot);
    if (!keys) return fail(std::move(keys).error());
    const auto made = create_directories_durable(parts.folder.ledger(kind), 0700);
    if (!made) return fail(Error(made.error()));

    ledger::NodeOptions options(parts.folder.ledger(kind), std::move(*genesis),
                                consortium ? ledger::consortium_rules() : ledger::gateway_rules(),
                                std::move(*keys));
    options.next_key = [folder = parts.folder](std::string_view name) {
        auto key = crypto::load_key(folder.key(std::string(name) + ".next"));
        return key ? std::optional(std::move(*key)) : std::nullopt;
    };
    options.chain.keep_blocks =
        consortium ? parts.config.consortium_keep_blocks : parts.config.gateway_keep_blocks;
    options.name = parts.config.name;
    options.connect = parts.config.peer_connect;
    options.engine = parts.engines.mine;
    options.mining_share = parts.config.mining_share;
    options.clock = &parts.clock;
    auto node = ledger::Node::create(std::move(executor), std::move(options));
    if (!node) return fail(std::move(node).error().within(std::string(to_string(kind)) + " node"));
    return node;
}

}  // namespace assay::gateway
