#include "ledger/core/consortium_rules.hpp"

#include <gtest/gtest.h>

#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;

class ConsortiumRulesTest : public testing::Test {
  protected:
    // The word of the refusal; the transaction is applied if there is none.
    std::string offer(const Bytes& bytes) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = consortium_.registry();
        const TxContext context{1, registry, consortium_.chain_id, 0};
        const auto checked = consortium_rules().check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        consortium_rules().apply(tx, index_++, state_);
        return "accepted";
    }
    [[nodiscard]] ReleaseRecord release(std::uint64_t sequence) const {
        return consortium_.release(sequence, as_bytes("image"));
    }
    Bytes sign_by(const ReleaseRecord& record,
                  Slot slot,
                  const std::vector<const crypto::PrivateKey*>& keys) {
        return consortium_.sign(TxType::kRelease, encode_release(record), subject_of(record), slot,
                                keys);
    }

    TestConsortium consortium_;
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    LogIndex index_ = 0;
};

TEST_F(ConsortiumRulesTest, APolicyComesFirst) {
    EXPECT_EQ(offer(consortium_.sign(release(1))), "vendor-policy-missing");
    EXPECT_EQ(offer(consortium_.sign(consortium_.policy())), "accepted");
    EXPECT_EQ(offer(consortium_.sign(release(1))), "accepted");
    const auto entry = find_policy(state_, consortium_.vendor);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->policy, consortium_.policy());
    EXPECT_EQ(entry->owner, 0);
    EXPECT_EQ(entry->log_index, 0U);
    EXPECT_EQ(entry->leaf, crypto::leaf_hash(consortium_.sign(consortium_.policy())));
}

TEST_F(ConsortiumRulesTest, SequencesRiseWithinVendorClassAndComponent) {
    offer(consortium_.sign(consortium_.policy()));
    EXPECT_EQ(offer(consortium_.sign(release(5))), "accepted");
    EXPECT_EQ(offer(consortium_.sign(release(5))), "sequence-not-increasing");
    EXPECT_EQ(offer(consortium_.sign(release(4))), "sequence-not-increasing");
    ReleaseRecord other = release(2);
    other.component = "firmware2";
    EXPECT_EQ(offer(consortium_.sign(other)), "accepted");
    other.component = "firmware";
    other.device_class = uuid5(consortium_.vendor, "arm");
    EXPECT_EQ(offer(consortium_.sign(other)), "accepted");
    EXPECT_EQ(offer(consortium_.sign(release(300))), "accepted");

    const ReleaseKey key{consortium_.vendor, consortium_.device_class, "firmware"};
    EXPECT_EQ(newest_release(state_, key)->sequence, 300U);
    std::vector<std::uint64_t> sequences;
    for_each_release(state_, [&](const ReleaseEntry& entry) {
        if (entry.key.device_class == key.device_class && entry.key.component == "firmware") {
            sequences.push_back(entry.sequence);
        }
        return true;
    });
    EXPECT_EQ(sequences, (std::vector<std::uint64_t>{5, 300}));
    int visits = 0;
    for_each_release(state_, [&](const ReleaseEntry&) { return ++visits < 2; });
    EXPECT_EQ(visits, 2);
}

TEST_F(ConsortiumRulesTest, OnlyThePolicysKeysSignReleases) {
    offer(consortium_.sign(consortium_.policy()));
    EXPECT_EQ(offer(consortium_.sign(release(1), 1)), "signer-not-permitted");
    EXPECT_EQ(offer(consortium_.sign(release(1), 2)), "signer-not-permitted");
    EXPECT_EQ(offer(sign_by(release(1), 0, {&consortium_.members[0].seal})), "signer-unknown");
    EXPECT_EQ(offer(sign_by(release(1), 1, {&consortium_.members[0].tx})), "signer-unknown");
    ReleaseRecord radio = release(1);
    radio.component = "radio";
    EXPECT_EQ(offer(consortium_.sign(radio, 1)), "accepted");
    radio.component = "app/music";
    EXPECT_EQ(offer(consortium_.sign(radio, 1)), "accepted");
}

