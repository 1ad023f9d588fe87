#include "ledger/core/extranonce.hpp"

#include <gtest/gtest.h>

#include "ledger/core/block.hpp"
#include "ledger/core/coinbase.hpp"

namespace assay::ledger {
namespace {

TEST(ExtranonceRoll, GivesTheHeaderOfABlockWithThatCoinbase) {
    Coinbase coinbase;
    coinbase.height = 7;
    coinbase.slot = 3;
    coinbase.ext = Bytes(9, std::byte{4});
    BlockHeader header;
    header.version = kVersionTop | 3;
    header.time = 1'700'000'000;
    for (const std::size_t tx_count : {1, 2, 3, 4, 5, 6, 7, 8, 9, 100}) {
        std::vector<Bytes> txs = {encode_coinbase(coinbase)};
        while (txs.size() < tx_count) {
            txs.emplace_back(100 + txs.size(), static_cast<std::byte>(txs.size()));
        }
        const ExtranonceRoll roll(header, txs);
        for (const std::uint64_t extranonce : {0ULL, 1ULL, 0x0102030405060708ULL, ~0ULL}) {
            Coinbase rolled = coinbase;
            rolled.extranonce = extranonce;
            txs.front() = encode_coinbase(rolled);
            EXPECT_EQ(roll.coinbase(extranonce), txs.front());

            std::vector<TxId> ids;
            for (const Bytes& tx : txs) ids.push_back(tx_id(tx));
            BlockHeader expected = header;
            expected.merkle_root = bitcoin_merkle_root(ids);
            EXPECT_EQ(roll.header(extranonce).encode(), expected.encode()) << tx_count;
        }
    }
}

}  // namespace
}  // namespace assay::ledger
