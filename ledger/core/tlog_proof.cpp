#include "ledger/core/tlog_proof.hpp"

#include <charconv>

#include "host/base/text_encoding.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kHeader = "c2sp.org/tlog-proof@v1";
constexpr std::string_view kExtra = "extra ";
constexpr std::string_view kIndex = "index ";

tl::unexpected<Error> malformed(std::string_view why) {
    return fail(Refusal::kMalformed, "tlog-proof: " + std::string(why));
}

// Takes the text up to the next newline off `rest`.
std::optional<std::string_view> next_line(std::string_view& rest) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    return line;
}

Result<TlogProof> parse_after_header(std::string_view input) {
    if (input.size() > kTlogProofBytesMax) {
        return fail(Refusal::kLimitExceeded, "tlog-proof is too large");
    }
    const auto index_line = next_line(input);
    if (!index_line || !index_line->starts_with(kIndex)) return malformed("missing index");
    const auto index = parse_decimal(index_line->substr(kIndex.size()));
    if (!index) return malformed("index is not a number");

    TlogProof proof;
    proof.index = *index;
    for (;;) {
        const auto line = next_line(input);
        if (!line) return malformed("no blank line before the checkpoint");
        if (line->empty()) break;
        if (proof.path.size() == crypto::kInclusionPathMax) return malformed("path is too long");
        const auto raw = from_base64(*line);
        if (!raw || raw->size() != 32) return malformed("a hash is not 32 bytes of base64");
        proof.path.push_back(LogHash::from(*raw));
    }
    if (input.empty()) return malformed("no checkpoint");
    proof.checkpoint = std::string(input);
    return proof;
}

}  // namespace

std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    const bool leading_zero = text.size() > 1 && text.front() == '0';
    if (error != std::errc{} || stop != end || leading_zero) return std::nullopt;
    return value;
}

std::string to_string(const TlogProof& proof) {
    std::string out =
        std::string(kHeader) + "\n" + std::string(kIndex) + std::to_string(proof.index) + "\n";
    for (const LogHash& hash : proof.path) out += to_base64(hash.view()) + "\n";
    return out + "\n" + proof.checkpoint;
}

Result<TlogProof> parse_tlog_proof(std::string_view input) {
    if (next_line(input) != kHeader) return malformed("missing header");
    return parse_after_header(input);
}

std::string to_string(const EntryProof& proof) {
    std::string text = to_string(proof.proof);
    if (proof.entry.empty()) return text;
    text.insert(kHeader.size() + 1,
                std::string(kExtra) + to_base64(proof.entry) + "\n");
    return text;
}

Result<EntryProof> parse_entry_proof(std::string_view input) {
    if (input.size() > kEntryProofBytesMax) {
        return fail(Refusal::kLimitExceeded, "tlog-proof is too large");
    }
    if (next_line(input) != kHeader) return malformed("missing header");
    EntryProof out;
    if (input.starts_with(kExtra)) {
        const auto line = next_line(input);
        const auto entry = line ? from_base64(line->substr(kExtra.size())) : std::nullopt;
        if (!entry || entry->empty() || entry->size() > kProvenEntryBytesMax) {
            return malformed("the extra data is no entry in base64");
        }
        out.entry = *entry;
    }
    auto proof = parse_after_header(input);
    if (!proof) return fail(std::move(proof).error());
    out.proof = std::move(*proof);
    return out;
}

}  // namespace assay::ledger