TEST_F(ConsortiumRulesTest, AStrangerWithAMembersNameIsRefused) {
    offer(consortium_.sign(consortium_.policy()));
    const auto stranger = test::key_named("stranger");
    EXPECT_EQ(offer(sign_by(release(1), 0, {&stranger})), "signer-unknown");
}

TEST_F(ConsortiumRulesTest, EveryBitOfAReleaseIsChecked) {
    offer(consortium_.sign(consortium_.policy()));
    Bytes bytes = consortium_.sign(release(1));
    const auto registry = consortium_.registry();
    const TxContext context{1, registry, consortium_.chain_id, 0};
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const std::byte mask{static_cast<unsigned char>(1U << (bit % 8))};
        bytes[bit / 8] ^= mask;
        const auto tx = decode_transaction(bytes);
        EXPECT_FALSE(tx && consortium_rules().check(*tx, state_, context)) << "bit " << bit;
        bytes[bit / 8] ^= mask;
    }
    EXPECT_EQ(offer(bytes), "accepted");
}

TEST_F(ConsortiumRulesTest, AThresholdIsMetExactlyAndInOrder) {
    VendorPolicy policy = consortium_.policy();
    policy.keys = {{0, consortium_.members[0].member.tx}, {1, consortium_.members[1].member.tx}};
    policy.delegations.clear();
    policy.threshold = 2;
    ASSERT_EQ(offer(consortium_.sign(policy)), "accepted");
    const auto* oem = &consortium_.members[0].tx;
    const auto* supplier = &consortium_.members[1].tx;
    EXPECT_EQ(offer(sign_by(release(1), 0, {oem})), "threshold-not-met");
    EXPECT_EQ(offer(sign_by(release(1), 1, {supplier, oem})), "malformed");
    EXPECT_EQ(offer(sign_by(release(1), 0, {oem, supplier, &consortium_.members[2].tx})),
              "signer-unknown");
    EXPECT_EQ(offer(sign_by(release(1), 1, {oem, supplier})), "signer-unknown");
    EXPECT_EQ(offer(sign_by(release(1), 0, {oem, supplier})), "accepted");
}

TEST_F(ConsortiumRulesTest, AKeyThatItsOwnerReplacedCountsForNobodyElse) {
    VendorPolicy policy = consortium_.policy();
    policy.keys = {{0, consortium_.members[0].member.tx}, {1, consortium_.members[1].member.tx}};
    policy.delegations.clear();
    policy.threshold = 2;
    ASSERT_EQ(offer(consortium_.sign(policy)), "accepted");
    const Bytes signed_by_both = sign_by(
        release(1), 0, {&consortium_.members[0].tx, &consortium_.members[1].tx});
    // Member 1 has another key now; member 2 has taken the old one as its own.
    consortium_.members[2].member.tx = consortium_.members[1].member.tx;
    consortium_.members[1].member.tx = test::key_named("next").public_key();
    EXPECT_EQ(offer(signed_by_both), "signer-unknown");
}

// What `assay release draft`, `sign` and `submit` do, each in another place.
TEST_F(ConsortiumRulesTest, ADraftThatTwoSignApartSatisfiesAThresholdOfTwo) {
    VendorPolicy policy = consortium_.policy();
    policy.keys = {{0, consortium_.members[0].member.tx}, {1, consortium_.members[1].member.tx}};
    policy.delegations.clear();
    policy.threshold = 2;
    ASSERT_EQ(offer(consortium_.sign(policy)), "accepted");
    const Bytes encoded = encode_release(release(1));
    TxBody body;
    body.type = TxType::kRelease;
    body.chain_id = consortium_.chain_id;
    body.slot = 0;
    body.valid_until = 1000;
    body.body = encoded;
    const crypto::PublicKey keys[] = {consortium_.members[0].member.tx,
                                      consortium_.members[1].member.tx};
    const Bytes draft = draft_transaction(body, {"oem", subject_of(release(1)), keys}).value();
    Bytes of_oem = draft;
    Bytes of_supplier = draft;
    ASSERT_TRUE(crypto::cose_sign_draft(of_oem, consortium_.members[0].tx));
    ASSERT_TRUE(crypto::cose_sign_draft(of_supplier, consortium_.members[1].tx));
    EXPECT_FALSE(crypto::cose_sign_draft(of_oem, consortium_.members[2].tx));
    EXPECT_EQ(offer(of_oem), "signature-invalid") << "one is missing";
    const Bytes copies[] = {of_supplier, of_oem};
    const auto merged = merge_drafts(copies);
    ASSERT_TRUE(merged) << merged.error().to_string();
    EXPECT_EQ(offer(*merged), "accepted");

    body.valid_until = 999;
    const Bytes other = draft_transaction(body, {"oem", subject_of(release(1)), keys}).value();
    const Bytes strangers[] = {of_oem, other};
    EXPECT_FALSE(merge_drafts(strangers));
}

