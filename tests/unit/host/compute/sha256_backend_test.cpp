#include "host/compute/sha256_backend.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::compute {
namespace {

Bytes pattern(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>((i * 131 + 7) & 0xff);
    return bytes;
}

std::string hash_one(const Sha256Backend& backend, ByteView message) {
    Sha256Digest digest;
    hash_messages(backend, std::span(&message, 1), std::span(&digest, 1));
    return to_hex(digest.view());
}

TEST(Sha256Backend, ThePortableOneIsAlwaysUsable) {
    ASSERT_FALSE(usable_backends().empty());
    EXPECT_STREQ(usable_backends().back()->name, "portable");
}

TEST(Sha256Backend, GivesTheNistExamples) {
    for (const Sha256Backend* backend : usable_backends()) {
        SCOPED_TRACE(backend->name);
        EXPECT_EQ(hash_one(*backend, as_bytes("abc")),
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        EXPECT_EQ(hash_one(*backend, {}),
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        const std::string million(1'000'000, 'a');
        EXPECT_EQ(hash_one(*backend, as_bytes(million)),
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }
}

TEST(Sha256Backend, RaggedBatchesEqualSingleMessages) {
    const Bytes bytes = pattern(1024);
    for (const Sha256Backend* backend : usable_backends()) {
        SCOPED_TRACE(backend->name);
        std::vector<ByteView> messages;
        for (std::size_t i = 0; i < 300; ++i) {
            messages.push_back(ByteView(bytes).subspan(i % 5, (i * 37) % 600));
        }
        std::vector<Sha256Digest> digests(messages.size());
        hash_messages(*backend, messages, digests);
        for (std::size_t i = 0; i < messages.size(); ++i) {
            EXPECT_EQ(to_hex(digests[i].view()), hash_one(portable_backend(), messages[i])) << i;
        }
    }
}

TEST(Sha256Backend, TargetsAreComparedAsLittleEndianNumbers) {
    Sha256State state{};
    state.words[7] = 0x01000000;  // most significant word of the number: 1
    state.words[0] = 0x02000000;  // least significant word: 2
    const std::uint32_t equal[8] = {1, 0, 0, 0, 0, 0, 0, 2};
    const std::uint32_t below[8] = {1, 0, 0, 0, 0, 0, 0, 1};
    const std::uint32_t above[8] = {1, 0, 0, 0, 0, 0, 1, 0};
    EXPECT_TRUE(meets_target(state, equal));
    EXPECT_FALSE(meets_target(state, below));
    EXPECT_TRUE(meets_target(state, above));
}

// An easy target makes hits frequent: every backend must stop at the same, lowest one.
TEST(Sha256Backend, SearchesAgreeOnTheLowestHit) {
    Sha256State midstates[3] = {kSha256Initial, kSha256Initial, kSha256Initial};
    for (std::uint32_t i = 0; i < 3; ++i) midstates[i].words[i] ^= 0x1234567;
    for (std::uint32_t seed = 0; seed < 50; ++seed) {
        const NonceTile tile{midstates,         3,         {seed, 2, 3}, {0x07ffffff},
                             0xffffff00 + seed, 200 - seed};
        const TileResult expected = portable_backend().search(tile);
        for (const Sha256Backend* backend : usable_backends()) {
            const TileResult found = backend->search(tile);
            EXPECT_EQ(found.found, expected.found);
            EXPECT_EQ(found.nonce, expected.nonce) << backend->name << " seed " << seed;
            EXPECT_EQ(found.midstate_index, expected.midstate_index) << backend->name;
        }
    }
}

TEST(Sha256Backend, SearchWithoutAHitTriesEverything) {
    const NonceTile tile{&kSha256Initial, 1, {1, 2, 3}, {}, 5, 1001};
    for (const Sha256Backend* backend : usable_backends()) {
        const TileResult result = backend->search(tile);
        EXPECT_FALSE(result.found);
        EXPECT_EQ(result.hashes_tried, 1001U) << backend->name;
    }
}

}  // namespace
}  // namespace assay::compute
