#include "ledger/core/checkpoint.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint8_t kLogKeyType = 0x01;
constexpr std::uint8_t kCosignerKeyType = 0x04;
constexpr std::size_t kOriginBytesMax = 128;
constexpr std::size_t kTimeBytes = 8;

tl::unexpected<Error> malformed(std::string_view why) {
    return fail(Refusal::kMalformed, "checkpoint: " + std::string(why));
}

// tlog-cosignature v1: what a cosigner signs.
Bytes cosigned_message(const Checkpoint& checkpoint, std::uint64_t time) {
    return to_bytes("cosignature/v1\ntime " + std::to_string(time) + "\n" +
                    checkpoint_text(checkpoint));
}

const EpochMember* find_by_name(std::span<const EpochMember> members, std::string_view name) {
    const auto found =
        std::find_if(members.begin(), members.end(),
                     [name](const EpochMember& member) { return member.name == name; });
    return found == members.end() ? nullptr : &*found;
}

const EpochMember* find_by_log_key(std::span<const EpochMember> members,
                                   const NoteSignature& signature,
                                   const Checkpoint& checkpoint) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const EpochMember& member) {
        return verify_log_signature(signature, checkpoint, member.log);
    });
    return found == members.end() ? nullptr : &*found;
}

// A valid signature of a member: a log signature has no time.
struct Judged {
    const NoteSignature* signature;
    const EpochMember* member;
    std::optional<std::uint64_t> time;
};

std::vector<Judged> valid_signatures(const Note& note,
                                     const Checkpoint& checkpoint,
                                     std::span<const EpochMember> members) {
    std::vector<Judged> valid;
    for (const NoteSignature& signature : note.signatures) {
        if (const EpochMember* log = find_by_log_key(members, signature, checkpoint)) {
            valid.push_back({&signature, log, std::nullopt});
            continue;
        }
        const EpochMember* cosigner = find_by_name(members, signature.name);
        if (cosigner == nullptr) continue;
        const auto time =
            verify_cosignature(signature, checkpoint, cosigner->name, cosigner->cosign);
        if (time) valid.push_back({&signature, cosigner, time});
    }
    return valid;
}

}  // namespace

std::string checkpoint_text(const Checkpoint& checkpoint) {
    return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
           to_base64(checkpoint.root.view()) + "\n";
}

Result<Checkpoint> parse_checkpoint_text(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) return malformed("does not end with a newline");
        lines.push_back(text.substr(0, end));
        text.remove_prefix(end + 1);
    }
    if (lines.size() != 3) return malformed("must have three lines: origin, size, root");
    if (lines[0].empty() || lines[0].size() > kOriginBytesMax) return malformed("bad origin");
    const auto size = parse_decimal(lines[1]);
    if (!size) return malformed("size is not a number");
    const auto root = from_base64(lines[2]);
    if (!root || root->size() != 32) return malformed("root is not 32 bytes of base64");
    return Checkpoint{std::string(lines[0]), *size, LogHash::from(*root)};
}

Result<NoteSignature> sign_checkpoint(const Checkpoint& checkpoint,
                                      const crypto::PrivateKey& log_key) {
    auto signature = log_key.sign(as_bytes(checkpoint_text(checkpoint)));
    if (!signature) return fail(std::move(signature).error().within("sign checkpoint"));
    const auto id = note_key_id(checkpoint.origin, kLogKeyType, log_key.public_key().bytes);
    return NoteSignature{checkpoint.origin, id, std::move(*signature)};
}

Result<NoteSignature> cosign_checkpoint(const Checkpoint& checkpoint,
                                        std::string_view member_name,
                                        std::uint64_t time,
                                        const crypto::PrivateKey& cosign_key) {
    auto signature = cosign_key.sign(cosigned_message(checkpoint, time));
    if (!signature) return fail(std::move(signature).error().within("cosign checkpoint"));
    const auto id = note_key_id(member_name, kCosignerKeyType, cosign_key.public_key().bytes);
    Bytes timed;
    for (int shift = 56; shift >= 0; shift -= 8) {
        timed.push_back(static_cast<std::byte>((time >> shift) & 0xff));
    }
    append(timed, *signature);
    return NoteSignature{std::string(member_name), id, std::move(timed)};
}

bool verify_log_signature(const NoteSignature& signature,
                          const Checkpoint& checkpoint,
                          const crypto::PublicKey& log_key) {
    return signature.name == checkpoint.origin &&
           log_key.algorithm == crypto::Algorithm::kEd25519 &&
           signature.key_id == note_key_id(checkpoint.origin, kLogKeyType, log_key.bytes) &&
           crypto::verify(log_key, as_bytes(checkpoint_text(checkpoint)), signature.signature);
}

