// What members say to each other about one chain: the frames of docs/formats.md, section 11.
//
// A frame is `u32 length || u8 type || payload`; what is encoded and decoded here is the body, from
// the type on. Every decoder is total and strict: counts are checked before memory is taken, and
// bytes left over are refused. Values only, no sockets; thread-safe as such.

#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/epoch_transition.hpp"
#include "ledger/core/header.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/core/vote.hpp"

namespace assay::ledger {

inline constexpr std::uint16_t kPeerProtocol = 2;
inline constexpr std::size_t kFrameBytesMax = std::size_t{4} << 20;  // type and payload
inline constexpr std::size_t kLocatorMax = 32;
inline constexpr std::size_t kHeadersMax = 2'000;
inline constexpr std::size_t kAnnounceMax = 1'000;
inline constexpr std::size_t kGetDataMax = 128;
inline constexpr std::size_t kBlobPartBytesMax = std::size_t{1} << 20;

enum class InventoryKind : std::uint8_t { kBlock = 1, kTransaction = 2 };

// Names a block by its id or a transaction by its txid.
struct InventoryItem {
    InventoryItem() = default;
    explicit InventoryItem(const BlockId& id) noexcept
        : kind{InventoryKind::kBlock}, hash{id.as<Sha256Digest>()} {}
    explicit InventoryItem(const TxId& id) noexcept
        : kind{InventoryKind::kTransaction}, hash{id.as<Sha256Digest>()} {}

    InventoryKind kind = InventoryKind::kBlock;
    Sha256Digest hash;

    friend bool operator==(const InventoryItem&, const InventoryItem&) = default;
    friend auto operator<=>(const InventoryItem&, const InventoryItem&) = default;
};

struct Hello {
    ChainId chain_id;
    Slot slot = 0;
    BlockHeight tip_height = 0;
    BlockId tip_id;
    friend bool operator==(const Hello&, const Hello&) = default;
};
struct Ping {
    std::uint64_t nonce = 0;
    friend bool operator==(const Ping&, const Ping&) = default;
};
struct Pong {
    std::uint64_t nonce = 0;
    friend bool operator==(const Pong&, const Pong&) = default;
};
struct GetHeaders {
    std::vector<BlockId> locator;  // newest first
    friend bool operator==(const GetHeaders&, const GetHeaders&) = default;
};
struct Headers {
    std::vector<SealedHeader> headers;
    friend bool operator==(const Headers&, const Headers&) = default;
};
struct Announce {
    std::vector<InventoryItem> items;
    friend bool operator==(const Announce&, const Announce&) = default;
};
struct GetData {
    std::vector<InventoryItem> items;
    friend bool operator==(const GetData&, const GetData&) = default;
};
struct BlockMessage {
    Bytes bytes;
    friend bool operator==(const BlockMessage&, const BlockMessage&) = default;
};
struct TransactionMessage {
    Bytes bytes;
    friend bool operator==(const TransactionMessage&, const TransactionMessage&) = default;
};
struct CheckpointMessage {
    std::string text;
    friend bool operator==(const CheckpointMessage&, const CheckpointMessage&) = default;
};
struct NotFound {
    InventoryItem item;
    BlockHeight first_block = 0;  // the sender keeps no block below it
    friend bool operator==(const NotFound&, const NotFound&) = default;
};
struct VoteMessage {
    Vote vote;
    friend bool operator==(const VoteMessage&, const VoteMessage&) = default;
};

// A signature for the next epoch, whose record everyone knows from the ledger.
struct EpochSignatureMessage {
    Sha256Digest record_hash;
    EpochSignature signature;
    friend bool operator==(const EpochSignatureMessage&, const EpochSignatureMessage&) = default;
};

// Asks for what transactions name by its SHA-256 and members keep beside the ledger, from `offset` on.
struct GetBlob {
    Sha256Digest hash;
    std::uint32_t offset = 0;
    friend bool operator==(const GetBlob&, const GetBlob&) = default;
};
struct BlobPart {
    Sha256Digest hash;
    std::uint32_t offset = 0;
    Bytes bytes;  // none: the sender does not have it, or it ends before
    friend bool operator==(const BlobPart&, const BlobPart&) = default;
};

// In the order of the type numbers, 1 to 15.
using PeerMessage = std::variant<Hello,
                                 Ping,
                                 Pong,
                                 GetHeaders,
                                 Headers,
                                 Announce,
                                 GetData,
                                 BlockMessage,
                                 TransactionMessage,
                                 CheckpointMessage,
                                 NotFound,
                                 VoteMessage,
                                 EpochSignatureMessage,
                                 GetBlob,
                                 BlobPart>;

// For logs: "hello", "get-headers".
[[nodiscard]] std::string_view name_of(const PeerMessage& message) noexcept;

// Length, type and payload: what goes on the wire. The message is within its limits.
[[nodiscard]] Bytes encode_frame(const PeerMessage& message);

// `body` is a frame without its length. Fails with Refusal::kMalformed, kLimitExceeded,
// kUnknownType (type byte) or kUnknownVersion (protocol number of a hello).
[[nodiscard]] Result<PeerMessage> decode_message(ByteView body);

}  // namespace assay::ledger
