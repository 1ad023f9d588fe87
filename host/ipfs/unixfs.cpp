#include "host/ipfs/unixfs.hpp"

#include <limits>
#include <optional>

#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/protobuf.hpp"

namespace assay::ipfs {
namespace {

// unixfs.proto, message Data
constexpr std::uint64_t kType = 1;
constexpr std::uint64_t kData = 2;
constexpr std::uint64_t kFileSize = 3;
constexpr std::uint64_t kBlockSizes = 4;

constexpr std::uint64_t kTypeRaw = 0;  // a leaf as very old importers wrote it
constexpr std::uint64_t kTypeFile = 2;

struct FileData {
    ByteView data;
    std::optional<std::uint64_t> file_size;
    std::vector<std::uint64_t> block_sizes;
};

Result<FileData> decode_file_data(ByteView bytes) {
    ProtobufReader reader(bytes, "UnixFS node");
    FileData out;
    std::uint64_t last = 0;
    while (!reader.at_end()) {
        auto field = reader.next();
        if (!field) return fail(std::move(field).error());
        const bool repeats = field->number == last && last == kBlockSizes;
        // Type is required, so it must come first.
        const bool in_order = last == 0 ? field->number == kType : field->number > last;
        const bool right_type = field->is_bytes == (field->number == kData);
        if ((!in_order && !repeats) || !right_type || field->number > kBlockSizes) {
            return reader.unexpected_field(*field);
        }
        last = field->number;
        if (field->number == kData) out.data = field->bytes;
        if (field->number == kFileSize) out.file_size = field->value;
        if (field->number == kBlockSizes) out.block_sizes.push_back(field->value);
        if (field->number == kType && field->value != kTypeFile && field->value != kTypeRaw) {
            return fail(Refusal::kMalformed,
                        "UnixFS type " + std::to_string(field->value) + " is not a file");
        }
    }
    if (last == 0) return fail(Refusal::kMalformed, "UnixFS node without a type");
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
    append_varint_field(unixfs, kType, kTypeFile);
    if (!data.empty()) append_bytes_field(unixfs, kData, data);
    append_varint_field(unixfs, kFileSize, data.size());
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
    append_varint_field(unixfs, kType, kTypeFile);
    append_varint_field(unixfs, kFileSize, bytes);
    for (const FileLink& child : children) append_varint_field(unixfs, kBlockSizes, child.bytes);
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
