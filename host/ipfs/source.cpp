#include "host/ipfs/source.hpp"

#include "host/http/url.hpp"

namespace assay::ipfs {

Result<Source> parse_source(std::string_view text) {
    constexpr std::string_view kCar = "car+";
    constexpr std::string_view kKubo = "kubo+";
    Source::Kind kind = Source::Kind::kBlocks;
    std::string_view url = text;
    if (text.starts_with(kCar)) {
        kind = Source::Kind::kCars;
        url.remove_prefix(kCar.size());
    } else if (text.starts_with(kKubo)) {
        kind = Source::Kind::kKubo;
        url.remove_prefix(kKubo.size());
    }
    if (!http::is_server_url(url)) {
        return fail(Refusal::kMalformed,
                    "\"" + std::string(text) +
                        "\" is not a source like \"https://oem.example:8472\", "
                        "\"car+http://192.0.2.1:8080\" or \"kubo+http://127.0.0.1:5001\"");
    }
    return Source(std::string(url), kind);
}

}  // namespace assay::ipfs
