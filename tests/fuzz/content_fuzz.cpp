// What strangers send to the content server and what routers answer: requests, providers, multiaddrs
// and IPNS records.

#include "host/ipfs/content_request.hpp"
#include "host/ipfs/delegated_routing.hpp"
#include "host/ipfs/ipns_record.hpp"
#include "host/ipfs/multiaddr.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

void check_request(std::string_view text) {
    http::Request request;
    request.method = "GET";
    const std::size_t field = std::min(text.find('\n'), text.size());
    request.path = "/ipfs/bafkqaaa/" + std::string(text.substr(0, field));
    request.headers.set("Accept", std::string(text.substr(field)));
    request.query = {{"format", "car"}, {"entity-bytes", std::string(text)}};
    const auto wanted = ipfs::read_content_request(request);
    ASSAY_ASSERT(wanted || wanted.error().status == 400 || wanted.error().status == 406);
    ASSAY_ASSERT(!wanted || wanted->path.size() <= ipfs::kPathNamesMax);
    const std::string name = ipfs::content_disposition(request, text);
    ASSAY_ASSERT(name.find('\n') == std::string::npos);
}

}  // namespace

void one_input(ByteView input) {
    const std::string_view text = as_text(input);
    check_request(text);
    if (const auto url = ipfs::url_of_multiaddr(text)) ASSAY_ASSERT(ipfs::multiaddr_of_url(*url));
    if (const auto providers = ipfs::decode_providers(text)) {
        ASSAY_ASSERT(providers->size() <= ipfs::kProvidersMax);
        const auto again = ipfs::decode_providers(ipfs::encode_providers(*providers));
        ASSAY_ASSERT(again && again->size() == providers->size());
    }
    const auto name = ipfs::parse_cid("bafzaajaiaejcbv22taayfmikw7kl73jtzfsaoowq4fzpguzcl5qzahluutasdkua");
    if (name) ASSAY_ASSERT(!ipfs::decode_ipns_record(*name, input));
}

std::vector<Bytes> seeds() {
    return {to_bytes("a/b%20c\napplication/vnd.ipld.car; dups=y; version=1"), to_bytes("-512:*"),
            to_bytes("/dns/gw.example/tcp/443/tls/sni/gw.example/http"),
            to_bytes(ipfs::encode_providers({{"12D3KooWA", {"/ip4/192.0.2.1/tcp/80/http"}}}))};
}

}  // namespace assay::fuzz
