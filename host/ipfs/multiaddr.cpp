#include "host/ipfs/multiaddr.hpp"

#include <array>
#include <vector>

#include <boost/asio/ip/address.hpp>

#include "host/base/assert.hpp"
#include "host/http/url.hpp"
#include "host/ipfs/multibase.hpp"

namespace assay::ipfs {
namespace {

constexpr std::size_t kMultiaddrBytesMax = 512;

// "/a/b" has "a" and "b".
std::vector<std::string_view> parts_of(std::string_view multiaddr) {
    std::vector<std::string_view> parts;
    if (multiaddr.size() > kMultiaddrBytesMax || !multiaddr.starts_with('/')) return parts;
    while (!multiaddr.empty()) {
        multiaddr.remove_prefix(1);
        parts.push_back(multiaddr.substr(0, multiaddr.find('/')));
        multiaddr.remove_prefix(parts.back().size());
    }
    return parts;
}

}  // namespace

std::optional<std::string> url_of_multiaddr(std::string_view multiaddr) {
    const auto parts = parts_of(multiaddr);
    if (parts.size() < 5 || parts[2] != "tcp") return std::nullopt;
    const bool v6 = parts[0] == "ip6";
    const bool known = v6 || parts[0] == "ip4" || parts[0] == "dns" || parts[0] == "dns4" ||
                       parts[0] == "dns6";
    if (!known) return std::nullopt;
    std::string scheme;
    for (std::size_t i = 4; i < parts.size(); ++i) {
        if (parts[i] == "tls") {
            scheme = "https";
            if (i + 1 < parts.size() && parts[i + 1] == "sni") i += 2;
        } else if (parts[i] == "http" || parts[i] == "https") {
            if (scheme.empty()) scheme = parts[i];
            if (i + 1 != parts.size()) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    const bool ends_in_http = parts.back() == "http" || parts.back() == "https";
    if (!ends_in_http) return std::nullopt;
    const std::string host(parts[1]);
    std::string url = scheme + "://" + (v6 ? "[" + host + "]" : host) + ":" + std::string(parts[3]);
    const auto parsed = http::parse_url(url);
    if (!parsed || parsed->target != "/") return std::nullopt;
    return url;
}

Result<std::string> multiaddr_of_url(std::string_view url) {
    const auto parsed = http::parse_url(url);
    if (!parsed) return fail(Error(parsed.error()));
    if (parsed->target != "/") {
        return fail(Refusal::kMalformed, "'" + std::string(url) + "' has a path");
    }
    boost::system::error_code code;
    const auto address = boost::asio::ip::make_address(parsed->host, code);
    const char* const kind = code ? "/dns/" : address.is_v6() ? "/ip6/" : "/ip4/";
    return kind + parsed->host + "/tcp/" + std::to_string(parsed->port) +
           (parsed->tls ? "/https" : "/http");
}

std::string peer_id_of(const crypto::PublicKey& key) {
    ASSAY_ASSERT(key.algorithm == crypto::Algorithm::kEd25519);
    // An identity multihash of the key's protobuf: type 1 (Ed25519), 32 bytes.
    constexpr std::array kHead{std::byte{0x00}, std::byte{0x24}, std::byte{0x08},
                               std::byte{0x01}, std::byte{0x12}, std::byte{0x20}};
    Bytes id = to_bytes(kHead);
    append(id, key.bytes);
    return encode_digits(Base::kBase58Btc, id);
}

}  // namespace assay::ipfs
