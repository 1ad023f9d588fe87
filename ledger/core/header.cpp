#include "ledger/core/header.hpp"

#include <algorithm>

#include "host/crypto/sha256.hpp"
#include "ledger/core/verify_once.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kSealDomain{"ASSAY1-seal\0", 12};

// Not a Writer, which would allocate: headers are hashed by the million.
void put_le(std::array<std::byte, kHeaderBytes>& out,
            std::size_t at,
            std::uint32_t value) noexcept {
    for (std::size_t i = 0; i < 4; ++i)
        out[at + i] = static_cast<std::byte>(value >> (8 * i) & 0xff);
}

Bytes seal_message(const BlockHeader& header, const ChainId& chain_id) {
    Bytes message = to_bytes(kSealDomain);
    append(message, chain_id.view());
    append(message, header.encode());
    return message;
}

}  // namespace

std::array<std::byte, kHeaderBytes> BlockHeader::encode() const {
    std::array<std::byte, kHeaderBytes> out;
    put_le(out, 0, version);
    std::ranges::copy(previous.bytes, out.begin() + 4);
    std::ranges::copy(merkle_root.bytes, out.begin() + 36);
    put_le(out, 68, time);
    put_le(out, 72, bits);
    put_le(out, 76, nonce);
    return out;
}

BlockId BlockHeader::id() const { return crypto::sha256d(encode()).as<BlockId>(); }

BlockHeader decode_header(std::span<const std::byte, kHeaderBytes> bytes) {
    Reader reader(bytes);
    BlockHeader header;
    header.version = reader.u32();
    header.previous = reader.hash<BlockId>();
    header.merkle_root = reader.hash<MerkleRoot>();
    header.time = reader.u32();
    header.bits = reader.u32();
    header.nonce = reader.u32();
    return header;
}

std::array<std::byte, kSealedHeaderBytes> encode(const SealedHeader& sealed) {
    std::array<std::byte, kSealedHeaderBytes> out{};
    std::ranges::copy(sealed.header.encode(), out.begin());
    std::ranges::copy(sealed.seal, out.begin() + kHeaderBytes);
    return out;
}

SealedHeader decode_sealed_header(std::span<const std::byte, kSealedHeaderBytes> bytes) {
    SealedHeader sealed;
    sealed.header = decode_header(bytes.first<kHeaderBytes>());
    std::ranges::copy(bytes.subspan<kHeaderBytes>(), sealed.seal.begin());
    return sealed;
}

Result<SealedHeader> seal_header(const BlockHeader& header,
                                 const ChainId& chain_id,
                                 const crypto::PrivateKey& key) {
    auto signature = key.sign(seal_message(header, chain_id));
    if (!signature) return fail(std::move(signature).error().within("seal a block header"));
    SealedHeader sealed;
    sealed.header = header;
    std::copy_n(signature->begin(), sealed.seal.size(), sealed.seal.begin());
    return sealed;
}

bool verify_seal(const SealedHeader& sealed,
                 const ChainId& chain_id,
                 const crypto::PublicKey& key) {
    return verify_once(key, seal_message(sealed.header, chain_id), sealed.seal);
}

}  // namespace assay::ledger
