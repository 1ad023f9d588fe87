// Block header and seal (docs/formats.md, section 1). The header is Bitcoin's, field for field; the
// slot of the member that mined it sits in the low bits of the version, under the proof of work.
// Plain values; pure functions.

#pragma once

#include <array>
#include <cstdint>

#include "host/base/bytes.hpp"
#include "host/base/codec.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

inline constexpr std::size_t kHeaderBytes = 80;
inline constexpr std::size_t kSealedHeaderBytes = kHeaderBytes + crypto::kSignatureBytes;

inline constexpr std::uint32_t kVersionTopMask = 0xe0000000;
inline constexpr std::uint32_t kVersionTop = 0x20000000;
inline constexpr std::uint32_t kVersionRollMask = 0x1fffe000;  // BIP 320, the miner's to roll
inline constexpr std::uint32_t kVersionSlotMask = 0x00001fff;

struct BlockHeader {
    std::uint32_t version = kVersionTop;
    BlockId previous;
    MerkleRoot merkle_root;
    std::uint32_t time = 0;  // seconds since 1970
    std::uint32_t bits = 0;  // compact target
    std::uint32_t nonce = 0;

    [[nodiscard]] std::array<std::byte, kHeaderBytes> encode() const;
    [[nodiscard]] BlockId id() const;
    [[nodiscard]] Slot slot() const noexcept {
        return static_cast<Slot>(version & kVersionSlotMask);
    }

    friend bool operator==(const BlockHeader&, const BlockHeader&) = default;
};

// Any 80 bytes are a header; whether it is a good one is for the rules to say.
[[nodiscard]] BlockHeader decode_header(std::span<const std::byte, kHeaderBytes> bytes);

using Seal = std::array<std::byte, crypto::kSignatureBytes>;

struct SealedHeader {
    BlockHeader header;
    Seal seal{};

    [[nodiscard]] BlockId id() const { return header.id(); }

    friend bool operator==(const SealedHeader&, const SealedHeader&) = default;
};

[[nodiscard]] std::array<std::byte, kSealedHeaderBytes> encode(const SealedHeader& sealed);
[[nodiscard]] SealedHeader decode_sealed_header(
    std::span<const std::byte, kSealedHeaderBytes> bytes);

// Signs "ASSAY1-seal", a zero byte, chain id and header. The seal is outside the id: another valid
// seal of the same header is the same block.
[[nodiscard]] Result<SealedHeader> seal_header(const BlockHeader& header,
                                               const ChainId& chain_id,
                                               const crypto::PrivateKey& key);
[[nodiscard]] bool verify_seal(const SealedHeader& sealed,
                               const ChainId& chain_id,
                               const crypto::PublicKey& key);

}  // namespace assay::ledger
