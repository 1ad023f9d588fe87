// assay.toml: what one member's daemon is to do. Read once at start; unknown keys and wrong types
// are errors that name file, line and column. docs/operations.md explains each key.

#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "gateway/dispatch/pace_queue.hpp"
#include "gateway/receipt/anchor_terms.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/source.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

struct Config {
    std::string name;

    std::string operator_listen = "127.0.0.1:8470";
    std::string peer_listen = "127.0.0.1:8471";
    std::vector<std::string> peer_connect;  // "host:port"
    std::string content_listen = "127.0.0.1:8472";
    std::vector<ipfs::Source> content_sources;  // where images are fetched from
    std::vector<std::string> content_routers;   // URLs of delegated routers, which name more sources
    std::vector<Sha256Digest> content_allow;    // keys of others who may read content
    std::string content_public_listen;          // plain HTTP, for anyone; empty: nobody
    std::string content_announce;               // URL by which others reach it; empty: as listened
    std::string content_publish;                // RPC of a Kubo node that is given releases; or empty
    std::chrono::seconds collect_every{24 * 3600};    // 0: never
    std::chrono::seconds scrub_every{7 * 24 * 3600};  // after the end of the one before; 0: never
    double scrub_share = 0.02;                        // of the time, in (0, 1]

    std::filesystem::path consortium_genesis;
    std::optional<std::filesystem::path> gateway_genesis;  // none: this member is no gateway
    // Of a member that joined later: the geneses do not name it.
    std::optional<ledger::Slot> consortium_slot, gateway_slot;
    AnchorTerms anchors;

    // Of each ledger, up to the final one; 0: all.
    ledger::BlockHeight consortium_keep_blocks = 0, gateway_keep_blocks = 0;

    std::string mining_engine = "auto";
    double mining_share = 0.25;  // in (0, 1]
    std::string compute_engine = "auto";
    std::filesystem::path engine_binary;  // empty: OpenCL programs are compiled when needed
    std::optional<std::filesystem::path> engine_cache;  // none: where the environment says

    std::string devices_listen = "127.0.0.1:8473";
    std::string devices_url;     // what devices are told when they are enrolled; empty: as listened
    std::string factory_listen;  // where blank devices ask to be enrolled; empty: nowhere
    std::uint32_t factory_requests_per_s = 100;  // from one address; 0: no limit
    bool offer_outside_rollouts = true;
    PaceLimits pace;
    std::uint32_t device_requests_per_s = 10;  // 0: no limit
    std::chrono::seconds receipts_flush_age{60};
    std::uint64_t receipts_flush_count = 16'384;
};

// Paths inside are made absolute, relative to `dir`.
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& dir);
[[nodiscard]] Result<Config> parse_config(std::string_view text,
                                          const std::filesystem::path& dir,
                                          std::string_view file_name);

}  // namespace assay::gateway
