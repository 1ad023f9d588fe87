#include "device/protocol/log_proof.hpp"

#include <algorithm>
#include <bit>

namespace assay::protocol {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";
constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash, space
constexpr std::string_view kCosignature = "cosignature/v1\ntime ";
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// The limits of ledger/core: the same texts are good on both sides.
constexpr std::size_t kProofBytesMax = 112 * 1024;
constexpr std::size_t kAfterHeaderBytesMax = 24 * 1024;
constexpr std::size_t kEntryBytesMax = 65'535;
constexpr std::size_t kPathMax = 64;
constexpr std::size_t kNoteBytesMax = 16 * 1024;
constexpr std::size_t kSignaturesMax = 64;
constexpr std::size_t kOriginBytesMax = 128;
constexpr std::size_t kKeyIdBytes = 4;
constexpr std::size_t kSignatureLineBytesMax = 512;
constexpr std::size_t kDecimalDigitsMax = 20;
// origin, size, root in base64, and three newlines
constexpr std::size_t kTextBytesMax = kOriginBytesMax + kDecimalDigitsMax + 44 + 3;

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

bool next_line(std::string_view& rest, std::string_view& line) noexcept {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return false;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return true;
}

bool parse_decimal(std::string_view text, std::uint64_t& value) noexcept {
    if (text.empty() || text.size() > kDecimalDigitsMax || (text.size() > 1 && text[0] == '0')) {
        return false;
    }
    value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return false;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (value > (UINT64_MAX - digit) / 10) return false;
        value = value * 10 + digit;
    }
    return true;
}

// Strict base64. Keeps what fits into `out`; `length` is that of the whole.
bool decode_base64(std::string_view text, std::span<std::uint8_t> out, std::size_t& length) noexcept {
    if (text.size() % 4 != 0) return false;
    length = 0;
    for (std::size_t i = 0; i < text.size(); i += 4) {
        std::size_t digits = 4;
        if (i + 4 == text.size() && text[i + 3] == '=') digits = text[i + 2] == '=' ? 2 : 3;
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            std::size_t value = 0;
            if (k < digits) {
                value = kBase64.find(text[i + k]);
                if (value == std::string_view::npos) return false;
            }
            group = group << 6 | static_cast<std::uint32_t>(value);
        }
        const std::size_t whole = digits - 1;
        if ((group & ((1U << (8 * (3 - whole))) - 1)) != 0) return false;
        for (std::size_t k = 0; k < whole; ++k, ++length) {
            if (length < out.size()) {
                out[length] = static_cast<std::uint8_t>(group >> (16 - 8 * k));
            }
        }
    }
    return true;
}

bool decode_hash(std::string_view text, Digest32& hash) noexcept {
    std::size_t length = 0;
    return text.size() == 44 && decode_base64(text, hash, length) && length == hash.size();
}

Digest32 node_hash(const Digest32& left, const Digest32& right) noexcept {
    SmallSha256 hash;
    hash.update(std::uint8_t{1});
    hash.update(left);
    hash.update(right);
    return hash.finish();
}

// What the lines of the proof say, as views into it.
struct Parts {
    std::uint64_t index = 0;
    std::string_view path;  // its lines
    std::string_view text;  // of the checkpoint, with its last newline
    std::string_view signatures;
    std::string_view origin;
    std::uint64_t size = 0;
    Digest32 root{};
};

bool read_path(std::string_view& rest, Parts& parts) noexcept {
    const char* const begin = rest.data();
    std::string_view line;
    for (std::size_t count = 0;; ++count) {
        const char* const here = rest.data();
        if (!next_line(rest, line)) return false;
        if (line.empty()) {
            parts.path = {begin, static_cast<std::size_t>(here - begin)};
            return true;
        }
        Digest32 hash;
        if (count == kPathMax || !decode_hash(line, hash)) return false;
    }
}

