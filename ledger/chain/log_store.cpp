#include "ledger/chain/log_store.hpp"

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

LogHash LogStore::root(std::uint64_t size) const {
    ASSAY_ASSERT(size <= leaves_.size());
    return crypto::tree_root(std::span(leaves_).first(size));
}

std::vector<LogHash> LogStore::inclusion_path(LogIndex index, std::uint64_t size) const {
    ASSAY_ASSERT(index < size && size <= leaves_.size());
    return crypto::inclusion_path(std::span(leaves_).first(size), index);
}

}  // namespace assay::ledger
