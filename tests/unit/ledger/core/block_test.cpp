#include "ledger/core/block.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::ledger {
namespace {

TEST(BitcoinMerkleRoot, HidesADuplicatedTail) {
    // CVE-2012-2459, and why the coinbase commits to the number of transactions.
    std::vector<TxId> ids(3);
    for (std::size_t i = 0; i < 3; ++i) ids[i].bytes[0] = static_cast<std::byte>(i + 1);
    std::vector<TxId> longer = ids;
    longer.push_back(ids.back());
    EXPECT_EQ(bitcoin_merkle_root(ids), bitcoin_merkle_root(longer));
    EXPECT_EQ(bitcoin_merkle_root({ids[0]}), ids[0].as<MerkleRoot>());
    EXPECT_TRUE(bitcoin_merkle_root({}).is_zero());
}

Bytes sample_block() {
    SealedHeader sealed;
    sealed.header.nonce = 7;
    sealed.seal[3] = std::byte{9};
    return encode_block(sealed,
                        std::vector<Bytes>{Bytes(130, std::byte{0}), Bytes(65, std::byte{1})});
}

TEST(Block, RoundTrips) {
    const Bytes bytes = sample_block();
    const auto block = decode_block(bytes);
    ASSERT_TRUE(block.has_value());
    EXPECT_EQ(block->header().nonce, 7U);
    EXPECT_EQ(block->sealed.seal[3], std::byte{9});
    ASSERT_EQ(block->txs.size(), 2U);
    EXPECT_EQ(block->txs[1].size(), 65U);
    EXPECT_EQ(bytes.size(), 144U + 4 + 4 + 130 + 4 + 65);
}

TEST(Block, RefusesEveryPrefixAndExtraBytes) {
    Bytes bytes = sample_block();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_block(ByteView(bytes).first(size))) << size;
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(decode_block(bytes));
}

TEST(Block, RefusesWhatIsOverAFixedLimit) {
    SealedHeader sealed;
    for (const std::size_t size : {0U, 64U, 65'536U}) {
        const auto block = decode_block(encode_block(sealed, std::vector<Bytes>{Bytes(size)}));
        ASSERT_FALSE(block) << size;
        EXPECT_TRUE(block.error().is(Refusal::kLimitExceeded)) << size;
    }
    const std::vector<Bytes> many(kBlockTxsMax + 1, Bytes(1));
    EXPECT_FALSE(decode_block(encode_block(sealed, many)));
    const std::vector<Bytes> heavy(33, Bytes(65'000));
    const auto block = decode_block(encode_block(sealed, heavy));
    ASSERT_FALSE(block);
    EXPECT_TRUE(block.error().is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::ledger
