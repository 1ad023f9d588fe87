#include "ledger/chain/log_store.hpp"

#include <algorithm>
#include <bit>

#include "host/base/assert.hpp"
#include "ledger/chain/chain_keys.hpp"

namespace assay::ledger {

Result<LogStore> LogStore::load(const StateView& database) {
    LogStore log;
    bool sound = true;
    database.for_each(keys::table('l'), [&](ByteView key, ByteView value) {
        sound = value.size() == 32 && keys::number_of(key) == log.size();
        if (sound) log.append(LeafHash::from(value));
        return sound;
    });
    if (!sound) {
        return fail(Refusal::kMalformed, "log leaf " + std::to_string(log.size()) + " is missing");
    }
    return log;
}

void LogStore::stage(StateWriter& database, LogIndex index, const LeafHash& leaf) {
    database.put(keys::log_leaf(index), leaf.view());
}

void LogStore::append(const LeafHash& leaf) {
    levels_.front().push_back(leaf);
    for (std::size_t k = 0; levels_[k].size() % 2 == 0; ++k) {
        if (k + 1 == levels_.size()) levels_.emplace_back();
        const auto pair = std::span(levels_[k]).last<2>();
        levels_[k + 1].push_back(crypto::node_hash(pair[0], pair[1]));
    }
}

void LogStore::truncate(std::uint64_t size) {
    ASSAY_ASSERT(size <= this->size());
    for (std::size_t k = 0; k < levels_.size(); ++k) levels_[k].resize(size >> k);
}

LogHash LogStore::root_of(std::uint64_t begin, std::uint64_t count) const {
    const std::uint64_t left = std::bit_floor(count);
    const auto level = static_cast<std::size_t>(std::countr_zero(left));
    const LogHash& root = levels_[level][begin >> level];
    return left == count ? root : crypto::node_hash(root, root_of(begin + left, count - left));
}

LogHash LogStore::root(std::uint64_t size) const {
    ASSAY_ASSERT(size <= this->size());
    return size == 0 ? crypto::empty_root() : root_of(0, size);
}

// RFC 6962 section 2.1.1, from the root down; the path lists the hashes from the leaf up.
std::vector<LogHash> LogStore::inclusion_path(LogIndex index, std::uint64_t size) const {
    ASSAY_ASSERT(index < size && size <= this->size());
    std::vector<LogHash> path;
    std::uint64_t begin = 0;
    while (size > 1) {
        const std::uint64_t left = std::bit_floor(size - 1);
        if (index - begin < left) {
            path.push_back(root_of(begin + left, size - left));
            size = left;
        } else {
            path.push_back(root_of(begin, left));
            begin += left;
            size -= left;
        }
    }
    std::ranges::reverse(path);
    return path;
}

// RFC 6962 section 2.1.2, from the root down: a subtree that both logs have whole is known to whoever
// checks, as long as it is all of the smaller one.
std::vector<LogHash> LogStore::consistency_path(std::uint64_t from, std::uint64_t size) const {
    ASSAY_ASSERT(from <= size && size <= this->size());
    std::vector<LogHash> path;
    if (from == 0) return path;
    std::uint64_t begin = 0;
    while (from < size) {
        const std::uint64_t left = std::bit_floor(size - 1);
        if (from <= left) {
            path.push_back(root_of(begin + left, size - left));
            size = left;
        } else {
            path.push_back(root_of(begin, left));
            begin += left;
            from -= left;
            size -= left;
        }
    }
    if (begin != 0) path.push_back(root_of(begin, size));
    std::ranges::reverse(path);
    return path;
}

}  // namespace assay::ledger
