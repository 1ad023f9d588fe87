// dag-pb, UnixFS files and directories on top of it, and the walk that believes nothing of either.

#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "host/ipfs/unixfs.hpp"
#include "host/ipfs/unixfs_directory.hpp"
#include "tests/fuzz/fuzz_target.hpp"

namespace assay::fuzz {
namespace {

const ipfs::Cid kChild = ipfs::Cid::raw_sha256({});

void check_directory(ByteView input) {
    const auto node = ipfs::decode_directory_node(input);
    if (!node) return;
    ASSAY_ASSERT(!ipfs::decode_file_node(input));
    ASSAY_ASSERT(node->slots.size() == (node->is_shard() ? node->entries.size() : 0));
    for (const auto& entry : node->entries) {
        ASSAY_ASSERT(!entry.name.empty() && entry.name.find('/') == std::string::npos);
        const auto step = ipfs::find_in_directory(*node, entry.name, 0);
        ASSAY_ASSERT(node->is_shard() || (step && !step->is_shard));
    }
}

Bytes directory(std::string_view unixfs, std::string name) {
    ipfs::PbNode node;
    node.data = as_bytes(unixfs);
    node.links.push_back({kChild, std::move(name), 7});
    return ipfs::encode_dag_pb(node);
}

}  // namespace

void one_input(ByteView input) {
    const auto node = ipfs::decode_dag_pb(input);
    if (node) ASSAY_ASSERT(ipfs::encode_dag_pb(*node) == to_bytes(input));
    check_directory(input);
    const auto file = ipfs::decode_file_node(input);
    if (!file) return;
    ASSAY_ASSERT(node.has_value());
    std::uint64_t sum = file->data.size();
    for (const ipfs::FileChild& child : file->children) sum += child.bytes;
    ASSAY_ASSERT(sum == file->bytes);

    // The walk may accept it only if its leaves are the chunks of an image of that size.
    const ipfs::Cid root = ipfs::Cid::dag_pb_sha256({});
    auto walk = ipfs::DagWalk::start(root, 700, 300);
    if (!walk->add(root, input) || !walk->complete()) return;
    ASSAY_ASSERT(file->bytes == 700 && walk->image().leaves.size() == 3);
}

std::vector<Bytes> seeds() {
    const std::vector<ipfs::FileLink> three = {
        {kChild, 300, 300}, {kChild, 300, 300}, {kChild, 100, 100}};
    const std::vector<ipfs::FileLink> nested = {{ipfs::Cid::v0({}), 600, 700}, {kChild, 100, 100}};
    return {ipfs::encode_file_leaf(as_bytes("hello world")), ipfs::encode_file_leaf({}),
            ipfs::encode_file_parent(three), ipfs::encode_file_parent(nested),
            directory("\x08\x01", "name"),
            directory("\x08\x05\x12\x01\x02\x28\x22\x30\x08", "1name"),
            directory("\x08\x05\x12\x01\x01\x28\x22\x30\x08", "0")};
}

}  // namespace assay::fuzz