TEST_F(ConsortiumRulesTest, PoliciesAreForOemsAndTheirRootKeys) {
    const VendorPolicy policy = consortium_.policy();
    const Bytes body = encode_vendor_policy(policy);
    const auto sign = [&](Slot slot, const crypto::PrivateKey& key) {
        return consortium_.sign(TxType::kVendorPolicy, body, subject_of(policy), slot, {&key});
    };
    EXPECT_EQ(offer(sign(0, consortium_.members[0].tx)), "signer-unknown");
    EXPECT_EQ(offer(sign(1, consortium_.members[1].root)), "signer-not-permitted");
    EXPECT_EQ(offer(sign(0, consortium_.members[0].root)), "accepted");
}

TEST_F(ConsortiumRulesTest, PolicyKeysAreTheTxKeysOfTheirSlots) {
    VendorPolicy policy = consortium_.policy();
    policy.keys[0].key = consortium_.members[0].member.root;
    EXPECT_EQ(offer(consortium_.sign(policy)), "signer-unknown");
    policy = consortium_.policy();
    policy.keys[0].slot = 9;
    EXPECT_EQ(offer(consortium_.sign(policy)), "signer-unknown");
    policy = consortium_.policy();
    policy.delegations[0].signer = {2, consortium_.members[2].member.tx};
    EXPECT_EQ(offer(consortium_.sign(policy)), "signer-not-permitted");
}

TEST_F(ConsortiumRulesTest, VersionsRiseAndTheFirstOemKeepsTheVendor) {
    consortium_.members[1].member.roles |= static_cast<std::uint32_t>(Role::kOem);
    EXPECT_EQ(offer(consortium_.sign(consortium_.policy(2))), "accepted");
    EXPECT_EQ(offer(consortium_.sign(consortium_.policy(2))), "policy-version-not-increasing");
    EXPECT_EQ(offer(consortium_.sign(consortium_.policy(1))), "policy-version-not-increasing");
    const VendorPolicy next = consortium_.policy(3);
    EXPECT_EQ(offer(consortium_.sign(TxType::kVendorPolicy, encode_vendor_policy(next),
                                     subject_of(next), 1, {&consortium_.members[1].root})),
              "vendor-taken");
    EXPECT_EQ(offer(consortium_.sign(next)), "accepted");
    EXPECT_EQ(find_policy(state_, consortium_.vendor)->policy.version, 3U);
}

TEST_F(ConsortiumRulesTest, SubjectsSayWhatTheBodySays) {
    offer(consortium_.sign(consortium_.policy()));
    EXPECT_EQ(offer(consortium_.sign(TxType::kRelease, encode_release(release(1)), "x", 0,
                                     {&consortium_.members[0].tx})),
              "malformed");
}

TEST_F(ConsortiumRulesTest, OtherTypesAreUnknown) {
    for (const std::uint64_t type : {0, 12, 32, 33, 255}) {
        EXPECT_EQ(offer(consortium_.sign(static_cast<TxType>(type), cbor::Encoder().map(0).take(),
                                         "x", 0, {&consortium_.members[0].tx})),
                  "unknown-type");
    }
}

}  // namespace
}  // namespace assay::ledger
