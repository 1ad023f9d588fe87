// DAG-CBOR: its links, and paths through it.

#include "host/base/text_encoding.hpp"
#include "host/ipfs/dag_cbor.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {

void one_input(ByteView input) {
    const auto links = ipfs::dag_cbor_links(input);
    const auto place = ipfs::follow_dag_cbor(input, std::vector<std::string>{"a", "1", "b", "c"});
    if (!place) return;
    // A path leads somewhere only in a block that is well formed, and to one of its links.
    ASSAY_ASSERT(links.has_value() && place->names_used <= 4);
    if (!place->link) return;
    bool is_link = false;
    for (const ipfs::Cid& link : *links) is_link = is_link || link == *place->link;
    ASSAY_ASSERT(is_link);
}

std::vector<Bytes> seeds() {
    std::vector<Bytes> out;
    for (const char* hex : {"a261618201a16162d82a450001550000616302", "fb3ff8000000000000",
                            "a1616182f6a26162a16163d82a45000155000061640b", "83f5200a"}) {
        out.push_back(from_hex(hex).value());
    }
    return out;
}

}  // namespace assay::fuzz
