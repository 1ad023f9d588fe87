// The Merkle roots of real Bitcoin blocks.

#include <gtest/gtest.h>

#include "ledger/core/block.hpp"
#include "tests/support/bitcoin_data.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/foreign_vectors.hpp"

namespace assay::ledger {
namespace {

MerkleRoot root_of(const test::BitcoinBlock& block) {
    std::vector<TxId> ids;
    for (const ByteView tx : block.txs) ids.push_back(tx_id(tx));
    return bitcoin_merkle_root(std::move(ids));
}

TEST(BitcoinMerkleRoot, IsThatOfRealBlocks) {
    for (const char* name : {"169482", "227836", "481815"}) {
        ASSAY_FIXTURE_OR_SKIP(path,
                              std::string("ledger/bitcoin/blocks/bitcoinj_block") + name + ".dat");
        const Bytes bytes = test::fixture_bytes(path);
        const auto block = test::read_bitcoin_block(bytes);
        EXPECT_GT(block.txs.size(), 13U) << name;
        EXPECT_EQ(root_of(block), block.header.merkle_root) << name;
    }
    test::count_vectors("bitcoin-merkle-roots-large", 3);
}

TEST(BitcoinMerkleRoot, IsThatOfTheFirstBlocks) {
    ASSAY_FIXTURE_OR_SKIP(path, "ledger/bitcoin/blocks/bitcoinj_first-100kB-blocks.dat");
    const Bytes bytes = test::fixture_bytes(path);
    Reader in(bytes);
    int count = 0;
    for (; !in.rest().empty(); ++count) {
        if (in.u32() != 0xd9b4bef9) break;  // the rest of the file's last block is cut off
        const ByteView raw = in.bytes(in.u32());
        if (in.failed()) break;
        const auto block = test::read_bitcoin_block(raw);
        ASSERT_EQ(root_of(block), block.header.merkle_root) << count;
    }
    EXPECT_GT(count, 400);
    test::count_vectors("bitcoin-merkle-roots", static_cast<std::size_t>(count));
}

}  // namespace
}  // namespace assay::ledger
