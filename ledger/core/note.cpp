#include "ledger/core/note.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash, space
constexpr std::size_t kSignatureBytesMax = 512;

tl::unexpected<Error> malformed(std::string_view why) {
    return fail(Refusal::kMalformed, "signed note: " + std::string(why));
}

bool is_key_name(std::string_view name) noexcept {
    return !name.empty() && std::none_of(name.begin(), name.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte <= 0x20 || byte >= 0x7f || c == '+';  // names here are ASCII
    });
}

Result<NoteSignature> parse_line(std::string_view line) {
    if (!line.starts_with(kDash)) return malformed("a signature line must start with an em dash");
    line.remove_prefix(kDash.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return malformed("a signature line lacks its signature");
    NoteSignature out;
    out.name = std::string(line.substr(0, space));
    if (!is_key_name(out.name)) return malformed("bad key name");
    const auto raw = from_base64(line.substr(space + 1));
    if (!raw) return malformed("signature of " + out.name + " is not base64");
    if (raw->size() <= out.key_id.size() || raw->size() > kSignatureBytesMax) {
        return malformed("signature of " + out.name + " has a bad length");
    }
    std::copy_n(raw->begin(), out.key_id.size(), out.key_id.begin());
    out.signature.assign(raw->begin() + static_cast<std::ptrdiff_t>(out.key_id.size()), raw->end());
    return out;
}

bool is_note_text(std::string_view text) noexcept {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\n') || byte >= 0x7f;  // texts here are ASCII
    });
}

}  // namespace

std::string to_string(const Note& note) {
    std::string out = note.text + "\n";
    for (const NoteSignature& entry : note.signatures) {
        Bytes raw(entry.key_id.begin(), entry.key_id.end());
        append(raw, entry.signature);
        out += std::string(kDash) + entry.name + " " + to_base64(raw) + "\n";
    }
    return out;
}

Result<Note> parse_note(std::string_view input) {
    if (input.size() > kNoteBytesMax)
        return fail(Refusal::kLimitExceeded, "signed note is too large");
    const std::size_t gap = input.rfind("\n\n");
    if (gap == std::string_view::npos) return malformed("no blank line before the signatures");
    Note note;
    note.text = std::string(input.substr(0, gap + 1));
    if (!is_note_text(note.text)) return malformed("text has characters that do not belong there");
    std::string_view rest = input.substr(gap + 2);
    if (rest.empty()) return malformed("no signatures");
    while (!rest.empty()) {
        const std::size_t end = rest.find('\n');
        if (end == std::string_view::npos) return malformed("does not end with a newline");
        if (note.signatures.size() == kNoteSignaturesMax) {
            return fail(Refusal::kLimitExceeded, "signed note: too many signatures");
        }
        auto line = parse_line(rest.substr(0, end));
        if (!line) return fail(std::move(line).error());
        note.signatures.push_back(std::move(*line));
        rest.remove_prefix(end + 1);
    }
    return note;
}

NoteKeyId note_key_id(std::string_view name, std::uint8_t type, ByteView key) {
    const std::array<std::byte, 2> separator = {std::byte{'\n'}, std::byte{type}};
    const Sha256Digest digest = crypto::sha256({as_bytes(name), separator, key});
    NoteKeyId id{};
    std::copy_n(digest.bytes.begin(), id.size(), id.begin());
    return id;
}

}  // namespace assay::ledger
