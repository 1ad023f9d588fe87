// The blocks of a CAR file, each checked against its CID, without those of hash functions that are
// not ours.

#pragma once

#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/car.hpp"
#include "tests/support/fixtures.hpp"

namespace assay::ipfs::test {

inline std::map<Cid, Bytes> blocks_of_car(const std::filesystem::path& path) {
    CarReader reader;
    reader.feed(read_file(path, 64U << 20).value());
    std::map<Cid, Bytes> blocks;
    for (;;) {
        const auto block = reader.next();
        EXPECT_TRUE(block) << path << ": " << block.error().to_string();
        if (!block || !*block) break;
        const auto cid = (*block)->cid();
        if (!cid) continue;
        if (cid->hash_code() == HashCode::kSha256) {
            EXPECT_EQ(cid->sha256(), crypto::sha256((*block)->bytes)) << path;
        }
        blocks.emplace(*cid, to_bytes((*block)->bytes));
    }
    EXPECT_TRUE(reader.finish()) << path;
    return blocks;
}

}  // namespace assay::ipfs::test
