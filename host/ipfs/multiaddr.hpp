// Network addresses as delegated routing writes them (multiformats/multiaddr), as far as they say
// where an HTTP gateway is: "/ip4/192.0.2.1/tcp/8080/http" is "http://192.0.2.1:8080". Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"

namespace assay::ipfs {

// Nothing if it is no HTTP or HTTPS address over TCP.
[[nodiscard]] std::optional<std::string> url_of_multiaddr(std::string_view multiaddr);

// Of a URL without a path. Fails with kMalformed.
[[nodiscard]] Result<std::string> multiaddr_of_url(std::string_view url);

// The libp2p name of an Ed25519 key, "12D3KooW...".
[[nodiscard]] std::string peer_id_of(const crypto::PublicKey& key);

}  // namespace assay::ipfs
