#include "host/ipfs/dag_links.hpp"

#include "host/ipfs/dag_cbor.hpp"
#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {

bool may_link(Codec codec) noexcept {
    switch (codec) {
        case Codec::kRaw:
        case Codec::kCbor:
        case Codec::kJson:
        case Codec::kBitcoinBlock:  // they name Bitcoin's blocks, which are not kept here
        case Codec::kBitcoinTx:
            return false;
        case Codec::kDagPb:
        case Codec::kDagCbor:
            return true;
    }
    return true;
}

Result<std::vector<Cid>> links_of(const Cid& cid, ByteView block) {
    if (!may_link(cid.codec())) return std::vector<Cid>();
    const auto named = [&cid](Error error) {
        return fail(std::move(error).within("block " + cid.to_string()));
    };
    if (cid.codec() == Codec::kDagCbor) {
        auto links = dag_cbor_links(block);
        if (!links) return named(std::move(links).error());
        return links;
    }
    if (cid.codec() != Codec::kDagPb) {
        return fail(Refusal::kCidUnsupported,
                    "block " + cid.to_string() + ": codec " +
                        std::to_string(static_cast<std::uint64_t>(cid.codec())) +
                        " (dag-pb, dag-cbor and raw can be walked)");
    }
    auto node = decode_dag_pb(block);
    if (!node) return named(std::move(node).error());
    std::vector<Cid> links;
    for (PbLink& link : node->links) links.push_back(std::move(link.hash));
    return links;
}

}  // namespace assay::ipfs