bool read_checkpoint(std::string_view note, Parts& parts) noexcept {
    if (note.size() > kNoteBytesMax) return false;
    const std::size_t gap = note.rfind("\n\n");
    if (gap == std::string_view::npos) return false;
    parts.text = note.substr(0, gap + 1);
    parts.signatures = note.substr(gap + 2);
    std::string_view rest = parts.text, size, root;
    return std::all_of(rest.begin(), rest.end(),
                       [](char c) { return (c >= 0x20 && c < 0x7f) || c == '\n'; }) &&
           next_line(rest, parts.origin) && next_line(rest, size) && next_line(rest, root) &&
           rest.empty() && !parts.origin.empty() && parts.origin.size() <= kOriginBytesMax &&
           parse_decimal(size, parts.size) && decode_hash(root, parts.root);
}

bool read_parts(std::string_view proof, Parts& parts) noexcept {
    std::string_view line;
    if (proof.size() > kProofBytesMax || !next_line(proof, line) || line != kHeader) return false;
    if (proof.starts_with(kExtra)) {
        std::size_t length = 0;
        if (!next_line(proof, line) || !decode_base64(line.substr(kExtra.size()), {}, length) ||
            length == 0 || length > kEntryBytesMax) {
            return false;
        }
    }
    return proof.size() <= kAfterHeaderBytesMax && next_line(proof, line) &&
           line.starts_with(kIndex) && parse_decimal(line.substr(kIndex.size()), parts.index) &&
           read_path(proof, parts) && read_checkpoint(proof, parts);
}

