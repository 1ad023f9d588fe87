// The receipt batch (docs/formats.md, section 8): one transaction of the gateway ledger that
// commits to up to 16,384 receipts, and the blob that holds them. Pure.

#pragma once

#include <array>
#include <span>
#include <string>
#include <vector>

#include "host/base/cbor.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::ledger {

inline constexpr std::size_t kBatchReceiptsMax = 16'384;
// Each receipt has a CBOR head of at most 8 bytes before it.
inline constexpr std::size_t kReceiptBlobBytesMax = kBatchReceiptsMax * (kReceiptBytesMax + 8);

// What the gateway had seen of the consortium ledger when it made the batch.
struct ConsortiumHead {
    BlockHeight height = 0;
    BlockId id;
    std::uint64_t log_size = 0;
    friend bool operator==(const ConsortiumHead&, const ConsortiumHead&) = default;
};

struct ReceiptBatch {
    std::uint64_t batch_no = 0;  // from 1
    LogHash previous_root;       // of the batch before; zero for the first
    std::uint64_t count = 0;
    LogHash root;  // receipt_root() of the receipts
    std::array<std::uint64_t, kReceiptEvents> events{};
    std::uint64_t first_time = 0, last_time = 0;  // as the gateway received them
    Sha256Digest blob_sha256;
    std::uint64_t blob_bytes = 0;
    ConsortiumHead consortium;
    friend bool operator==(const ReceiptBatch&, const ReceiptBatch&) = default;
};

[[nodiscard]] Bytes encode_receipt_batch(const ReceiptBatch& batch);
[[nodiscard]] Result<ReceiptBatch> decode_receipt_batch(ByteView input);

// "receipt-batch/<slot>/<batch-no>": the subject its transaction must carry.
[[nodiscard]] std::string receipt_batch_subject(Slot slot, std::uint64_t batch_no);

// RFC 6962 root with the receipts as entries, in order.
[[nodiscard]] LogHash receipt_root(std::span<const Bytes> receipts);

[[nodiscard]] Bytes encode_receipt_blob(std::span<const Bytes> receipts);
// Views into `blob`. Checks the frame and the size of each receipt, not what is in them.
[[nodiscard]] Result<std::vector<ByteView>> decode_receipt_blob(ByteView blob);

}  // namespace assay::ledger
