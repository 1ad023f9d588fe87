#include "ledger/core/registry_change.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;

RegistryChange about(ChangeKind kind, Slot slot) {
    RegistryChange change;
    change.kind = kind;
    change.slot = slot;
    return change;
}

class RegistryChangeTest : public testing::Test {
  protected:
    [[nodiscard]] RegistryChange add(const std::string& name) const {
        const test::ConsortiumMember member(0, name, 4);
        RegistryChange change = about(ChangeKind::kAddMember, 0);
        change.card = make_member_card(member.member, member.root).value();
        return change;
    }
    [[nodiscard]] static RegistryChange rotate(Slot slot, KeyPurpose purpose) {
        RegistryChange change = about(ChangeKind::kRotateKey, slot);
        change.purpose = purpose;
        if (purpose == KeyPurpose::kTls) {
            change.tls_spki = crypto::sha256(as_bytes("new tls"));
        } else {
            EXPECT_TRUE(sign_rotation(change, ChainId{}, test::key_named("new key")));
        }
        return change;
    }
    [[nodiscard]] std::vector<RegistryChange> one_of_each() const {
        RegistryChange roles = about(ChangeKind::kSetRoles, 1);
        roles.roles = 3;
        RegistryChange param;
        param.kind = ChangeKind::kSetParam;
        param.value = 86'400;
        RegistryChange recover = about(ChangeKind::kRecoverKey, 2);
        recover.key = test::key_named("new root").public_key();
        return {add("new"), about(ChangeKind::kRemove, 1),   roles, param, recover,
                rotate(0, KeyPurpose::kVote), rotate(0, KeyPurpose::kTls)};
    }

    TestConsortium consortium_;
    Registry registry_ = consortium_.registry();
};

TEST_F(RegistryChangeTest, ComesBackAsItWas) {
    for (const RegistryChange& change : one_of_each()) {
        const Bytes bytes = encode_change(change);
        const auto decode = [](ByteView input) { return decode_change(input); };
        const auto decoded = decode(bytes);
        ASSERT_TRUE(decoded) << decoded.error().to_string();
        EXPECT_EQ(*decoded, change);
        test::expect_only_whole_input(bytes, decode);
    }
}

TEST_F(RegistryChangeTest, HasTheFieldsOfItsKindAndNoOthers) {
    EXPECT_FALSE(decode_change(from_hex("a10101").value()));          // a member without a card
    EXPECT_FALSE(decode_change(from_hex("a10102").value()));          // whom to remove?
    EXPECT_TRUE(decode_change(from_hex("a201020201").value()));
    EXPECT_FALSE(decode_change(from_hex("a3010202010302").value()));  // and roles
    EXPECT_FALSE(decode_change(from_hex("a201000201").value()));      // kind 0
    EXPECT_FALSE(decode_change(from_hex("a201070201").value()));
    EXPECT_FALSE(decode_change(from_hex("a301040801091903e8").value()));  // parameter 1
    EXPECT_TRUE(decode_change(from_hex("a30104080d091903e8").value()));
}

TEST_F(RegistryChangeTest, ANewMemberGetsTheSlotAboveAllOthers) {
    const auto changed = apply_change(registry_, add("new"));
    ASSERT_TRUE(changed) << changed.error().to_string();
    ASSERT_EQ(changed->members().size(), 5U);
    EXPECT_EQ(changed->members().back().slot, 4);
    EXPECT_EQ(changed->members().back().name, "new");
    EXPECT_EQ(changed->node_count(), 5U);
    RegistryChange later = add("later");
    later.slot = 9;
    EXPECT_EQ(apply_change(*changed, later)->members().back().slot, 9);
}

