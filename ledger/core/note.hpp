// C2SP signed note (c2sp.org/signed-note): a text and lines of signatures under it. The form of
// checkpoints, which other people's tools verify. Strict and bounded. Pure.

#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ledger {

inline constexpr std::size_t kNoteBytesMax = 16 * 1024;
inline constexpr std::size_t kNoteSignaturesMax = 64;

using NoteKeyId = std::array<std::byte, 4>;

struct NoteSignature {
    std::string name;  // of the key: no spaces, no '+'
    NoteKeyId key_id{};
    Bytes signature;  // what follows the key id

    friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

struct Note {
    std::string text;  // with its final newline: exactly what is signed
    std::vector<NoteSignature> signatures;

    friend bool operator==(const Note&, const Note&) = default;
};

[[nodiscard]] std::string to_string(const Note& note);
// Fails with kMalformed or kLimitExceeded.
[[nodiscard]] Result<Note> parse_note(std::string_view input);

// SHA-256(name, newline, type, key)[0:4]; type 0x01 is an Ed25519 log key, 0x04 a cosigner's.
[[nodiscard]] NoteKeyId note_key_id(std::string_view name, std::uint8_t type, ByteView key);

}  // namespace assay::ledger
