// Where blocks come from, and how to ask there: a trustless gateway for one block at a time, a
// trustless gateway for CARs of many, or the RPC of a Kubo node. As text, in configurations:
//
//     http://192.0.2.1:8080   https://oem.example:8472     blocks
//     car+http://192.0.2.1:8080                            CARs: for gateways far away, or slow at
//                                                          answering many requests
//     kubo+http://127.0.0.1:5001                           Kubo
//
// Pure values.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "host/base/result.hpp"

namespace assay::ipfs {

struct Source {
    enum class Kind { kBlocks, kCars, kKubo };

    explicit Source(std::string base_url, Kind how = Kind::kBlocks)
        : url{std::move(base_url)}, kind{how} {}

    std::string url;  // "http://127.0.0.1:8080", without a path
    Kind kind;

    friend bool operator==(const Source&, const Source&) = default;
};

// Fails with kMalformed.
[[nodiscard]] Result<Source> parse_source(std::string_view text);

}  // namespace assay::ipfs
