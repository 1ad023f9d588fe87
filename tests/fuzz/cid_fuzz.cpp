#include "host/ipfs/cid.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    if (const auto cid = ipfs::decode_cid(input)) {
        // Every CID has one binary form, and its text leads back to it.
        ASSAY_ASSERT(cid->bytes() == to_bytes(input));
        ASSAY_ASSERT(ipfs::parse_cid(cid->to_string()) == *cid);
    }
    if (const auto cid = ipfs::parse_cid(as_text(input))) {
        ASSAY_ASSERT(ipfs::decode_cid(cid->bytes()) == *cid);
    }
}

std::vector<Bytes> seeds() {
    const std::string_view texts[] = {
        "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e",
        "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD",
        "bafkqabiaaebagba",
        "bagyacvradn6dsgl6sw2jwoh7s3d37hq5wsu7g22wtdwnmaaaaaaaaaaaaaaa",
    };
    std::vector<Bytes> out;
    for (const std::string_view text : texts) {
        out.push_back(to_bytes(text));
        out.push_back(ipfs::parse_cid(text)->bytes());
    }
    return out;
}

}  // namespace assay::fuzz
