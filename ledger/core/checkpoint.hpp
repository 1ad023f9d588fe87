// Checkpoints of a ledger's log (docs/formats.md, section 9): C2SP tlog-checkpoint as text, signed
// by the log (tlog-checkpoint) and cosigned by members (tlog-cosignature v1). A checkpoint counts
// when enough members have cosigned it. Made by nodes, checked by nodes, devices and auditors.
// Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "host/crypto/signature.hpp"
#include "ledger/core/epoch_record.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/note.hpp"

namespace assay::ledger {

struct Checkpoint {
    std::string origin;  // the log's name
    std::uint64_t size = 0;
    LogHash root;
    friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

// The text that is signed: three lines.
[[nodiscard]] std::string checkpoint_text(const Checkpoint& checkpoint);
// Strict: exactly those three lines, since members sign nothing else.
[[nodiscard]] Result<Checkpoint> parse_checkpoint_text(std::string_view text);

[[nodiscard]] Result<NoteSignature> sign_checkpoint(const Checkpoint& checkpoint,
                                                    const crypto::PrivateKey& log_key);
// `time` in seconds since 1970.
[[nodiscard]] Result<NoteSignature> cosign_checkpoint(const Checkpoint& checkpoint,
                                                      std::string_view member_name,
                                                      std::uint64_t time,
                                                      const crypto::PrivateKey& cosign_key);

[[nodiscard]] bool verify_log_signature(const NoteSignature& signature,
                                        const Checkpoint& checkpoint,
                                        const crypto::PublicKey& log_key);
// The time it was made at, or nothing if it is not a valid cosignature by that member.
[[nodiscard]] std::optional<std::uint64_t> verify_cosignature(const NoteSignature& signature,
                                                              const Checkpoint& checkpoint,
                                                              std::string_view member_name,
                                                              const crypto::PublicKey& cosign_key);

struct Cosignature {
    Slot slot = 0;
    std::uint64_t time = 0;
    friend bool operator==(const Cosignature&, const Cosignature&) = default;
};

// Which of a note's signatures are valid ones of members. At most one cosignature per slot counts:
// the newest.
struct SignatureCount {
    std::size_t log_signatures = 0;
    std::vector<Cosignature> cosignatures;  // ascending slots
};
[[nodiscard]] SignatureCount count_signatures(const Note& note,
                                              const Checkpoint& checkpoint,
                                              std::span<const EpochMember> members);

struct QuorumCheckpoint {
    Checkpoint checkpoint;
    std::uint64_t time = 0;  // the least of the m newest cosignatures
    std::vector<Cosignature> cosignatures;
};
// Parses and judges a checkpoint note: kOriginMismatch, kQuorumNotMet (too few cosignatures of
// distinct slots, or no log signature), or the note's own errors.
[[nodiscard]] Result<QuorumCheckpoint> verify_checkpoint(std::string_view note,
                                                         std::string_view origin,
                                                         const EpochRecord& epoch);

// One note with the valid signatures of both, for the same text: of each key the newest. Signatures
// that are not valid ones of members are left out. Fails with kMalformed if the texts differ.
[[nodiscard]] Result<Note> merge_notes(const Note& a,
                                       const Note& b,
                                       std::span<const EpochMember> members);

}  // namespace assay::ledger