// RFC 9162 section 2.1.3.2, hash by hash as the lines come. Precondition: read_parts.
bool is_included(const Parts& parts, const Digest32& leaf) noexcept {
    if (parts.index >= parts.size) return false;
    std::uint64_t node = parts.index;
    std::uint64_t last = parts.size - 1;
    Digest32 hash = leaf;
    Digest32 sibling;
    std::string_view rest = parts.path, line;
    while (next_line(rest, line)) {
        if (last == 0 || !decode_hash(line, sibling)) return false;
        if ((node & 1) == 1 || node == last) {
            hash = node_hash(sibling, hash);
            // A last node without a sibling rises unchanged until it is a right child.
            const int rise = std::countr_zero(node);
            node >>= rise;
            last >>= rise;
        } else {
            hash = node_hash(hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    return last == 0 && hash == parts.root;
}

struct SignatureLine {
    std::string_view name;
    std::array<std::uint8_t, kKeyIdBytes + 8 + 64> raw{};  // key id, time if any, signature
    std::size_t length = 0;                                // of the whole line's bytes
};

bool read_signature(std::string_view& rest, SignatureLine& out) noexcept {
    std::string_view line;
    if (!next_line(rest, line) || !line.starts_with(kDash)) return false;
    line.remove_prefix(kDash.size());
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos || space == 0) return false;
    out.name = line.substr(0, space);
    return std::all_of(out.name.begin(), out.name.end(),
                       [](char c) { return c > 0x20 && c < 0x7f && c != '+'; }) &&
           decode_base64(line.substr(space + 1), out.raw, out.length) &&
           out.length > kKeyIdBytes && out.length <= kSignatureLineBytesMax;
}

bool has_key_id(const SignatureLine& line, std::uint8_t type, const Digest32& key) noexcept {
    SmallSha256 hash;
    hash.update(bytes_of(line.name));
    hash.update(std::uint8_t{'\n'});
    hash.update(type);
    hash.update(key);
    const Digest32 digest = hash.finish();
    return std::equal(digest.begin(), digest.begin() + kKeyIdBytes, line.raw.begin());
}

bool is_log_signature(const SignatureLine& line,
                      const Parts& parts,
                      const LogTrust& trust,
                      const SignatureCheck& check) noexcept {
    if (line.name != parts.origin || line.length != kKeyIdBytes + 64) return false;
    return std::any_of(trust.logs.begin(), trust.logs.end(), [&](const Digest32& key) {
        return has_key_id(line, 0x01, key) &&
               check.verify(check.context, key, bytes_of(parts.text),
                            std::span(line.raw).subspan<kKeyIdBytes, 64>());
    });
}

// What a cosigner signs: "cosignature/v1", the time, and the text.
class CosignedMessage {
  public:
    CosignedMessage(std::uint64_t time, std::string_view text) noexcept {
        add(kCosignature);
        char digits[kDecimalDigitsMax];
        std::size_t first = kDecimalDigitsMax;
        do {
            digits[--first] = static_cast<char>('0' + time % 10);
            time /= 10;
        } while (time != 0);
        add({digits + first, kDecimalDigitsMax - first});
        add("\n");
        add(text);
    }
    [[nodiscard]] std::span<const std::uint8_t> bytes() const noexcept {
        return std::span(bytes_).first(size_);
    }

  private:
    void add(std::string_view text) noexcept {
        std::copy(text.begin(), text.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += text.size();
    }

    std::array<std::uint8_t, kCosignature.size() + kDecimalDigitsMax + 1 + kTextBytesMax> bytes_{};
    std::size_t size_ = 0;
};

bool is_cosignature(const SignatureLine& line,
                    const Parts& parts,
                    const Cosigner& cosigner,
                    const SignatureCheck& check,
                    std::uint64_t& time) noexcept {
    if (line.name != cosigner.name || line.length != line.raw.size() ||
        !has_key_id(line, 0x04, cosigner.key)) {
        return false;
    }
    time = 0;
    for (std::size_t i = 0; i < 8; ++i) time = time << 8 | line.raw[kKeyIdBytes + i];
    const CosignedMessage message(time, parts.text);
    return check.verify(check.context, cosigner.key, message.bytes(),
                        std::span(line.raw).subspan<kKeyIdBytes + 8, 64>());
}

// The newest valid cosignature of each cosigner.
struct Votes {
    std::array<std::uint64_t, kCosignersMax> times{};
    std::uint64_t present = 0;  // a bit for each cosigner
    bool is_logged = false;
};

bool read_signatures(const Parts& parts,
                     const LogTrust& trust,
                     const SignatureCheck& check,
                     Votes& votes) noexcept {
    std::string_view rest = parts.signatures;
    if (rest.empty()) return false;
    SignatureLine line;
    for (std::size_t count = 0; !rest.empty(); ++count) {
        if (count == kSignaturesMax || !read_signature(rest, line)) return false;
        votes.is_logged = votes.is_logged || is_log_signature(line, parts, trust, check);
        for (std::size_t i = 0; i < trust.cosigners.size(); ++i) {
            std::uint64_t time = 0;
            if (!is_cosignature(line, parts, trust.cosigners[i], check, time)) continue;
            votes.times[i] = std::max(votes.times[i], time);
            votes.present |= std::uint64_t{1} << i;
        }
    }
    return true;
}

// The least of the m newest times.
std::uint64_t quorum_time(Votes& votes, std::size_t quorum) noexcept {
    std::sort(votes.times.begin(), votes.times.end());
    return quorum == 0 ? 0 : votes.times[kCosignersMax - quorum];
}

}  // namespace

LogProofResult check_log_proof(std::string_view proof,
                               const Digest32& leaf,
                               const LogTrust& trust,
                               const SignatureCheck& signatures) noexcept {
    LogProofResult result;
    Parts parts;
    Votes votes;
    if (trust.cosigners.size() > kCosignersMax || !read_parts(proof, parts) ||
        !read_signatures(parts, trust, signatures, votes)) {
        return result;
    }
    if (parts.origin != trust.origin) {
        result.verdict = LogProofVerdict::kOriginMismatch;
        return result;
    }
    if (!votes.is_logged ||
        static_cast<std::size_t>(std::popcount(votes.present)) < trust.quorum) {
        result.verdict = LogProofVerdict::kQuorumNotMet;
        return result;
    }
    if (!is_included(parts, leaf)) {
        result.verdict = LogProofVerdict::kNotIncluded;
        return result;
    }
    result.verdict = LogProofVerdict::kValid;
    result.index = parts.index;
    result.size = parts.size;
    result.root = parts.root;
    result.time = quorum_time(votes, trust.quorum);
    return result;
}

}  // namespace assay::protocol
