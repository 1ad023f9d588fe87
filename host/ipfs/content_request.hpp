// What a client asks a trustless gateway for (specs.ipfs.tech/http-gateways/trustless-gateway):
// which blocks, and in which form. The URL beats the Accept field (IPIP-523). Pure; used by the
// content server.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/http/message.hpp"
#include "host/ipfs/path_walk.hpp"

namespace assay::ipfs {

enum class ContentFormat { kRaw, kCar };

// How much of the DAG below the end of the path: the block there, the file or directory (without
// what the directory lists), everything.
enum class DagScope { kBlock, kEntity, kAll };

// Bytes of a file, both ends included; negative ones count from its end.
struct EntityBytes {
    std::int64_t from = 0;
    std::optional<std::int64_t> to;  // none: up to the end
};

struct CarOptions {
    DagScope scope = DagScope::kAll;
    std::optional<EntityBytes> bytes;
    bool duplicates = false;  // blocks that occur several times are sent each time
};

struct ContentRequest {
    ContentFormat format = ContentFormat::kRaw;
    std::vector<std::string> path;  // below the root
    CarOptions car;
};

// The error is the answer: 400 or 406.
[[nodiscard]] tl::expected<ContentRequest, http::Response> read_content_request(
    const http::Request& request);

// "<from>:<to>"; <to> may be "*".
[[nodiscard]] std::optional<EntityBytes> parse_entity_bytes(std::string_view text);

// Whether a comma-separated field has `wanted`, parameters aside: "a/b;q=0.5, c/d" has "a/b".
[[nodiscard]] bool field_lists(std::string_view field, std::string_view wanted);

// attachment; with the name in the request's `filename`, else with `name`.
[[nodiscard]] std::string content_disposition(const http::Request& request, std::string_view name);

}  // namespace assay::ipfs
