// Content identifiers (multiformats/cid): what a block is called and how it is recognised.
//
// A Cid that exists is well formed and on the allow-list, so no later code has to ask again:
// sha2-256 and dbl-sha2-256 with 32 bytes, identity with at most 128 (IPIP-512), any codec.
// Compare Cids, never their texts: peers answer in other bases than they were asked in.
// A value type; safe to share between threads when const.

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/multibase.hpp"

namespace assay::ipfs {

// Multicodec numbers (multiformats/multicodec, table.csv).
enum class Codec : std::uint64_t {
    kCbor = 0x51,
    kRaw = 0x55,
    kDagPb = 0x70,
    kDagCbor = 0x71,
    kBitcoinBlock = 0xb0,
    kBitcoinTx = 0xb1,
    kJson = 0x0200,
};
enum class HashCode : std::uint64_t { kIdentity = 0x00, kSha256 = 0x12, kDblSha256 = 0x56 };

inline constexpr std::size_t kIdentityBytesMax = 128;

class Cid {
  public:
    // CIDv0 is a bare sha2-256 multihash of a dag-pb block.
    [[nodiscard]] static Cid v0(const Sha256Digest& digest);
    [[nodiscard]] static Cid raw_sha256(const Sha256Digest& digest);
    [[nodiscard]] static Cid dag_pb_sha256(const Sha256Digest& digest);

    [[nodiscard]] int version() const noexcept { return version_; }
    [[nodiscard]] Codec codec() const noexcept { return codec_; }
    [[nodiscard]] HashCode hash_code() const noexcept { return hash_code_; }
    // For kIdentity these bytes are the block itself.
    [[nodiscard]] ByteView digest() const noexcept { return digest_; }
    // Precondition: hash_code() is kSha256.
    [[nodiscard]] Sha256Digest sha256() const noexcept;

    [[nodiscard]] Bytes bytes() const;
    [[nodiscard]] Bytes multihash() const;
    // base58btc for version 0, base32 for version 1.
    [[nodiscard]] std::string to_string() const;
    // Version 1 in any base, with the base's letter. Precondition: version() == 1.
    [[nodiscard]] std::string to_string(Base base) const;

    friend bool operator==(const Cid&, const Cid&) = default;
    friend auto operator<=>(const Cid&, const Cid&) = default;

  private:
    friend Result<Cid> take_cid(ByteView& rest);
    Cid(int version, Codec codec, HashCode hash_code, ByteView digest)
        : version_{version},
          codec_{codec},
          hash_code_{hash_code},
          digest_{digest.begin(), digest.end()} {}

    int version_;
    Codec codec_;
    HashCode hash_code_;
    Bytes digest_;
};

// All of `bytes` must be one CID. Fails with kCidUnsupported for other hashes, else kMalformed.
[[nodiscard]] Result<Cid> decode_cid(ByteView bytes);

// Takes one CID off the front of `rest`; on failure `rest` is unchanged.
[[nodiscard]] Result<Cid> take_cid(ByteView& rest);

// The same for the bytes of a CID with any hash function and at most 128 bytes of digest: to find
// where it ends in a container of blocks that are not all ours to check.
[[nodiscard]] Result<ByteView> take_cid_bytes(ByteView& rest);

// base58btc "Qm..." (version 0), or multibase base16, base32, base36, base58btc (version 1).
[[nodiscard]] Result<Cid> parse_cid(std::string_view text);

}  // namespace assay::ipfs

template <>
struct std::hash<assay::ipfs::Cid> {
    std::size_t operator()(const assay::ipfs::Cid& cid) const noexcept {
        return std::hash<std::string_view>{}(assay::as_text(cid.digest()));
    }
};
