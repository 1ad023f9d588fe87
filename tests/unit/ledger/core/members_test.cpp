#include "tests/support/members.hpp"

#include <gtest/gtest.h>

#include "ledger/core/genesis.hpp"
#include "ledger/core/registry.hpp"

namespace assay::ledger {
namespace {

Result<Member> decode(const Bytes& bytes) {
    cbor::Decoder in(bytes);
    auto member = decode_member(in);
    if (!member) return member;
    if (auto end = in.finish(); !end) return fail(std::move(end).error());
    return member;
}

TEST(Member, RoundTrips) {
    test::TestMember member(8191, "oem.example", 5);
    EXPECT_EQ(decode(encode_member(member.entry)).value(), member.entry);
    member.entry.contact = "ops@oem.example";
    member.entry.state = MemberState::kLeft;
    EXPECT_EQ(decode(encode_member(member.entry)).value(), member.entry);
}

TEST(Member, RefusesEveryPrefixAndMostFlippedBits) {
    const test::TestMember member(3, "oem", 5);
    const Bytes golden = encode_member(member.entry);
    for (std::size_t size = 0; size < golden.size(); ++size) {
        EXPECT_FALSE(
            decode(Bytes(golden.begin(), golden.begin() + static_cast<std::ptrdiff_t>(size))));
    }
    for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
        Bytes flipped = golden;
        flipped[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
        const auto decoded = decode(flipped);
        EXPECT_TRUE(!decoded || encode_member(*decoded) == flipped) << "one member, one encoding";
    }
}

TEST(Member, RefusesWhatTheRegistryMustNotHold) {
    const auto refused = [](auto&& spoil) {
        test::TestMember member(3, "oem", 5);
        spoil(member);
        return !decode(encode_member(member.entry)).has_value();
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& m) { m.entry.name = ""; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.name = "OEM"; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.name = "a b"; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.name = std::string(65, 'a'); }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.roles = 0; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.roles = 32; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.slot = 8192; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.cosign = m.entry.seal; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.log = m.entry.cosign; }));
    EXPECT_TRUE(refused([](auto& m) { m.entry.log = m.entry.tx; })) << "tx is a P-256 key";
    EXPECT_TRUE(refused([](auto& m) { m.entry.contact = std::string(129, 'a'); }));
}

TEST(MemberCard, IsSignedByItsRootKey) {
    const test::TestMember member(0, "oem", 5);
    const auto card = make_member_card(member.entry, member.root);
    ASSERT_TRUE(card.has_value());
    EXPECT_EQ(decode_member_card(*card).value(), member.entry);

    const auto forged = make_member_card(member.entry, member.seal);
    ASSERT_TRUE(forged.has_value());
    EXPECT_TRUE(decode_member_card(*forged).error().is(Refusal::kSignatureInvalid));
    for (std::size_t i = 0; i < card->size(); ++i) {
        Bytes flipped = *card;
        flipped[i] ^= std::byte{1};
        EXPECT_FALSE(decode_member_card(flipped)) << i;
        EXPECT_FALSE(decode_member_card(ByteView(*card).first(i))) << i;
    }
}

TEST(MemberCard, IsNotAnyMessageOfTheRootKey) {
    const test::TestMember member(0, "oem", 5);
    const Bytes tx = test::make_policy_tx(ChainId{}, member);
    EXPECT_TRUE(decode_member_card(tx).error().is(Refusal::kMalformed));
}

std::vector<Member> entries(std::size_t count) {
    std::vector<Member> out;
    for (const auto& member : test::make_members(count)) out.push_back(member.entry);
    return out;
}

TEST(Registry, DerivesWindowAndQuorumFromTheNodes) {
    struct Row {
        std::size_t n, window, quorum;
    };
    for (const Row row : {Row{1, 1, 1}, Row{2, 2, 2}, Row{3, 2, 3}, Row{4, 3, 3}, Row{7, 4, 5}}) {
        const auto registry = Registry::make(entries(row.n));
        ASSERT_TRUE(registry.has_value());
        EXPECT_EQ(registry->node_count(), row.n);
        EXPECT_EQ(registry->diversity_window(), row.window);
        EXPECT_EQ(registry->quorum(), row.quorum);
    }
}

TEST(Registry, CountsActiveNodesOnly) {
    auto members = entries(4);
    members[0].roles = static_cast<std::uint32_t>(Role::kOem);
    members[1].state = MemberState::kLeft;
    const auto registry = Registry::make(members);
    ASSERT_TRUE(registry.has_value());
    EXPECT_EQ(registry->node_count(), 2U);
    EXPECT_EQ(registry->find_node(0), nullptr);
    EXPECT_EQ(registry->find_node(1), nullptr);
    EXPECT_NE(registry->find_node(2), nullptr);
    EXPECT_EQ(registry->find_node(9), nullptr);
    EXPECT_EQ(registry->find(1)->name, "m1");
    EXPECT_EQ(registry->find_by_name("m3")->slot, 3);
    EXPECT_EQ(registry->find_by_name("m4"), nullptr);
    EXPECT_EQ(registry->find_by_spki(members[2].tls_spki)->slot, 2);
    EXPECT_EQ(registry->find_by_spki(Sha256Digest{}), nullptr);
}

