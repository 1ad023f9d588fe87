// Reads Bitcoin's own data as far as the tests need it: a block's header and the bytes of each of
// its transactions (none of them with a witness).

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/codec.hpp"
#include "host/base/file.hpp"
#include "ledger/core/header.hpp"

namespace assay::test {

inline Bytes fixture_bytes(const std::filesystem::path& path) {
    auto bytes = read_file(path, 16 * 1024 * 1024);
    EXPECT_TRUE(bytes.has_value()) << path;
    return bytes.value_or(Bytes{});
}

inline std::uint64_t read_compact_size(Reader& in) {
    const std::uint8_t first = in.u8();
    if (first == 0xfd) return in.u16();
    if (first == 0xfe) return in.u32();
    if (first == 0xff) return in.u64();
    return first;
}

inline ByteView read_bitcoin_tx(Reader& in) {
    const ByteView start = in.rest();
    (void)in.u32();  // version
    for (std::uint64_t inputs = read_compact_size(in); inputs > 0 && !in.failed(); --inputs) {
        (void)in.bytes(36);
        (void)in.bytes(read_compact_size(in));
        (void)in.u32();
    }
    for (std::uint64_t outputs = read_compact_size(in); outputs > 0 && !in.failed(); --outputs) {
        (void)in.u64();
        (void)in.bytes(read_compact_size(in));
    }
    (void)in.u32();  // lock time
    return start.first(start.size() - in.rest().size());
}

struct BitcoinBlock {
    ledger::BlockHeader header;
    std::vector<ByteView> txs;
};

inline BitcoinBlock read_bitcoin_block(ByteView bytes) {
    Reader in(bytes);
    BitcoinBlock block;
    block.header = ledger::decode_header(in.bytes(80).first<80>());
    for (std::uint64_t n = read_compact_size(in); n > 0 && !in.failed(); --n) {
        block.txs.push_back(read_bitcoin_tx(in));
    }
    EXPECT_TRUE(in.done());
    return block;
}

}  // namespace assay::test
