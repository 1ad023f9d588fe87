#include "ledger/core/header.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"
#include "ledger/core/pow.hpp"
#include "tests/support/members.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint32_t kBitcoinLimit = 0x1d00ffff;

// The block explorers' order: most significant byte first.
std::string reversed_hex(ByteView bytes) {
    Bytes copy = to_bytes(bytes);
    std::ranges::reverse(copy);
    return to_hex(copy);
}

BlockHeader bitcoin_genesis() {
    BlockHeader header;
    header.version = 1;
    Bytes root = *from_hex("4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
    std::ranges::reverse(root);
    header.merkle_root = MerkleRoot::from(root);
    header.time = 1'231'006'505;
    header.bits = kBitcoinLimit;
    header.nonce = 2'083'236'893;
    return header;
}

TEST(BlockHeader, IsBitcoinsGenesis) {
    const BlockHeader header = bitcoin_genesis();
    EXPECT_EQ(
        to_hex(header.encode()),
        "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b2"
        "7ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c");
    EXPECT_EQ(reversed_hex(header.id().view()),
              "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
    EXPECT_EQ(decode_header(header.encode()), header);
    EXPECT_TRUE(meets_target(header.id(), *expand_target(header.bits)));
}

TEST(BlockHeader, CarriesTheSlotUnderTheRolledBits) {
    BlockHeader header;
    header.version = kVersionTop | 0x1abc;
    EXPECT_EQ(header.slot(), 0x1abc);
    header.version |= kVersionRollMask;
    EXPECT_EQ(header.slot(), 0x1abc);
    EXPECT_EQ(kVersionTopMask | kVersionRollMask | kVersionSlotMask, 0xffffffffU);
}

TEST(Seal, BindsHeaderChainAndKey) {
    for (const auto algorithm : {crypto::Algorithm::kEd25519, crypto::Algorithm::kEcdsaP256}) {
        const auto key = test::new_key(algorithm);
        const auto chain_id = crypto::sha256(as_bytes("a chain")).as<ChainId>();
        const auto sealed = seal_header(bitcoin_genesis(), chain_id, key);
        ASSERT_TRUE(sealed.has_value());
        EXPECT_TRUE(verify_seal(*sealed, chain_id, key.public_key()));
        EXPECT_EQ(decode_sealed_header(encode(*sealed)), *sealed);
        EXPECT_EQ(sealed->id(), bitcoin_genesis().id()) << "the seal is outside the id";

        SealedHeader changed = *sealed;
        changed.header.nonce ^= 1;
        EXPECT_FALSE(verify_seal(changed, chain_id, key.public_key()));
        changed = *sealed;
        changed.seal[10] ^= std::byte{1};
        EXPECT_FALSE(verify_seal(changed, chain_id, key.public_key()));
        EXPECT_FALSE(verify_seal(*sealed, ChainId{}, key.public_key()));
        EXPECT_FALSE(verify_seal(*sealed, chain_id, test::new_key(algorithm).public_key()));
    }
}

}  // namespace
}  // namespace assay::ledger