TEST(Registry, RootCoversEveryMember) {
    auto members = entries(2);
    const auto root = Registry::make(members)->root();
    EXPECT_EQ(Registry::make(members)->root(), root);
    members[1].contact = "x";
    EXPECT_NE(Registry::make(members)->root(), root);
}

TEST(Registry, RefusesSharedNamesSlotsAndKeys) {
    const auto refused = [](auto&& spoil) {
        auto members = entries(3);
        spoil(members);
        return !Registry::make(std::move(members)).has_value();
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& m) { m.clear(); }));
    EXPECT_TRUE(refused([](auto& m) { m[1].slot = 0; }));
    EXPECT_TRUE(refused([](auto& m) { std::swap(m[0], m[1]); }));
    EXPECT_TRUE(refused([](auto& m) { m[1].name = "m0"; }));
    EXPECT_TRUE(refused([](auto& m) { m[1].seal = m[0].seal; }));
    EXPECT_TRUE(refused([](auto& m) { m[2].cosign = m[0].log; }));
    EXPECT_TRUE(refused([](auto& m) { m[2].tls_spki = m[0].tls_spki; }));
    EXPECT_TRUE(refused([](auto& m) {
        for (Member& member : m) member.roles = static_cast<std::uint32_t>(Role::kGateway);
    }));
}

TEST(Genesis, RoundTripsAndNamesItsChain) {
    Genesis genesis = test::make_genesis(test::make_members(2));
    genesis.params.retarget = false;
    const Bytes bytes = encode_genesis(genesis);
    EXPECT_EQ(decode_genesis(bytes).value(), genesis);
    EXPECT_EQ(
        chain_id_of(bytes),
        crypto::sha256({as_bytes(std::string_view("ASSAY1-genesis\0", 15)), bytes}).as<ChainId>());
    genesis.kind = LedgerKind::kGateway;
    genesis.consortium = chain_id_of(bytes);
    EXPECT_EQ(decode_genesis(encode_genesis(genesis)).value(), genesis);
    EXPECT_NE(chain_id_of(encode_genesis(genesis)), chain_id_of(bytes));
}

TEST(Genesis, MakesBlockZero) {
    const Genesis genesis = test::make_genesis(test::make_members(1));
    const Bytes bytes = encode_genesis(genesis);
    const BlockHeader header = genesis_header(genesis, bytes);
    EXPECT_EQ(header.version, 0x20000000U);
    EXPECT_TRUE(header.previous.is_zero());
    EXPECT_EQ(header.merkle_root, crypto::sha256d(bytes).as<MerkleRoot>());
    EXPECT_EQ(header.time, genesis.time);
    EXPECT_EQ(header.bits, genesis.params.pow_limit);
    EXPECT_EQ(header.nonce, 0U);
    EXPECT_EQ(genesis_block(genesis, bytes).size(), kSealedHeaderBytes + 4);
}

TEST(Genesis, RefusesParametersThatMakeNoChain) {
    const auto refused = [](auto&& spoil) {
        Genesis genesis = test::make_genesis(test::make_members(1));
        spoil(genesis);
        return !decode_genesis(encode_genesis(genesis)).has_value();
    };
    EXPECT_FALSE(refused([](auto&) {}));
    EXPECT_TRUE(refused([](auto& g) { g.origin = ""; }));
    EXPECT_TRUE(refused([](auto& g) { g.origin = "two words"; }));
    EXPECT_TRUE(refused([](auto& g) { g.origin = "a\nb"; }));
    EXPECT_TRUE(refused([](auto& g) { g.members.clear(); }));
    EXPECT_TRUE(refused([](auto& g) { g.params.target_interval_s = 0; }));
    EXPECT_TRUE(refused([](auto& g) { g.params.half_life_s = 0; }));
    EXPECT_TRUE(refused([](auto& g) { g.params.pow_limit = 0x207fffff + 1; })) << "negative";
    EXPECT_TRUE(refused([](auto& g) { g.params.pow_limit = 0x04001234; })) << "not canonical";
    EXPECT_TRUE(refused([](auto& g) { g.params.block_bytes_max = 2'097'153; }));
    EXPECT_TRUE(refused([](auto& g) { g.params.block_bytes_max = 65'535; }))
        << "a transaction of 65,535 bytes fits no block";
    EXPECT_TRUE(refused([](auto& g) { g.params.block_txs_max = 1; }));
    EXPECT_TRUE(refused([](auto& g) { g.params.tx_bytes_max = 65'536; }));
    EXPECT_TRUE(refused([](auto& g) { g.kind = LedgerKind::kGateway; }));
    EXPECT_TRUE(refused([](auto& g) { g.consortium = ChainId{}; }));
}

TEST(Genesis, RefusesEveryPrefix) {
    const Bytes bytes = encode_genesis(test::make_genesis(test::make_members(1)));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_FALSE(decode_genesis(ByteView(bytes).first(size))) << size;
    }
    Bytes longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_genesis(longer));
}

}  // namespace
}  // namespace assay::ledger
