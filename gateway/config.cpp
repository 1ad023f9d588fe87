#include "gateway/config.hpp"

#include <algorithm>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/config_file.hpp"
#include "host/http/url.hpp"
#include "host/ipfs/multiaddr.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/core/receipt_batch.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kConfigBytesMax = 1U << 20U;
constexpr std::size_t kPeersMax = 64;
constexpr std::size_t kSourcesMax = 64;
constexpr std::size_t kRoutersMax = 8;  // they are asked one after another

std::string endpoint(const ConfigTable& table, std::string_view key, std::string_view otherwise) {
    std::string text = table.string(key, otherwise);
    if (const auto parsed = http::parse_endpoint(text); !parsed) {
        table.note_error(key, "\"" + text + "\" is not an address like \"127.0.0.1:8470\"");
    }
    return text;
}

// The operator's interface has no TLS: it is for this machine only.
void require_loopback(const ConfigTable& table, const std::string& address) {
    const auto parsed = http::parse_endpoint(address);
    if (!parsed) return;  // noted already
    const std::string& host = parsed->host;
    if (host != "localhost" && host != "::1" && !host.starts_with("127.")) {
        table.note_error("listen", "\"" + address + "\" is not a loopback address");
    }
}

double share_in(const ConfigTable& table, std::string_view key, double otherwise) {
    const double share = table.number(key, otherwise);
    if (!(share > 0 && share <= 1)) table.note_error(key, "must be above 0 and at most 1");
    return share;
}

std::vector<std::string> peers(const ConfigTable& table) {
    std::vector<std::string> addresses = table.strings("connect");
    if (addresses.size() > kPeersMax) table.note_error("connect", "more than 64 peers");
    for (const std::string& address : addresses) {
        if (!http::parse_endpoint(address)) {
            table.note_error("connect",
                             "\"" + address + "\" is not an address like \"oem.example:8471\"");
        }
    }
    return addresses;
}

std::vector<ipfs::Source> sources(const ConfigTable& table) {
    std::vector<ipfs::Source> found;
    for (const std::string& text : table.strings("sources")) {
        auto source = ipfs::parse_source(text);
        if (!source) {
            table.note_error("sources", source.error().context());
        } else if (std::find(found.begin(), found.end(), *source) != found.end()) {
            table.note_error("sources", "\"" + text + "\" is named twice");
        } else {
            found.push_back(std::move(*source));
        }
    }
    if (found.size() > kSourcesMax) table.note_error("sources", "more than 64 sources");
    return found;
}

std::vector<std::string> routers(const ConfigTable& table) {
    std::vector<std::string> urls = table.strings("routers");
    if (urls.size() > kRoutersMax) table.note_error("routers", "more than 8 routers");
    for (const std::string& url : urls) {
        if (!http::is_server_url(url)) {
            table.note_error("routers",
                             "\"" + url + "\" is not a router like \"http://127.0.0.1:8190\"");
        }
    }
    return urls;
}

std::vector<Sha256Digest> allowed_keys(const ConfigTable& table) {
    std::vector<Sha256Digest> keys;
    for (const std::string& text : table.strings("allow")) {
        if (const auto key = hash_from_hex<Sha256Digest>(text)) {
            keys.push_back(*key);
        } else {
            table.note_error("allow", "\"" + text + "\" is not the SHA-256 of a public key (64 "
                                      "hexadecimal digits)");
        }
    }
    return keys;
}

std::filesystem::path path_in(const std::filesystem::path& dir, const std::string& text) {
    return std::filesystem::absolute(dir / text);
}

void read_engines(const ConfigTable& table, const std::filesystem::path& dir, Config& config) {
    const std::string binary = table.string("binary", "");
    if (!binary.empty()) config.engine_binary = path_in(dir, binary);
    if (table.has("cache")) config.engine_cache = path_in(dir, table.required_string("cache"));
}

