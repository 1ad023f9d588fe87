#include "host/ipfs/car_export.hpp"

#include <algorithm>
#include <tuple>

#include <fcntl.h>

#include "host/ipfs/car.hpp"
#include "host/ipfs/dag_links.hpp"
#include "host/ipfs/path_walk.hpp"
#include "host/ipfs/unixfs_directory.hpp"

namespace assay::ipfs {
namespace {

// The block of an identity CID is in its name.
Result<Bytes> load_block(const BlockStore& store, const Cid& cid) {
    if (cid.hash_code() == HashCode::kIdentity) return to_bytes(cid.digest());
    auto block = store.get(cid);
    if (!block) return fail(std::move(block).error().within("block " + cid.to_string()));
    return block;
}

// First byte and the one behind the last; empty if nothing of the file lies in the range.
std::pair<std::uint64_t, std::uint64_t> place_range(const EntityBytes& bytes, std::uint64_t total) {
    const auto size = static_cast<std::int64_t>(total);
    const auto from_start = [&](std::int64_t at) { return at < 0 ? size + at : at; };
    const std::int64_t from = std::max<std::int64_t>(from_start(bytes.from), 0);
    const std::int64_t last = bytes.to ? std::min(from_start(*bytes.to), size - 1) : size - 1;
    if (from > last) return {0, 0};
    return {static_cast<std::uint64_t>(from), static_cast<std::uint64_t>(last) + 1};
}

}  // namespace

Result<ResolvedPath> resolve_path(const BlockStore& store,
                                  const Cid& root,
                                  std::vector<std::string> path) {
    PathWalk walk(root, std::move(path));
    while (!walk.complete()) {
        const auto block = load_block(store, walk.wanted());
        if (!block) return fail(Error(block.error()));
        if (auto taken = walk.add(*block); !taken) return fail(std::move(taken).error());
    }
    const Cid& target = walk.target();
    if (target.hash_code() != HashCode::kIdentity && !store.has(target)) {
        return fail(std::errc::no_such_file_or_directory, "block " + target.to_string());
    }
    return ResolvedPath{walk.passed(), target};
}

CarExport::CarExport(const BlockStore& store, ResolvedPath path, const CarOptions& options)
    : store_{&store}, root_{path.root()}, options_{options} {
    open_.push_back({std::move(path.target), options.scope, std::nullopt, true});
    for (auto block = path.passed.rbegin(); block != path.passed.rend(); ++block) {
        open_.push_back({std::move(*block), DagScope::kBlock, std::nullopt});
    }
}

bool CarExport::descends(const Visit& visit) {
    return visit.scope != DagScope::kBlock && may_link(visit.cid.codec());
}

bool CarExport::reads_next() const {
    return header_sent_ && !open_.empty() && descends(open_.back());
}

Result<http::BodyPiece> CarExport::step() {
    if (!std::exchange(header_sent_, true)) return encode_car_header({&root_, 1});
    const Visit now = std::move(open_.back());
    open_.pop_back();
    if (++visited_ > kNodesVisitedMax) {
        return fail(Refusal::kLimitExceeded, "a DAG too large for one response");
    }
    return visit(now);
}

// An empty piece: nothing is to be sent for this block.
Result<http::BodyPiece> CarExport::visit(const Visit& visit) {
    const bool goes_down = descends(visit);
    const bool whole = !visit.range && !(visit.is_target && options_.bytes);
    if (!options_.duplicates) {
        const auto known = sent_.find(visit.cid);
        if (known != sent_.end() && (!goes_down || known->second)) return http::BodyPiece();
    }
    if (!goes_down) {
        if (!to_be_sent(visit.cid)) return http::BodyPiece();
        return section_of_file(visit.cid);
    }
    auto block = load_block(*store_, visit.cid);
    if (!block) return fail(std::move(block).error());
    if (auto pushed = push_children(visit, *block); !pushed) return fail(std::move(pushed).error());

    const bool send = to_be_sent(visit.cid);
    if (whole && !options_.duplicates) sent_[visit.cid] = true;
    if (!send) return http::BodyPiece();
    Bytes section = encode_car_section_head(visit.cid, block->size());
    append(section, *block);
    return section;
}

Result<void> CarExport::push_children(const Visit& visit, ByteView block) {
    std::vector<Cid> children;
    if (visit.scope == DagScope::kAll) {
        auto links = links_of(visit.cid, block);
        if (!links) return fail(std::move(links).error());
        children = std::move(*links);
    } else if (visit.cid.codec() == Codec::kDagPb) {
        const auto type = unixfs_type_of(block);
        if (!type) return {};  // of what is no file, the entity is this block
        if (*type == UnixFsType::kFile || *type == UnixFsType::kRaw) {
            auto file = decode_file_node(block);
            if (!file) return fail(std::move(file).error().within(visit.cid.to_string()));
            push_file_children(visit, std::move(*file));
        } else if (*type == UnixFsType::kShard) {
            // Of a directory it is the listing: all its shards, and nothing that it lists.
            auto shard = decode_directory_node(block);
            if (!shard) return fail(std::move(shard).error().within(visit.cid.to_string()));
            for (auto& below : shard->shards) children.push_back(std::move(below.cid));
        }
    }
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
        open_.push_back({std::move(*child), visit.scope, std::nullopt});
    }
    return {};
}

void CarExport::push_file_children(const Visit& visit, FileNode file) {
    Range wanted{0, file.bytes};
    if (visit.range) {
        wanted = *visit.range;
    } else if (visit.is_target && options_.bytes) {
        std::tie(wanted.from, wanted.to) = place_range(*options_.bytes, file.bytes);
    }
    std::uint64_t end = file.bytes;
    for (auto child = file.children.rbegin(); child != file.children.rend(); ++child) {
        const std::uint64_t start = end - child->bytes;
        const std::uint64_t from = std::max(start, wanted.from);
        const std::uint64_t to = std::min(std::exchange(end, start), wanted.to);
        if (from >= to) continue;
        std::optional<Range> part;
        if (from > start || to < start + child->bytes) part = Range{from - start, to - start};
        open_.push_back({std::move(child->cid), DagScope::kEntity, part});
    }
}

bool CarExport::to_be_sent(const Cid& cid) {
    if (cid.hash_code() == HashCode::kIdentity) return false;
    return options_.duplicates || sent_.emplace(cid, false).second;
}

// A leaf goes from its file to the connection as it is; whoever asked verifies it.
Result<http::BodyPiece> CarExport::section_of_file(const Cid& cid) const {
    auto file = FileHandle::open(store_->path_of(cid), O_RDONLY);
    if (!file) return fail(std::move(file).error().within("block " + cid.to_string()));
    const auto size = store_->size_of(cid);
    if (!size) return fail(Error(size.error()));
    if (*size == 0) return encode_car_section_head(cid, 0);
    http::FileRange content(std::make_shared<const FileHandle>(std::move(*file)), 0, *size);
    return http::BodyPiece(encode_car_section_head(cid, *size), std::move(content));
}

}  // namespace assay::ipfs
