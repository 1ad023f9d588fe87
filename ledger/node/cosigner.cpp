#include "ledger/node/cosigner.hpp"

#include <algorithm>
#include <utility>

namespace assay::ledger {

Cosigner::Cosigner(std::unique_ptr<DurableValue> store,
                   const Chain& chain,
                   std::string member_name,
                   const crypto::PrivateKey& log_key,
                   const crypto::PrivateKey& cosign_key)
    : store_{std::move(store)},
      chain_{&chain},
      name_{std::move(member_name)},
      log_key_{&log_key},
      cosign_key_{&cosign_key} {}

Result<Cosigner> Cosigner::open(std::unique_ptr<DurableValue> store,
                                const Chain& chain,
                                std::string member_name,
                                const crypto::PrivateKey& log_key,
                                const crypto::PrivateKey& cosign_key) {
    Cosigner cosigner(std::move(store), chain, std::move(member_name), log_key, cosign_key);
    const auto bytes = cosigner.store_->read();
    if (!bytes) return fail(bytes.error());
    if (!*bytes) return cosigner;
    auto last = parse_checkpoint_text(as_text(**bytes));
    if (!last || last->origin != chain.genesis().origin) {
        return fail(Refusal::kMalformed, cosigner.store_->name() +
                                             " does not say what this member cosigned last; "
                                             "restore it, or this member could contradict itself");
    }
    cosigner.last_ = std::move(*last);
    return cosigner;
}

Result<std::vector<std::string>> Cosigner::sign_due(Timestamp now) {
    std::vector<Checkpoint> due = newly_final();
    if (!due.empty()) {
        // The largest stands for all: none at or below it will be signed again but itself.
        auto kept = store_->replace(as_bytes(checkpoint_text(due.back())));
        if (!kept) return fail(std::move(kept).error());
        last_ = due.back();
    } else if (is_due_again(now)) {
        due.push_back(*last_);
    }
    std::vector<std::string> notes;
    for (const Checkpoint& checkpoint : due) {
        auto note = sign(checkpoint, now);
        if (!note) return fail(std::move(note).error());
        notes.push_back(std::move(*note));
    }
    if (!notes.empty()) {
        last_time_ = now;
        latest_ = notes.back();
    }
    return notes;
}

std::vector<Checkpoint> Cosigner::newly_final() const {
    std::vector<Checkpoint> found;
    const std::uint64_t above = last_ ? last_->size : 0;
    for (BlockHeight height = chain_->final_block().height; height > 0; --height) {
        const ChainTip block = chain_->at_height(height);
        if (block.log_size <= above || found.size() == kCosignAtOnceMax) break;
        if (!found.empty() && found.back().size == block.log_size) continue;
        found.push_back(Checkpoint{chain_->genesis().origin, block.log_size, block.log_root});
    }
    std::reverse(found.begin(), found.end());
    return found;
}

// Only while our chain still has that log: after a reorganisation only a larger one may be signed.
bool Cosigner::is_due_again(Timestamp now) const {
    if (!last_ || (last_time_ && now < *last_time_ + kCosignAgain)) return false;
    return last_->size <= chain_->tip().log_size && chain_->log_root(last_->size) == last_->root;
}

Result<std::string> Cosigner::sign(const Checkpoint& checkpoint, Timestamp now) const {
    Note note{checkpoint_text(checkpoint), {}};
    auto log_line = sign_checkpoint(checkpoint, *log_key_);
    if (!log_line) return fail(std::move(log_line).error());
    const auto seconds = static_cast<std::uint64_t>(now.time_since_epoch().count());
    auto cosign_line = cosign_checkpoint(checkpoint, name_, seconds, *cosign_key_);
    if (!cosign_line) return fail(std::move(cosign_line).error());
    note.signatures.push_back(std::move(*log_line));
    note.signatures.push_back(std::move(*cosign_line));
    return to_string(note);
}

}  // namespace assay::ledger