void read_receipts(const ConfigTable& table, Config& config) {
    const auto age = table.duration("flush_age", config.receipts_flush_age);
    if (age < std::chrono::seconds(1)) table.note_error("flush_age", "must be at least \"1s\"");
    config.receipts_flush_age = std::chrono::duration_cast<std::chrono::seconds>(age);
    IntegerRange range;
    range.min = 1;
    range.max = static_cast<std::int64_t>(ledger::kBatchReceiptsMax);
    config.receipts_flush_count = static_cast<std::uint64_t>(
        table.integer("flush_count", static_cast<std::int64_t>(ledger::kBatchReceiptsMax), range));
}

// Of all addresses of this machine, none is one that a device could be told.
bool is_wildcard(const std::string& address) {
    const auto parsed = http::parse_endpoint(address);
    return parsed && (parsed->host == "0.0.0.0" || parsed->host == "::");
}

void read_factory(const ConfigTable& table, Config& config) {
    config.factory_listen = endpoint(table, "listen", "127.0.0.1:8474");
    IntegerRange range;
    range.max = 1'000'000;
    config.factory_requests_per_s = static_cast<std::uint32_t>(
        table.integer("requests_per_s", config.factory_requests_per_s, range));
}

void read_devices(const ConfigTable& table, Config& config) {
    config.devices_listen = endpoint(table, "listen", config.devices_listen);
    config.devices_url = table.string("url", "");
    const auto url = http::parse_url(config.devices_url);
    if (!config.devices_url.empty() && (!url || !url->tls || url->target != "/")) {
        table.note_error("url", "\"" + config.devices_url +
                                    "\" is not a URL like \"https://gateway.example:8473\"");
    }
    if (config.devices_url.empty() && is_wildcard(config.devices_listen)) {
        table.note_error("listen", "\"" + config.devices_listen +
                                       "\" says not where devices are to poll: say it with url = "
                                       "\"https://gateway.example:8473\"");
    }
    const std::string offer = table.string("offer", "all");
    if (offer != "all" && offer != "rollouts") table.note_error("offer", "must be \"all\" or \"rollouts\"");
    config.offer_outside_rollouts = offer == "all";
    IntegerRange range;
    const auto limit = [&](std::string_view key, std::int64_t max, std::int64_t otherwise = 0) {
        range.max = max;
        return static_cast<std::uint64_t>(table.integer(key, otherwise, range));
    };
    config.pace.bytes_per_s = limit("bytes_per_s", INT64_MAX);
    config.pace.site_bytes_per_s = limit("site_bytes_per_s", INT64_MAX);
    config.pace.site_downloads_max =
        static_cast<std::uint32_t>(limit("site_downloads_max", UINT32_MAX));
    config.device_requests_per_s = static_cast<std::uint32_t>(
        limit("requests_per_s", 1'000'000, config.device_requests_per_s));
}

std::optional<ledger::Slot> slot_in(const ConfigTable& table) {
    if (!table.has("slot")) return std::nullopt;
    IntegerRange range;
    range.max = ledger::kSlotMax;
    return static_cast<ledger::Slot>(table.integer("slot", 0, range));
}

ledger::BlockHeight keep_blocks_in(const ConfigTable& table) {
    IntegerRange range;
    range.max = UINT32_MAX;
    const auto keep = static_cast<ledger::BlockHeight>(table.integer("keep_blocks", 0, range));
    if (keep > 0 && keep < ledger::kKeepBlocksMin) {
        table.note_error("keep_blocks", "is 0, which keeps all, or at least " +
                                            std::to_string(ledger::kKeepBlocksMin));
    }
    return keep;
}

AnchorTerms anchor_terms(const ConfigTable& table) {
    AnchorTerms terms;
    const auto age = table.duration("anchor_age", terms.age);
    if (age < std::chrono::seconds(1)) table.note_error("anchor_age", "must be at least \"1s\"");
    terms.age = std::chrono::duration_cast<std::chrono::seconds>(age);
    IntegerRange range;
    range.min = 1;
    range.max = 1'000'000;
    terms.blocks = static_cast<ledger::BlockHeight>(
        table.integer("anchor_blocks", terms.blocks, range));
    return terms;
}

