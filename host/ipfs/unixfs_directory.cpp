#include "host/ipfs/unixfs_directory.hpp"

#include <algorithm>
#include <bit>
#include <unordered_set>

#include "host/ipfs/dag_pb.hpp"
#include "host/ipfs/murmur3.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kMurmur3 = 0x22;  // multicodec murmur3-x64-64
constexpr std::uint64_t kFanoutMax = 1024;
constexpr int kHashBits = 64;

tl::unexpected<Error> malformed(std::string why) {
    return fail(Refusal::kMalformed, "UnixFS directory: " + std::move(why));
}

// What could name a file, so that nobody who joins it to a path leaves the folder.
bool is_file_name(std::string_view name) {
    return !name.empty() && name != "." && name != ".." &&
           name.find_first_of(std::string_view("/\0", 2)) == std::string_view::npos;
}

// Bit 0 is the last bit of the last byte; leading zero bytes may be left out.
bool bit_of(ByteView bitmap, std::uint32_t index) {
    const std::size_t from_end = index / 8;
    if (from_end >= bitmap.size()) return false;
    const std::byte byte = bitmap[bitmap.size() - 1 - from_end];
    return (byte >> (index % 8) & std::byte{1}) != std::byte{0};
}

std::size_t count_bits(ByteView bitmap) {
    std::size_t count = 0;
    for (const std::byte byte : bitmap) count += std::popcount(std::to_integer<unsigned>(byte));
    return count;
}

// Upper-case hexadecimal digits, as many as the largest index needs.
std::string prefix_of(std::uint32_t index, std::uint32_t fanout) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    std::string prefix;
    for (std::uint32_t rest = fanout - 1; rest > 0; rest >>= 4) {
        prefix.insert(prefix.begin(), kDigits[index & 15]);
        index >>= 4;
    }
    return prefix;
}

Result<DirectoryNode> decode_basic(PbNode& pb) {
    DirectoryNode node;
    std::unordered_set<std::string_view> seen;
    for (PbLink& link : pb.links) {
        if (!link.name || !is_file_name(*link.name)) return malformed("an entry without a name");
        if (!seen.insert(*link.name).second) continue;
        node.entries.push_back({*link.name, std::move(link.hash)});
    }
    return node;
}

Result<void> check_shard(const UnixFsData& data, std::size_t links) {
    const std::uint64_t fanout = data.fanout.value_or(0);
    if (fanout < 8 || fanout > kFanoutMax || !std::has_single_bit(fanout)) {
        return malformed("fanout " + std::to_string(fanout) +
                         ", not a power of two from 8 to 1024");
    }
    if (data.hash_type != kMurmur3) return malformed("not hashed with murmur3");
    if (data.data.size() > fanout / 8) {
        return malformed("a bitmap of " + std::to_string(data.data.size()) + " bytes for fanout " +
                         std::to_string(fanout));
    }
    if (count_bits(data.data) != links) {
        return malformed("its bitmap has " + std::to_string(count_bits(data.data)) + " bits for " +
                         std::to_string(links) + " links");
    }
    return {};
}

// Links come in the order of the bits that are set.
Result<DirectoryNode> decode_shard(PbNode& pb, const UnixFsData& data) {
    if (auto checked = check_shard(data, pb.links.size()); !checked) {
        return fail(std::move(checked).error());
    }
    DirectoryNode node;
    node.fanout = static_cast<std::uint32_t>(*data.fanout);
    std::uint32_t index = 0;
    for (PbLink& link : pb.links) {
        while (!bit_of(data.data, index)) ++index;  // ends: there is a bit for each link
        const std::string prefix = prefix_of(index, node.fanout);
        if (!link.name || !link.name->starts_with(prefix)) {
            return malformed("a link in place " + prefix + " without that prefix");
        }
        std::string name = link.name->substr(prefix.size());
        if (name.empty()) {
            node.shards.push_back({index, std::move(link.hash)});
        } else if (is_file_name(name)) {
            node.entries.push_back({std::move(name), std::move(link.hash)});
            node.slots.push_back(index);
        } else {
            return malformed("an entry that cannot be a file's name");
        }
        ++index;
    }
    return node;
}

}  // namespace

Result<UnixFsType> unixfs_type_of(ByteView block) {
    const auto pb = decode_dag_pb(block);
    if (!pb) return fail(pb.error());
    if (!pb->data) return fail(Refusal::kMalformed, "dag-pb node without UnixFS data");
    return decode_unixfs_data(*pb->data).map([](const UnixFsData& data) { return data.type; });
}

Result<DirectoryNode> decode_directory_node(ByteView block) {
    auto pb = decode_dag_pb(block);
    if (!pb) return fail(std::move(pb).error());
    if (!pb->data) return fail(Refusal::kMalformed, "dag-pb node without UnixFS data");
    const auto data = decode_unixfs_data(*pb->data);
    if (!data) return fail(data.error());
    if (!data->block_sizes.empty() || data->file_size.value_or(0) != 0) {
        return malformed("with the sizes of a file");
    }
    if (data->type == UnixFsType::kShard) return decode_shard(*pb, *data);
    if (data->type != UnixFsType::kDirectory) {
        return malformed("it is a " + std::string(name_of(data->type)));
    }
    if (!data->data.empty() || data->fanout || data->hash_type) {
        return malformed("a basic one with the fields of a shard");
    }
    return decode_basic(*pb);
}

std::optional<DirectoryStep> find_in_directory(const DirectoryNode& node,
                                               std::string_view name,
                                               int depth) {
    const auto same = [name](const DirectoryNode::Entry& entry) { return entry.name == name; };
    const auto entry = std::find_if(node.entries.begin(), node.entries.end(), same);
    if (!node.is_shard()) {
        if (entry == node.entries.end()) return std::nullopt;
        return DirectoryStep{entry->cid, false};
    }
    // The bits of the hash from the front, as many at each depth as an index has.
    const int bits = std::countr_zero(node.fanout);
    if ((depth + 1) * bits > kHashBits) return std::nullopt;
    const std::uint64_t hash = murmur3_x64_64(as_bytes(name));
    const auto index =
        static_cast<std::uint32_t>(hash >> (kHashBits - (depth + 1) * bits)) & (node.fanout - 1);
    if (entry != node.entries.end()) {
        // An entry in a wrong place is one that others would not find.
        const auto at = static_cast<std::size_t>(entry - node.entries.begin());
        if (node.slots[at] != index) return std::nullopt;
        return DirectoryStep{entry->cid, false};
    }
    for (const DirectoryNode::Shard& shard : node.shards) {
        if (shard.index == index) return DirectoryStep{shard.cid, true};
    }
    return std::nullopt;
}

}  // namespace assay::ipfs