TEST_F(RegistryChangeTest, ChangesWhatItSaysAndNothingElse) {
    const auto applied = [&](const RegistryChange& change) {
        return apply_change(registry_, change).value().find(change.slot)[0];
    };
    Member expected = *registry_.find(1);
    expected.state = MemberState::kLeft;
    EXPECT_EQ(applied(about(ChangeKind::kRemove, 1)), expected);
    const auto all = one_of_each();
    expected = *registry_.find(1);
    expected.roles = 3;
    EXPECT_EQ(applied(all[2]), expected);
    EXPECT_EQ(apply_change(registry_, all[3]).value().root(), registry_.root());
    expected = *registry_.find(2);
    expected.root = *all[4].key;
    EXPECT_EQ(applied(all[4]), expected);
    expected = *registry_.find(0);
    expected.vote = *all[5].key;
    EXPECT_EQ(applied(all[5]), expected);
    expected = *registry_.find(0);
    expected.tls_spki = *all[6].tls_spki;
    EXPECT_EQ(applied(all[6]), expected);
    for (const KeyPurpose purpose :
         {KeyPurpose::kTx, KeyPurpose::kSeal, KeyPurpose::kCosign, KeyPurpose::kLog}) {
        EXPECT_NE(apply_change(registry_, rotate(0, purpose)).value().root(), registry_.root());
    }
}

TEST_F(RegistryChangeTest, RefusesWhatWouldLeaveNoRegistry) {
    const auto word = [&](const RegistryChange& change) {
        const auto changed = apply_change(registry_, change);
        return changed ? "possible" : changed.error().code().message();
    };
    EXPECT_EQ(word(about(ChangeKind::kRemove, 9)), "change-not-possible");
    EXPECT_EQ(word(add("oem")), "change-not-possible");  // the name, and the keys, of another
    RegistryChange same = about(ChangeKind::kSetRoles, 1);
    same.roles = registry_.find(1)->roles;
    EXPECT_EQ(word(same), "change-not-possible");
    RegistryChange stolen = rotate(0, KeyPurpose::kVote);
    stolen.key = registry_.find(1)->vote;
    EXPECT_EQ(word(stolen), "change-not-possible");
    RegistryChange reused = rotate(0, KeyPurpose::kCosign);
    reused.key = registry_.find(0)->vote;
    EXPECT_EQ(word(reused), "change-not-possible") << "others may have seen it before what makes it so";
    Registry alone = registry_;
    for (const Slot slot : {Slot{1}, Slot{2}, Slot{3}}) {
        alone = apply_change(alone, about(ChangeKind::kRemove, slot)).value();
    }
    EXPECT_FALSE(apply_change(alone, about(ChangeKind::kRemove, 0)));
    EXPECT_FALSE(apply_change(alone, about(ChangeKind::kRemove, 1)));  // has left already
}

TEST_F(RegistryChangeTest, ProposalsApprovalsAndRevocationsComeBackAsTheyWere) {
    const Proposal proposal{about(ChangeKind::kRemove, 1), 1'000};
    EXPECT_EQ(decode_proposal(encode_proposal(proposal)).value(), proposal);
    EXPECT_EQ(subject_of(proposal), "propose/remove");
    test::expect_only_whole_input(encode_proposal(proposal), decode_proposal);
    EXPECT_FALSE(decode_proposal(encode_proposal({rotate(0, KeyPurpose::kTx), 1'000})));

    const auto leaf = crypto::leaf_hash(as_bytes("x"));
    EXPECT_EQ(decode_approval(encode_approval(leaf)).value(), leaf);
    test::expect_only_whole_input(encode_approval(leaf), decode_approval);

    KeyRevocation revocation;
    revocation.key = crypto::key_id(registry_.find(0)->tx);
    EXPECT_EQ(decode_revocation(encode_revocation(revocation)).value(), revocation);
    revocation.compromised_since = 7;
    EXPECT_EQ(decode_revocation(encode_revocation(revocation)).value(), revocation);
    test::expect_only_whole_input(encode_revocation(revocation), decode_revocation);
    EXPECT_EQ(subject_of(revocation), "revoke-key/" + to_hex(revocation.key));
}

}  // namespace
}  // namespace assay::ledger