std::optional<std::uint64_t> verify_cosignature(const NoteSignature& signature,
                                                const Checkpoint& checkpoint,
                                                std::string_view member_name,
                                                const crypto::PublicKey& cosign_key) {
    const ByteView raw = signature.signature;
    if (signature.name != member_name || cosign_key.algorithm != crypto::Algorithm::kEd25519 ||
        signature.key_id != note_key_id(member_name, kCosignerKeyType, cosign_key.bytes) ||
        raw.size() != kTimeBytes + crypto::kSignatureBytes) {
        return std::nullopt;
    }
    std::uint64_t time = 0;
    for (const std::byte byte : raw.first(kTimeBytes)) {
        time = (time << 8) | std::to_integer<std::uint64_t>(byte);
    }
    if (!crypto::verify(cosign_key, cosigned_message(checkpoint, time), raw.subspan(kTimeBytes))) {
        return std::nullopt;
    }
    return time;
}

SignatureCount count_signatures(const Note& note,
                                const Checkpoint& checkpoint,
                                std::span<const EpochMember> members) {
    SignatureCount count;
    for (const Judged& judged : valid_signatures(note, checkpoint, members)) {
        if (!judged.time) {
            ++count.log_signatures;
            continue;
        }
        auto& list = count.cosignatures;
        const auto place =
            std::lower_bound(list.begin(), list.end(), judged.member->slot,
                             [](const Cosignature& entry, Slot slot) { return entry.slot < slot; });
        if (place != list.end() && place->slot == judged.member->slot) {
            place->time = std::max(place->time, *judged.time);
        } else {
            list.insert(place, Cosignature{judged.member->slot, *judged.time});
        }
    }
    return count;
}

Result<QuorumCheckpoint> verify_checkpoint(std::string_view note,
                                           std::string_view origin,
                                           const EpochRecord& epoch) {
    auto parsed = parse_note(note);
    if (!parsed) return fail(std::move(parsed).error());
    auto checkpoint = parse_checkpoint_text(parsed->text);
    if (!checkpoint) return fail(std::move(checkpoint).error());
    if (checkpoint->origin != origin) {
        return fail(Refusal::kOriginMismatch, "checkpoint is of log " + checkpoint->origin);
    }
    SignatureCount count = count_signatures(*parsed, *checkpoint, epoch.members);
    const auto quorum = static_cast<std::size_t>(epoch.quorum);
    if (count.log_signatures == 0 || count.cosignatures.size() < quorum) {
        return fail(Refusal::kQuorumNotMet,
                    "checkpoint has " + std::to_string(count.cosignatures.size()) + " of " +
                        std::to_string(quorum) + " cosignatures and " +
                        std::to_string(count.log_signatures) + " log signatures");
    }
    // Of the m newest the least: one member with a false clock cannot make an old checkpoint fresh.
    std::vector<std::uint64_t> times;
    for (const Cosignature& entry : count.cosignatures) times.push_back(entry.time);
    std::sort(times.begin(), times.end(), std::greater<>());
    return QuorumCheckpoint{std::move(*checkpoint), times[quorum - 1],
                            std::move(count.cosignatures)};
}

Result<Note> merge_notes(const Note& a, const Note& b, std::span<const EpochMember> members) {
    if (a.text != b.text) return fail(Refusal::kMalformed, "checkpoints differ in their text");
    const auto checkpoint = parse_checkpoint_text(a.text);
    if (!checkpoint) return fail(checkpoint.error());
    std::vector<Judged> kept;
    std::vector<Judged> all = valid_signatures(a, *checkpoint, members);
    for (const Judged& judged : valid_signatures(b, *checkpoint, members)) all.push_back(judged);
    for (const Judged& judged : all) {
        const auto same = std::find_if(kept.begin(), kept.end(), [&](const Judged& entry) {
            return entry.member == judged.member &&
                   entry.time.has_value() == judged.time.has_value();
        });
        if (same == kept.end()) {
            kept.push_back(judged);
        } else if (judged.time > same->time) {
            *same = judged;
        }
    }
    // Log signatures first, then by slot. Beyond the bound of a note the first log signature stays,
    // the others make room; of 64 members one cosignature has to as well, which no quorum misses.
    std::stable_sort(kept.begin(), kept.end(), [](const Judged& x, const Judged& y) {
        if (x.time.has_value() != y.time.has_value()) return !x.time.has_value();
        return x.member->slot < y.member->slot;
    });
    if (kept.size() > kNoteSignaturesMax) {
        const auto excess = static_cast<std::ptrdiff_t>(kept.size() - kNoteSignaturesMax);
        kept.erase(kept.begin() + 1, kept.begin() + 1 + excess);
    }
    Note merged;
    merged.text = a.text;
    for (const Judged& judged : kept) merged.signatures.push_back(*judged.signature);
    return merged;
}

}  // namespace assay::ledger
