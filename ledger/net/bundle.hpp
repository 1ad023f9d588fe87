// Bundles: a ledger on a memory stick, for sites that no network reaches (docs/formats.md, section
// 17). A bundle is a row of parts, each small enough to be held in memory and whole by itself: blocks
// in ascending height, then, in the last one, the certificates of the newest blocks, the checkpoint,
// and the transactions that wait. Nothing in it is believed: a reader checks it all as if peers had
// sent it. Values only, strict and bounded; thread-safe as such.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/result.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/certificate.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline constexpr std::size_t kBundleHeadBytes = 12;  // magic and length: says how much is to be read
// Room for one largest block and all that a part says of itself.
inline constexpr std::size_t kBundlePartBytesMax = kBlockBytesMax + 256 * 1024;
// Written parts end once they hold so much.
inline constexpr std::size_t kBundlePartBytesGoal = 1024 * 1024;
inline constexpr std::size_t kBundleBlocksMax = 4'096;
inline constexpr std::size_t kBundleCertificatesMax = 8;
inline constexpr std::size_t kBundleTransactionsMax = 4'096;

struct BundlePart {
    ChainId chain_id;
    BlockHeight first = 0;  // height of the first block, or of the one that would come next
    bool is_last = false;
    std::vector<Bytes> blocks;
    std::vector<Certificate> certificates;
    std::string checkpoint;  // a signed note; may be empty
    std::vector<Bytes> transactions;
    friend bool operator==(const BundlePart&, const BundlePart&) = default;
};

// Precondition: within the limits.
[[nodiscard]] Bytes encode_bundle_part(const BundlePart& part);
// Of a whole part, and nothing behind it. kMalformed, kLimitExceeded, kUnknownVersion.
[[nodiscard]] Result<BundlePart> decode_bundle_part(ByteView bytes);
// The size of the part that begins with `head`, at least kBundleHeadBytes of it.
[[nodiscard]] Result<std::size_t> bundle_part_bytes(ByteView head);

}  // namespace assay::ledger
