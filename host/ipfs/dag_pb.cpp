#include "host/ipfs/dag_pb.hpp"

#include "host/ipfs/protobuf.hpp"

namespace assay::ipfs {
namespace {

// PBNode
constexpr std::uint64_t kNodeData = 1;
constexpr std::uint64_t kLinks = 2;
// PBLink
constexpr std::uint64_t kHash = 1;
constexpr std::uint64_t kName = 2;
constexpr std::uint64_t kTsize = 3;

Result<PbLink> decode_link(ByteView bytes) {
    ProtobufReader reader(bytes, "dag-pb link");
    std::optional<PbLink> link;
    std::uint64_t last = 0;
    while (!reader.at_end()) {
        auto field = reader.next();
        if (!field) return fail(std::move(field).error());
        if (field->number <= last) return reader.unexpected_field(*field);
        last = field->number;
        if (field->number == kHash && field->is_bytes) {
            auto cid = decode_cid(field->bytes);
            if (!cid) return fail(std::move(cid).error().within("dag-pb link"));
            link.emplace(PbLink{std::move(*cid), std::nullopt, std::nullopt});
        } else if (!link) {
            break;
        } else if (field->number == kName && field->is_bytes) {
            link->name = std::string(as_text(field->bytes));
        } else if (field->number == kTsize && !field->is_bytes) {
            link->tsize = field->value;
        } else {
            return reader.unexpected_field(*field);
        }
    }
    if (!link) return fail(Refusal::kMalformed, "dag-pb link without a Hash");
    return std::move(*link);
}

}  // namespace

Bytes encode_dag_pb(const PbNode& node) {
    Bytes out;
    for (const PbLink& link : node.links) {
        Bytes encoded;
        append_bytes_field(encoded, kHash, link.hash.bytes());
        if (link.name) append_bytes_field(encoded, kName, as_bytes(*link.name));
        if (link.tsize) append_varint_field(encoded, kTsize, *link.tsize);
        append_bytes_field(out, kLinks, encoded);
    }
    if (node.data) append_bytes_field(out, kNodeData, *node.data);
    return out;
}

Result<PbNode> decode_dag_pb(ByteView block) {
    if (block.size() > kBlockBytesMax) {
        return fail(Refusal::kBlockTooLarge,
                    "dag-pb block of " + std::to_string(block.size()) + " bytes");
    }
    ProtobufReader reader(block, "dag-pb node");
    PbNode node;
    while (!reader.at_end()) {
        auto field = reader.next();
        if (!field) return fail(std::move(field).error());
        // Data ends the node: neither a second Data nor a link may follow.
        if (node.data || !field->is_bytes) return reader.unexpected_field(*field);
        if (field->number == kNodeData) {
            node.data = field->bytes;
        } else if (field->number == kLinks) {
            auto link = decode_link(field->bytes);
            if (!link) return fail(std::move(link).error());
            node.links.push_back(std::move(*link));
        } else {
            return reader.unexpected_field(*field);
        }
    }
    return node;
}

}  // namespace assay::ipfs
