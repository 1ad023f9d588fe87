#include "ledger/net/peer_message.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "host/base/codec.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/block.hpp"
#include "ledger/core/note.hpp"

namespace assay::ledger {
namespace {

template <typename Hash>
Hash hash_of(std::uint8_t fill) {
    Hash hash;
    hash.bytes.fill(std::byte{fill});
    return hash;
}

SealedHeader some_header() {
    SealedHeader sealed;
    sealed.header.previous = hash_of<BlockId>(7);
    sealed.header.time = 1'760'000'001;
    sealed.header.nonce = 42;
    sealed.seal.fill(std::byte{9});
    return sealed;
}

Vote some_vote() {
    Vote vote;
    vote.epoch = 1;
    vote.slot = 2;
    vote.link = {{3, hash_of<BlockId>(8)}, {4, hash_of<BlockId>(9)}};
    vote.signature.fill(std::byte{7});
    return vote;
}

// One of each type, in type order.
std::vector<PeerMessage> samples() {
    const InventoryItem block(hash_of<BlockId>(3));
    const InventoryItem transaction(hash_of<TxId>(4));
    return {Hello{hash_of<ChainId>(1), 513, 70'000, hash_of<BlockId>(2)},
            Ping{0x0102030405060708},
            Pong{5},
            GetHeaders{{hash_of<BlockId>(5), hash_of<BlockId>(6)}},
            Headers{{some_header(), some_header()}},
            Announce{{block, transaction}},
            GetData{{transaction, block}},
            BlockMessage{Bytes(200, std::byte{1})},
            TransactionMessage{Bytes(100, std::byte{2})},
            CheckpointMessage{"a.example/log\n1\n"},
            NotFound{block, 77},
            VoteMessage{some_vote()},
            EpochSignatureMessage{crypto::sha256(as_bytes("record")),
                                  {3, Bytes(64, std::byte{4})}},
            GetBlob{crypto::sha256(as_bytes("blob")), 1 << 20},
            BlobPart{crypto::sha256(as_bytes("blob")), 5, Bytes(300, std::byte{6})}};
}

Bytes body_of(const PeerMessage& message) {
    const Bytes frame = encode_frame(message);
    return {frame.begin() + 4, frame.end()};
}

Refusal word_of(ByteView body) {
    const auto decoded = decode_message(body);
    if (decoded) return Refusal{};
    return assay::refusal_of(decoded.error().code()).value_or(Refusal{});
}

// A body whose count field says `count`, followed by that many entries.
Bytes with_count(std::uint8_t type, std::uint16_t count, int count_bytes, std::size_t entry_bytes) {
    Writer out;
    out.u8(type);
    if (count_bytes == 1) {
        out.u8(static_cast<std::uint8_t>(count));
    } else {
        out.u16(count);
    }
    Bytes body = out.take();
    for (std::size_t i = 0; i < count; ++i) {
        body.push_back(std::byte{1});
        body.insert(body.end(), entry_bytes - 1, std::byte{0});
    }
    return body;
}

Bytes of_size(std::uint8_t type, std::size_t payload_bytes) {
    Bytes body(payload_bytes + 1, std::byte{1});
    body[0] = std::byte{type};
    return body;
}

TEST(PeerMessage, EveryTypeComesBackAsItWasSent) {
    const auto all = samples();
    ASSERT_EQ(all.size(), std::variant_size_v<PeerMessage>);
    for (std::size_t i = 0; i < all.size(); ++i) {
        const Bytes frame = encode_frame(all[i]);
        EXPECT_EQ(Reader(frame).u32(), frame.size() - 4);
        EXPECT_EQ(std::to_integer<std::size_t>(frame[4]), i + 1) << name_of(all[i]);
        const auto decoded = decode_message(ByteView(frame).subspan(4));
        ASSERT_TRUE(decoded.has_value()) << name_of(all[i]) << ": " << decoded.error().to_string();
        EXPECT_EQ(*decoded, all[i]) << name_of(all[i]);
    }
}

// Written out by hand from docs/formats.md, section 11.
TEST(PeerMessage, LayoutIsTheDocumentedOne) {
    std::string aa, bb;
    for (int i = 0; i < 32; ++i) aa += "aa", bb += "bb";
    EXPECT_EQ(to_hex(encode_frame(Ping{0x0102030405060708})), "09000000020807060504030201");
    const Hello hello{hash_of<ChainId>(0xaa), 2, 3, hash_of<BlockId>(0xbb)};
    EXPECT_EQ(to_hex(encode_frame(hello)), "49000000010200" + aa + "020003000000" + bb);
    const Announce announce{{InventoryItem(hash_of<TxId>(0xbb))}};
    EXPECT_EQ(to_hex(encode_frame(announce)), "2400000006010002" + bb);
    const NotFound missing{InventoryItem(hash_of<BlockId>(0xaa)), 513};
    EXPECT_EQ(to_hex(encode_frame(missing)), "260000000b01" + aa + "01020000");
}

TEST(PeerMessage, NoPrefixOfAFixedLayoutDecodes) {
    for (const PeerMessage& message : samples()) {
        const Bytes body = body_of(message);
        const auto type = std::to_integer<int>(body[0]);
        const bool free_form = type >= 8 && type <= 10;  // any bytes are a block, at this level
        for (std::size_t size = 0; size < body.size(); ++size) {
            const bool decodes = decode_message(ByteView(body).first(size)).has_value();
            const bool is_part = type == 15 && size >= 37;  // of a blob, which may be cut anywhere
            EXPECT_EQ(decodes, (free_form && size > 1) || is_part)
                << name_of(message) << " cut at " << size;
        }
        if (free_form || type == 15) continue;
        Bytes longer = body;
        longer.push_back(std::byte{0});
        EXPECT_EQ(word_of(longer), Refusal::kMalformed) << name_of(message);
    }
}

TEST(PeerMessage, WhatDecodesHasNoSecondEncoding) {
    for (const PeerMessage& message : samples()) {
        const Bytes body = body_of(message);
        for (std::size_t bit = 0; bit < body.size() * 8; ++bit) {
            Bytes flipped = body;
            flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
            const auto decoded = decode_message(flipped);
            if (!decoded) continue;
            EXPECT_EQ(body_of(*decoded), flipped) << name_of(message) << " bit " << bit;
        }
    }
}

TEST(PeerMessage, CountsAboveTheirLimitsAreRefused) {
    EXPECT_TRUE(decode_message(with_count(4, 32, 1, 32)).has_value());
    EXPECT_EQ(word_of(with_count(4, 33, 1, 32)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(with_count(5, 2'000, 2, 144)).has_value());
    EXPECT_EQ(word_of(with_count(5, 2'001, 2, 144)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(with_count(6, 1'000, 2, 33)).has_value());
    EXPECT_EQ(word_of(with_count(6, 1'001, 2, 33)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(with_count(7, 128, 1, 33)).has_value());
    EXPECT_EQ(word_of(with_count(7, 129, 1, 33)), Refusal::kLimitExceeded);
}

TEST(PeerMessage, SizesAboveTheirLimitsAreRefused) {
    EXPECT_TRUE(decode_message(of_size(8, kBlockBytesMax)).has_value());
    EXPECT_EQ(word_of(of_size(8, kBlockBytesMax + 1)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(of_size(9, kTxBytesMax)).has_value());
    EXPECT_EQ(word_of(of_size(9, kTxBytesMax + 1)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(of_size(10, kNoteBytesMax)).has_value());
    EXPECT_EQ(word_of(of_size(10, kNoteBytesMax + 1)), Refusal::kLimitExceeded);
    EXPECT_EQ(word_of(of_size(8, kFrameBytesMax)), Refusal::kLimitExceeded);
    EXPECT_TRUE(decode_message(of_size(15, 36 + kBlobPartBytesMax)).has_value());
    EXPECT_EQ(word_of(of_size(15, 37 + kBlobPartBytesMax)), Refusal::kLimitExceeded);
}

TEST(PeerMessage, UnknownTypesKindsAndProtocolsAreRefused) {
    EXPECT_EQ(word_of(of_size(0, 1)), Refusal::kUnknownType);
    EXPECT_EQ(word_of(of_size(0xff, 1)), Refusal::kUnknownType);
    EXPECT_EQ(word_of(Bytes{}), Refusal::kMalformed);

    Bytes not_found = body_of(NotFound{InventoryItem(hash_of<BlockId>(3))});
    not_found[1] = std::byte{3};
    EXPECT_EQ(word_of(not_found), Refusal::kMalformed);

    Bytes hello = body_of(Hello{});
    hello[1] = std::byte{3};
    EXPECT_EQ(word_of(hello), Refusal::kUnknownVersion);
    hello.push_back(std::byte{0});
    EXPECT_EQ(word_of(hello), Refusal::kUnknownVersion) << "a later hello may be longer";
}

}  // namespace
}  // namespace assay::ledger
