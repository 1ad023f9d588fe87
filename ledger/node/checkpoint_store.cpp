#include "ledger/node/checkpoint_store.hpp"

#include <algorithm>

#include "host/base/file.hpp"

namespace assay::ledger {

CheckpointStore::CheckpointStore(std::filesystem::path file, const Chain& chain)
    : file_{std::move(file)}, chain_{&chain} {}

Result<CheckpointStore> CheckpointStore::open(std::filesystem::path file, const Chain& chain) {
    CheckpointStore store(std::move(file), chain);
    if (!std::filesystem::exists(store.file_)) return store;
    const auto bytes = read_file(store.file_, kNoteBytesMax);
    if (!bytes) return fail(bytes.error());
    const auto slot = chain.registry().members().front().slot;
    if (auto added = store.add(slot, as_text(*bytes)); !added) {
        return fail(std::move(added).error().within(
            store.file_.string() + " is not a checkpoint of this ledger; remove it"));
    }
    return store;
}

Result<bool> CheckpointStore::add(Slot from, std::string_view text) {
    auto note = parse_note(text);
    if (!note) return fail(std::move(note).error());
    const auto checkpoint = parse_checkpoint_text(note->text);
    if (!checkpoint) return fail(checkpoint.error());
    if (checkpoint->origin != chain_->genesis().origin) {
        return fail(Refusal::kOriginMismatch, "checkpoint is of log " + checkpoint->origin);
    }
    const Key key(checkpoint->size, checkpoint->root);
    const auto known = open_.find(key);

    const Note nothing{note->text, {}};
    auto merged =
        merge_notes(known == open_.end() ? nothing : known->second.note, *note,
                    chain_->epoch().record().members);
    if (!merged) return fail(std::move(merged).error());
    if (merged->signatures.empty()) {
        // By the keys of another epoch, perhaps: its sender need not be as far as we are.
        const bool ahead = checkpoint->size > chain_->tip().log_size;
        if (ahead || chain_->epoch().number() > 0) return false;
        // Or by one that the next block makes a node.
        const auto is_members = [&](const NoteSignature& line) {
            const Member* const member = chain_->registry().find_by_name(line.name);
            return member != nullptr &&
                   verify_cosignature(line, *checkpoint, member->name, member->cosign);
        };
        if (std::ranges::any_of(note->signatures, is_members)) return false;
        return fail(Refusal::kSignatureInvalid, "checkpoint without a signature of a member");
    }
    if (newest_ && checkpoint->size < newest_->size) return false;
    if (known == open_.end() || !known->second.from.contains(from)) make_room(from);
    Open& entry = open_[key];
    entry.note = std::move(*merged);
    entry.from.insert(from);
    return settle();
}

Result<bool> CheckpointStore::on_tip() { return settle(); }

// Looks for the largest checkpoint that counts.
Result<bool> CheckpointStore::settle() {
    conflict_.clear();
    const EpochRecord& epoch = chain_->epoch().record();
    for (auto it = open_.rbegin(); it != open_.rend(); ++it) {
        const std::string text = to_string(it->second.note);
        const auto counted = verify_checkpoint(text, chain_->genesis().origin, epoch);
        if (!counted) continue;
        if (!chain_has(counted->checkpoint)) {
            if (counted->checkpoint.size <= chain_->tip().log_size) {
                conflict_ = "a quorum cosigned another log of size " +
                            std::to_string(counted->checkpoint.size);
            }
            continue;
        }
        FinalCheckpoint candidate;
        candidate.text = text;
        candidate.size = counted->checkpoint.size;
        candidate.root = counted->checkpoint.root;
        candidate.time = Timestamp{std::chrono::seconds{counted->time}};
        candidate.epoch = epoch.epoch;
        if (newest_ == candidate) return false;
        if (auto kept = write_file_durable(file_, as_bytes(text)); !kept) {
            return fail(std::move(kept).error());
        }
        newest_ = std::move(candidate);
        std::erase_if(open_, [&](const auto& entry) { return entry.first.first < newest_->size; });
        return true;
    }
    return false;
}

bool CheckpointStore::chain_has(const Checkpoint& checkpoint) const {
    return checkpoint.size <= chain_->tip().log_size &&
           chain_->log_root(checkpoint.size) == checkpoint.root;
}

// A member that names more checkpoints than it may have under way gives up its smallest. That one
// stays if others named it, too: a flood must not take away what they signed.
void CheckpointStore::make_room(Slot from) {
    const auto is_from = [&](const auto& entry) { return entry.second.from.contains(from); };
    const auto count = std::count_if(open_.begin(), open_.end(), is_from);
    if (static_cast<std::size_t>(count) < kOpenCheckpointsMax) return;
    const auto smallest = std::find_if(open_.begin(), open_.end(), is_from);
    smallest->second.from.erase(from);
    if (smallest->second.from.empty()) open_.erase(smallest);
}

}  // namespace assay::ledger
