#include "host/ipfs/path_walk.hpp"

#include "host/base/assert.hpp"
#include "host/ipfs/dag_cbor.hpp"
#include "host/ipfs/unixfs_directory.hpp"

namespace assay::ipfs {

Result<std::vector<std::string>> split_path(std::string_view path) {
    std::vector<std::string> names;
    while (!path.empty()) {
        const std::string_view name = path.substr(0, path.find('/'));
        path.remove_prefix(std::min(path.size(), name.size() + 1));
        if (name.empty()) continue;
        if (name == "." || name == "..") {
            return fail(std::errc::invalid_argument, "'" + std::string(name) + "' in a path");
        }
        if (names.size() == kPathNamesMax) {
            return fail(Refusal::kLimitExceeded,
                        "a path of more than " + std::to_string(kPathNamesMax) + " names");
        }
        names.emplace_back(name);
    }
    return names;
}

void PathWalk::go_to(Cid next) {
    passed_.push_back(std::move(current_));
    current_ = std::move(next);
}

Result<void> PathWalk::add(ByteView block) {
    ASSAY_ASSERT(!complete());
    auto taken = current_.codec() == Codec::kDagCbor ? add_dag_cbor(block) : add_directory(block);
    if (!taken) return fail(std::move(taken).error().within("path '" + names_[used_] + "'"));
    return {};
}

Result<void> PathWalk::add_directory(ByteView block) {
    const auto not_a_directory = [this] {
        return fail(std::errc::not_a_directory, "block " + current_.to_string());
    };
    if (current_.codec() != Codec::kDagPb) return not_a_directory();
    const auto type = unixfs_type_of(block);
    if (!type) return fail(type.error());
    if (*type != UnixFsType::kDirectory && *type != UnixFsType::kShard) return not_a_directory();
    const auto node = decode_directory_node(block);
    if (!node) return fail(node.error());
    if (depth_ > 0 && !node->is_shard()) {
        return fail(Refusal::kMalformed, "a shard leads to a basic directory");
    }
    auto step = find_in_directory(*node, names_[used_], depth_);
    if (!step) return fail(std::errc::no_such_file_or_directory, "not in this directory");
    if (step->is_shard) {
        ++depth_;
    } else {
        depth_ = 0;
        ++used_;
    }
    go_to(std::move(step->cid));
    return {};
}

Result<void> PathWalk::add_dag_cbor(ByteView block) {
    if (depth_ > 0) return fail(Refusal::kMalformed, "a shard leads to DAG-CBOR");
    auto place = follow_dag_cbor(block, std::span(names_).subspan(used_));
    if (!place) return fail(std::move(place).error());
    if (!place->link) {
        used_ = names_.size();
        return {};
    }
    used_ += place->names_used;
    go_to(std::move(*place->link));
    return {};
}

}  // namespace assay::ipfs