std::string publishing(const ConfigTable& table) {
    std::string url = table.string("publish", "");
    if (url.empty()) return url;
    if (!http::is_server_url(url) || !url.starts_with("http://")) {
        table.note_error("publish", "\"" + url + "\" is not the RPC of a Kubo node like "
                                    "\"http://127.0.0.1:5001\"");
    }
    return url;
}

std::chrono::seconds whole_seconds(const ConfigTable& table,
                                   std::string_view key,
                                   std::chrono::seconds otherwise) {
    const std::chrono::milliseconds time = table.duration(key, otherwise);
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    if (seconds != time) table.note_error(key, "is at least \"1s\", or \"0s\" for never");
    return seconds;
}

void read_content(const ConfigTable& content, Config& config) {
    config.content_listen = endpoint(content, "listen", config.content_listen);
    config.content_sources = sources(content);
    config.content_routers = routers(content);
    config.content_allow = allowed_keys(content);
    if (content.has("public_listen")) {
        config.content_public_listen = endpoint(content, "public_listen", "");
    }
    config.content_announce = content.string("announce", "");
    if (!config.content_announce.empty() && !ipfs::multiaddr_of_url(config.content_announce)) {
        content.note_error("announce", "\"" + config.content_announce +
                                           "\" is not a URL like \"http://192.0.2.7:8080\"");
    }
    config.content_publish = publishing(content);
    config.collect_every = whole_seconds(content, "collect_every", config.collect_every);
    config.scrub_every = whole_seconds(content, "scrub_every", config.scrub_every);
    config.scrub_share = share_in(content, "scrub_share", config.scrub_share);
}

Result<Config> read_tables(const ConfigTable& file, const std::filesystem::path& dir) {
    Config config;
    config.name = file.required_string("name");
    const ConfigTable operator_table = file.table("operator");
    config.operator_listen = endpoint(operator_table, "listen", config.operator_listen);
    require_loopback(operator_table, config.operator_listen);
    const ConfigTable peer = file.table("peer");
    config.peer_listen = endpoint(peer, "listen", config.peer_listen);
    config.peer_connect = peers(peer);
    read_content(file.table("content"), config);

    const ConfigTable consortium = file.table("consortium");
    config.consortium_genesis =
        path_in(dir, consortium.string("genesis", "consortium.genesis"));
    config.consortium_slot = slot_in(consortium);
    config.consortium_keep_blocks = keep_blocks_in(consortium);
    if (file.has("gateway")) {
        const ConfigTable gateway = file.table("gateway");
        config.gateway_genesis = path_in(dir, gateway.string("genesis", "gateway.genesis"));
        config.gateway_slot = slot_in(gateway);
        config.gateway_keep_blocks = keep_blocks_in(gateway);
        config.anchors = anchor_terms(gateway);
    }

    const ConfigTable mining = file.table("mining");
    config.mining_engine = mining.string("engine", config.mining_engine);
    config.mining_share = share_in(mining, "share", config.mining_share);
    config.compute_engine = file.table("compute").string("engine", config.compute_engine);
    read_engines(file.table("engines"), dir, config);
    read_devices(file.table("devices"), config);
    if (file.has("factory")) {
        read_factory(file.table("factory"), config);
    }
    read_receipts(file.table("receipts"), config);
    if (auto fine = file.refuse_unknown_keys(); !fine) return fail(std::move(fine).error());
    return config;
}

}  // namespace

Result<Config> parse_config(std::string_view text,
                            const std::filesystem::path& dir,
                            std::string_view file_name) {
    const auto file = ConfigTable::parse(text, file_name);
    if (!file) return fail(Error(file.error()));
    return read_tables(*file, dir);
}

Result<Config> read_config(const std::filesystem::path& dir) {
    const std::filesystem::path path = dir / "assay.toml";
    const auto text = read_file(path, kConfigBytesMax);
    if (!text) return fail(Error(text.error()));
    return parse_config(as_text(*text), dir, path.string());
}

}  // namespace assay::gateway
