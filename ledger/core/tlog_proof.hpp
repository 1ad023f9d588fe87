// C2SP tlog-proof (c2sp.org/tlog-proof): a text that proves that a log holds an entry. Strict and
// bounded: no extra data line, a path of at most 64 hashes. Pure.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/result.hpp"
#include "host/crypto/merkle_tree.hpp"

namespace assay::ledger {

inline constexpr std::size_t kTlogProofBytesMax = 24 * 1024;

struct TlogProof {
    std::uint64_t index = 0;
    std::vector<LogHash> path;
    std::string checkpoint;  // a signed note
    friend bool operator==(const TlogProof&, const TlogProof&) = default;
};

[[nodiscard]] std::string to_string(const TlogProof& proof);
// Checks the frame; the checkpoint inside is for parse_note. Takes no extra data.
[[nodiscard]] Result<TlogProof> parse_tlog_proof(std::string_view input);

inline constexpr std::size_t kEntryProofBytesMax = 112 * 1024;
inline constexpr std::size_t kProvenEntryBytesMax = 65'535;

// A proof for people and archives: with the entry itself as its extra data, which proves nothing by
// itself; its leaf hash is what the proof is about. An empty entry: none.
struct EntryProof {
    Bytes entry;
    TlogProof proof;
    friend bool operator==(const EntryProof&, const EntryProof&) = default;
};
[[nodiscard]] std::string to_string(const EntryProof& proof);
[[nodiscard]] Result<EntryProof> parse_entry_proof(std::string_view input);

// A decimal number without sign, leading zeros or anything else, as C2SP texts write them.
[[nodiscard]] std::optional<std::uint64_t> parse_decimal(std::string_view text) noexcept;

}  // namespace assay::ledger
