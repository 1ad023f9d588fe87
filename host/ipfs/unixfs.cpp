#include "host/ipfs/unixfs.hpp"

#include <limits>

#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/protobuf.hpp"
#include "host/ipfs/unixfs_data.hpp"

namespace assay::ipfs {
namespace {

using Field = UnixFsField;
constexpr auto kFileType = static_cast<std::uint64_t>(UnixFsType::kFile);

Result<UnixFsData> decode_file_data(ByteView bytes) {
    auto out = decode_unixfs_data(bytes);
    if (!out) return out;
    if (out->type != UnixFsType::kFile && out->type != UnixFsType::kRaw) {
        return fail(Refusal::kMalformed,
                    "UnixFS " + std::string(name_of(out->type)) + ", not a file");
    }
    if (out->hash_type || out->fanout) {
        return fail(Refusal::kMalformed, "UnixFS file with the fields of a directory");
    }
    return out;
}

Result<std::uint64_t> sum_of(const std::vector<std::uint64_t>& sizes) {
    std::uint64_t sum = 0;
    for (const std::uint64_t size : sizes) {
        if (size > std::numeric_limits<std::uint64_t>::max() - sum) {
            return fail(Refusal::kMalformed, "UnixFS block sizes exceed 64 bits");
        }
        sum += size;
    }
    return sum;
}

tl::unexpected<Error> size_mismatch(std::uint64_t claimed, std::uint64_t computed) {
    return fail(Refusal::kMalformed, "UnixFS file size " + std::to_string(claimed) +
                                         ", but its parts hold " + std::to_string(computed));
}

}  // namespace

Bytes encode_file_leaf(ByteView data) {
    Bytes unixfs;
    append_varint_field(unixfs, Field::kType, kFileType);
    if (!data.empty()) append_bytes_field(unixfs, Field::kData, data);
    append_varint_field(unixfs, Field::kFileSize, data.size());
    PbNode node;
    node.data = unixfs;
    return encode_dag_pb(node);
}

Bytes encode_file_parent(std::span<const FileLink> children) {
    PbNode node;
    std::uint64_t bytes = 0;
    node.links.reserve(children.size());
    for (const FileLink& child : children) {
        bytes += child.bytes;
        node.links.push_back({child.cid, std::string(), child.tsize});
    }
    Bytes unixfs;
    append_varint_field(unixfs, Field::kType, kFileType);
    append_varint_field(unixfs, Field::kFileSize, bytes);
    for (const FileLink& child : children) {
        append_varint_field(unixfs, Field::kBlockSizes, child.bytes);
    }
    node.data = unixfs;
    return encode_dag_pb(node);
}

Result<FileNode> decode_file_node(ByteView block) {
    auto pb = decode_dag_pb(block);
    if (!pb) return fail(std::move(pb).error());
    if (!pb->data) return fail(Refusal::kMalformed, "dag-pb node without UnixFS data");
    auto unixfs = decode_file_data(*pb->data);
    if (!unixfs) return fail(std::move(unixfs).error());

    if (unixfs->block_sizes.size() != pb->links.size()) {
        return fail(Refusal::kMalformed,
                    "UnixFS node has " + std::to_string(pb->links.size()) + " links but " +
                        std::to_string(unixfs->block_sizes.size()) + " block sizes");
    }
    FileNode node;
    if (pb->links.empty()) {
        node.data = unixfs->data;
        node.bytes = unixfs->data.size();
    } else {
        if (!unixfs->data.empty()) {
            return fail(Refusal::kMalformed, "UnixFS node holds bytes and links at once");
        }
        auto sum = sum_of(unixfs->block_sizes);
        if (!sum) return fail(std::move(sum).error());
        node.bytes = *sum;
    }
    if (unixfs->file_size && *unixfs->file_size != node.bytes) {
        return size_mismatch(*unixfs->file_size, node.bytes);
    }
    if (!unixfs->file_size && !pb->links.empty()) {
        return fail(Refusal::kMalformed, "UnixFS node with links but without a file size");
    }
    node.children.reserve(pb->links.size());
    for (std::size_t i = 0; i < pb->links.size(); ++i) {
        PbLink& link = pb->links[i];
        if (link.name && !link.name->empty()) {
            return fail(Refusal::kMalformed, "UnixFS file with a named child");
        }
        node.children.push_back({std::move(link.hash), unixfs->block_sizes[i]});
    }
    return node;
}

}  // namespace assay::ipfs
