#include "host/ipfs/dag_walk.hpp"

#include <algorithm>
#include <unordered_set>

#include "host/base/assert.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {
namespace {

// Around the bytes of a dag-pb leaf, or for an interior node that wraps a single leaf.
constexpr std::uint64_t kNodeOverheadMax = 1024;

// Interior nodes are less than a hundredth of the leaves from width 128 on (importer.hpp).
std::uint64_t places_max(std::uint64_t bytes, std::uint64_t chunk_bytes) {
    const std::uint64_t leaves = (bytes - 1) / chunk_bytes + 1;
    return leaves + leaves / 100 + 64;
}

std::string at(std::uint64_t offset) { return " at byte " + std::to_string(offset); }

}  // namespace

Result<DagWalk> DagWalk::start(const Cid& root, std::uint64_t bytes, std::uint64_t chunk_bytes) {
    if (bytes == 0 || chunk_bytes == 0 || chunk_bytes > kBlockBytesMax) {
        return fail(Refusal::kMalformed, "an image of " + std::to_string(bytes) +
                                             " bytes in chunks of " + std::to_string(chunk_bytes));
    }
    DagWalk walk(bytes, chunk_bytes);
    if (auto pushed = walk.push_place(walk.level_, {root, 0, bytes}); !pushed) {
        return fail(std::move(pushed).error());
    }
    walk.missing_ = walk.wanted().size();
    return walk;
}

bool DagWalk::is_open(const Place& place) const {
    return place.cid.codec() == Codec::kDagPb && !nodes_.contains(place.cid);
}

std::uint64_t DagWalk::block_bytes_max(const Place& place) const noexcept {
    if (place.bytes > chunk_bytes_) return kBlockBytesMax;
    return std::min<std::uint64_t>(place.bytes + kNodeOverheadMax, kBlockBytesMax);
}

std::vector<WantedBlock> DagWalk::wanted() const {
    std::vector<WantedBlock> out;
    std::unordered_set<Cid> seen;
    for (const Place& place : level_) {
        if (!is_open(place) || !seen.insert(place.cid).second) continue;
        out.emplace_back(place.cid, block_bytes_max(place));
    }
    return out;
}

Result<void> DagWalk::add(const Cid& cid, ByteView block) {
    if (nodes_.contains(cid)) return {};
    auto file = decode_file_node(block);
    if (!file) return fail(std::move(file).error().within("block " + cid.to_string()));
    Node node;
    node.bytes = file->bytes;
    if (file->is_leaf()) {
        node.data_offset =
            file->data.empty() ? 0 : static_cast<std::uint32_t>(file->data.data() - block.data());
        node.data_digest = crypto::sha256(file->data);
    }
    node.children = std::move(file->children);
    nodes_.emplace(cid, std::move(node));
    ASSAY_ASSERT(missing_ > 0);
    return --missing_ == 0 ? descend() : Result<void>{};
}

Result<void> DagWalk::descend() {
    const auto is_interior = [this](const Place& place) {
        const auto node = nodes_.find(place.cid);
        return node != nodes_.end() && !node->second.children.empty();
    };
    // A new level may consist of nodes that are known already.
    while (missing_ == 0) {
        const bool deeper = std::any_of(level_.begin(), level_.end(), is_interior);
        if (deeper && ++depth_ > kDagDepthMax) {
            return fail(Refusal::kLimitExceeded,
                        "the DAG is deeper than " + std::to_string(kDagDepthMax));
        }
        std::vector<Place> next;
        for (const Place& place : level_) {
            if (auto expanded = expand(next, place); !expanded) return expanded;
        }
        level_ = std::move(next);
        missing_ = wanted().size();
        if (!deeper) break;
    }
    return {};
}

Result<void> DagWalk::expand(std::vector<Place>& level, const Place& place) {
    const auto found = nodes_.find(place.cid);
    if (found == nodes_.end()) {  // a raw leaf, checked when its place was made
        level.push_back(place);
        return {};
    }
    const Node& node = found->second;
    if (node.bytes != place.bytes) {
        const auto word =
            node.bytes > place.bytes ? Refusal::kContentTooLarge : Refusal::kContentIncomplete;
        return fail(word, "block " + place.cid.to_string() + at(place.offset) + " holds " +
                              std::to_string(node.bytes) + " bytes, not " +
                              std::to_string(place.bytes));
    }
    if (node.children.empty()) {
        if (auto checked = check_leaf(place); !checked) return checked;
        level.push_back(place);
        return {};
    }
    std::uint64_t offset = place.offset;
    for (const FileChild& child : node.children) {
        if (auto pushed = push_place(level, {child.cid, offset, child.bytes}); !pushed) {
            return pushed;
        }
        offset += child.bytes;
    }
    return {};
}

Result<void> DagWalk::push_place(std::vector<Place>& level, Place place) {
    if (++places_ > places_max(bytes_, chunk_bytes_)) {
        return fail(Refusal::kLimitExceeded,
                    "the DAG has more blocks than " + std::to_string(bytes_) + " bytes can need");
    }
    const bool raw = place.cid.codec() == Codec::kRaw;
    if (place.cid.hash_code() != HashCode::kSha256 ||
        (!raw && place.cid.codec() != Codec::kDagPb)) {
        return fail(Refusal::kCidUnsupported, "block " + place.cid.to_string() + at(place.offset) +
                                                  " is no sha2-256 raw or dag-pb block");
    }
    if (raw) {
        if (auto checked = check_leaf(place); !checked) return checked;
    }
    level.push_back(std::move(place));
    return {};
}

Result<void> DagWalk::check_leaf(const Place& place) const {
    // Places never lie outside the file, but an empty one may lie at its end.
    const std::uint64_t expected = std::min(chunk_bytes_, bytes_ - place.offset);
    if (expected > 0 && place.offset % chunk_bytes_ == 0 && place.bytes == expected) return {};
    const auto word = place.bytes > expected ? Refusal::kContentTooLarge : Refusal::kMalformed;
    return fail(word, "leaf " + place.cid.to_string() + at(place.offset) + " holds " +
                          std::to_string(place.bytes) + " bytes, not a chunk of " +
                          std::to_string(expected));
}

std::vector<WantedBlock> DagWalk::raw_leaves() const {
    ASSAY_ASSERT(complete());
    std::vector<WantedBlock> out;
    std::unordered_set<Cid> seen;
    for (const Place& place : level_) {
        if (place.cid.codec() != Codec::kRaw || !seen.insert(place.cid).second) continue;
        out.emplace_back(place.cid, place.bytes, place.offset);
    }
    return out;
}

RetrievedImage DagWalk::image() const {
    ASSAY_ASSERT(complete());
    RetrievedImage image;
    image.bytes = bytes_;
    image.chunk_bytes = chunk_bytes_;
    for (const Place& place : level_) {
        const auto node = nodes_.find(place.cid);
        image.leaves.push_back(place.cid);
        image.data_offsets.push_back(node == nodes_.end() ? 0 : node->second.data_offset);
        image.chunk_digests.push_back(node == nodes_.end() ? place.cid.sha256()
                                                           : node->second.data_digest);
    }
    return image;
}

}  // namespace assay::ipfs
