// The records of recalls and statuses, and rules R9 to R14.

#include <gtest/gtest.h>

#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;

RecallRecord some_recall() {
    RecallRecord recall;
    recall.release = crypto::leaf_hash(as_bytes("release"));
    recall.reason = RecallReason::kVulnerable;
    recall.safe_sequence = 9;
    recall.action = RecallAction::kForceForward;
    return recall;
}

TEST(RecallRecord, ComesBackAsItWas) {
    RecallRecord recall = some_recall();
    const Bytes bytes = encode_recall(recall);
    EXPECT_EQ(decode_recall(bytes).value(), recall);
    test::expect_only_whole_input(bytes, decode_recall);
    recall.safe_sequence.reset();
    EXPECT_EQ(decode_recall(encode_recall(recall)).value(), recall);
    recall.reason = static_cast<RecallReason>(4);
    EXPECT_FALSE(decode_recall(encode_recall(recall)));
    for (const auto reason : {RecallReason::kWithdrawn, RecallReason::kVulnerable,
                              RecallReason::kKeyCompromise, RecallReason::kWrong}) {
        EXPECT_EQ(parse_recall_reason(to_string(reason)), reason);
    }
    EXPECT_FALSE(parse_recall_reason("because"));
}

TEST(StatusRecord, ComesBackAsItWas) {
    const TestConsortium consortium;
    StatusRecord status{consortium.vendor, consortium.device_class, "firmware",
                        crypto::leaf_hash(as_bytes("x")), 1, 2, 100, 200};
    const Bytes bytes = encode_status(status);
    EXPECT_EQ(decode_status(bytes).value(), status);
    test::expect_only_whole_input(bytes, decode_status);
    const auto refused = [&](auto change) {
        StatusRecord changed = status;
        change(changed);
        return !decode_status(encode_status(changed));
    };
    EXPECT_TRUE(refused([](auto& s) { s.serial = 0; }));
    EXPECT_TRUE(refused([](auto& s) { s.not_after = 100; }));
    EXPECT_TRUE(refused([](auto& s) { s.component = "Firmware"; }));
}

class RecallStatusTest : public testing::Test {
  protected:
    RecallStatusTest() {
        found_governance(consortium_.genesis(), consortium_.chain_id, state_);
        VendorPolicy policy = consortium_.policy();
        policy.status_keys = {{0, consortium_.members[0].member.tx}};
        EXPECT_EQ(offer(consortium_.sign(policy)), "accepted");
        release_ = consortium_.sign(consortium_.release(5, as_bytes("image")));
        EXPECT_EQ(offer(release_), "accepted");
        ReleaseRecord radio = consortium_.release(1, as_bytes("radio image"));
        radio.component = "radio";
        radio_ = consortium_.sign(radio, 1);
        EXPECT_EQ(offer(radio_), "accepted");
    }

    std::string offer(const Bytes& bytes) {
        const auto tx = decode_transaction(bytes).value();
        const auto registry = load_registry(state_);
        const TxContext context{1, *registry, consortium_.chain_id, 0};
        const auto checked = consortium_rules().check(tx, state_, context);
        if (!checked) return checked.error().code().message();
        consortium_rules().apply(tx, index_++, state_);
        return "accepted";
    }
    [[nodiscard]] Bytes recall(const Bytes& release, Slot by) const {
        RecallRecord record;
        record.release = crypto::leaf_hash(release);
        return consortium_.sign(TxType::kRecall, encode_recall(record), subject_of(record), by,
                                {&consortium_.members[by].tx});
    }
    [[nodiscard]] StatusRecord status(std::uint64_t serial) const {
        return {consortium_.vendor, consortium_.device_class, "firmware",
                crypto::leaf_hash(release_), 5, serial, 100, 200};
    }
    [[nodiscard]] Bytes sign(const StatusRecord& record, Slot by = 0) const {
        return consortium_.sign(TxType::kStatus, encode_status(record), subject_of(record), by,
                                {&consortium_.members[by].tx});
    }
    [[nodiscard]] ReleaseKey key() const {
        return {consortium_.vendor, consortium_.device_class, "firmware"};
    }

    TestConsortium consortium_;
    EmptyState nothing_;
    StateOverlay state_{nothing_};
    LogIndex index_ = 0;
    Bytes release_, radio_;
};

TEST_F(RecallStatusTest, R9ASequenceRisesByABoundedStep) {
    constexpr std::uint64_t kStep = std::uint64_t{1} << 32;
    const auto release = [&](std::uint64_t sequence) {
        return consortium_.sign(consortium_.release(sequence, as_bytes("image")));
    };
    EXPECT_EQ(offer(release(5 + kStep + 1)), "sequence-step-too-large");
    EXPECT_EQ(offer(release(UINT64_MAX)), "sequence-step-too-large");
    EXPECT_EQ(offer(release(5 + kStep)), "accepted");
}

TEST_F(RecallStatusTest, R10ARecallNamesAReleaseThatIsNotRecalled) {
    EXPECT_EQ(offer(recall(to_bytes(as_bytes("no release")), 0)), "release-unknown");
    ASSERT_EQ(offer(recall(release_, 0)), "accepted");
    EXPECT_EQ(find_recall(state_, crypto::leaf_hash(release_))->log_index, 3U);
    EXPECT_FALSE(find_recall(state_, crypto::leaf_hash(radio_)));
    RecallRecord again;
    again.release = crypto::leaf_hash(release_);
    again.reason = RecallReason::kWrong;
    EXPECT_EQ(offer(consortium_.sign(TxType::kRecall, encode_recall(again), subject_of(again), 0,
                                     {&consortium_.members[0].tx})),
              "release-recalled");
    int recalls = 0;
    for_each_recall(state_, [&](const RecallEntry&) { return ++recalls > 0; });
    EXPECT_EQ(recalls, 1);
}

TEST_F(RecallStatusTest, R11WhoMayReleaseMayRecall) {
    EXPECT_EQ(offer(recall(release_, 1)), "signer-not-permitted") << "the supplier: not firmware";
    EXPECT_EQ(offer(recall(release_, 2)), "signer-not-permitted");
    EXPECT_EQ(offer(recall(radio_, 1)), "accepted");
    EXPECT_EQ(offer(recall(release_, 0)), "accepted");
}

TEST_F(RecallStatusTest, R12AStatusNamesAGoodReleaseOfItsComponent) {
    StatusRecord wrong = status(1);
    wrong.release = crypto::leaf_hash(radio_);
    EXPECT_EQ(offer(sign(wrong)), "release-unknown");
    wrong = status(1);
    wrong.min_sequence = 6;
    EXPECT_EQ(offer(sign(wrong)), "release-unknown") << "its own floor forbids it";
    ASSERT_EQ(offer(sign(status(1))), "accepted");
    ASSERT_EQ(offer(recall(release_, 0)), "accepted");
    EXPECT_EQ(offer(sign(status(2))), "release-recalled");
}

TEST_F(RecallStatusTest, R13AStatusKeySignsIt) {
    EXPECT_EQ(offer(sign(status(1), 1)), "signer-not-permitted");
    EXPECT_EQ(offer(consortium_.sign(TxType::kStatus, encode_status(status(1)),
                                     subject_of(status(1)), 0, {&consortium_.members[0].root})),
              "signer-unknown");
    EXPECT_EQ(offer(sign(status(1))), "accepted");
}

TEST_F(RecallStatusTest, R14SerialsRise) {
    ASSERT_EQ(offer(sign(status(7))), "accepted");
    EXPECT_EQ(offer(sign(status(7))), "status-serial-not-increasing");
    EXPECT_EQ(offer(sign(status(6))), "status-serial-not-increasing");
    ASSERT_EQ(offer(sign(status(8))), "accepted");
    EXPECT_EQ(newest_status(state_, key())->status, status(8));
    const LogIndex newest = newest_status(state_, key())->log_index;
    EXPECT_EQ(status_below(state_, key(), newest + 1)->status, status(8));
    EXPECT_EQ(status_below(state_, key(), newest)->status, status(7)) << "the one before";
    EXPECT_FALSE(status_below(state_, key(), newest - 1));
}

// What must be found when its block is let go: the last two statuses of those that are final.
TEST_F(RecallStatusTest, OfStatusesTheLastTwoThatAreFinalAreKept) {
    std::vector<Transaction> statuses;
    std::vector<Bytes> bytes;
    for (std::uint64_t serial = 1; serial <= 4; ++serial) {
        bytes.push_back(sign(status(serial)));
        ASSERT_EQ(offer(bytes.back()), "accepted");
    }
    for (const Bytes& tx : bytes) statuses.push_back(decode_transaction(tx).value());
    const auto kept = [&](std::uint64_t final_size) {
        std::string out;
        for (const Transaction& tx : statuses) {
            out += consortium_rules().is_kept(tx, state_, final_size) ? '1' : '0';
        }
        return out;
    };
    EXPECT_EQ(kept(index_), "0011");
    EXPECT_EQ(kept(index_ - 1), "1111") << "the fourth may go away again, and the second come back";
    EXPECT_EQ(kept(0), "1111");
    const auto release = decode_transaction(release_).value();
    EXPECT_TRUE(consortium_rules().is_kept(release, state_, index_));
}

TEST_F(RecallStatusTest, R1SubjectsSayWhatTheBodySays) {
    EXPECT_EQ(offer(consortium_.sign(TxType::kStatus, encode_status(status(1)), "x", 0,
                                     {&consortium_.members[0].tx})),
              "malformed");
}

TEST_F(RecallStatusTest, R7EverySignerIsAnActiveMemberWithItsPresentKey) {
    RegistryChange rotation;
    rotation.kind = ChangeKind::kRotateKey;
    rotation.slot = 1;
    ASSERT_TRUE(sign_rotation(rotation, consortium_.chain_id, test::key_named("new tx")));
    ASSERT_EQ(offer(consortium_.sign(TxType::kRotateKey, encode_change(rotation),
                                     rotation_subject(rotation), 1, {&consortium_.members[1].root})),
              "accepted");
    ReleaseRecord radio = consortium_.release(2, as_bytes("radio image"));
    radio.component = "radio";
    EXPECT_EQ(offer(consortium_.sign(radio, 1)), "signer-unknown") << "the policy's key is the old";
}

TEST_F(RecallStatusTest, ReleasesAreFoundByEverythingThatNamesThem) {
    const auto found = [&](const ReleaseFilter& filter) {
        std::vector<std::string> out;
        for_each_release(state_, filter, [&](const ReleaseEntry& entry) {
            out.push_back(entry.key.component);
            return true;
        });
        return out;
    };
    using Names = std::vector<std::string>;
    EXPECT_EQ(found({}), (Names{"firmware", "radio"}));
    EXPECT_EQ(found({.vendor = consortium_.vendor}), (Names{"firmware", "radio"}));
    EXPECT_EQ(found({.vendor = Uuid{}}), Names{});
    EXPECT_EQ(found({.device_class = consortium_.device_class}), (Names{"firmware", "radio"}));
    EXPECT_EQ(found({.component = "radio"}), Names{"radio"});
    EXPECT_EQ(found({.sequence = 5}), Names{"firmware"});
    EXPECT_EQ(found({consortium_.vendor, consortium_.device_class, "firmware", 5}),
              Names{"firmware"});
    EXPECT_EQ(found({consortium_.vendor, consortium_.device_class, "firmware", 4}), Names{});
    EXPECT_EQ(found({consortium_.vendor, consortium_.device_class, "firm", {}}), Names{});

    const ReleaseImage image = consortium_.release(5, as_bytes("image")).images[0];
    const std::vector<LeafHash> leaves = {crypto::leaf_hash(release_)};
    EXPECT_EQ(releases_with_digest(state_, image.sha256), leaves);
    EXPECT_EQ(releases_with_cid(state_, image.cid), leaves);
    EXPECT_TRUE(releases_with_digest(state_, Sha256Digest{}).empty());
    EXPECT_EQ(find_release_entry(state_, leaves[0])->sequence, 5U);
}

TEST_F(RecallStatusTest, PoliciesOfThePastAreKept) {
    ASSERT_EQ(offer(consortium_.sign(consortium_.policy(2))), "accepted");
    EXPECT_EQ(policy_before(state_, consortium_.vendor, 1)->policy.version, 1U);
    EXPECT_EQ(policy_before(state_, consortium_.vendor, 3)->policy.version, 1U);
    EXPECT_EQ(policy_before(state_, consortium_.vendor, 4)->policy.version, 2U);
    EXPECT_FALSE(policy_before(state_, consortium_.vendor, 0));
}

TEST_F(RecallStatusTest, AKeyRevokedLaterLeavesEarlierReleasesGood) {
    const auto revoke = [&](std::optional<std::uint64_t> since) {
        const KeyRevocation revocation{crypto::key_id(consortium_.members[0].member.tx), since};
        return consortium_.sign(TxType::kRevokeKey, encode_revocation(revocation),
                                subject_of(revocation), 0, {&consortium_.members[0].root});
    };
    const auto leaf = crypto::leaf_hash(release_);
    EXPECT_FALSE(signing_key_revoked(state_, leaf));
    const Bytes next = consortium_.sign(consortium_.release(6, as_bytes("image")));
    ASSERT_EQ(offer(next), "accepted");  // log entry 3
    ASSERT_EQ(offer(revoke(3)), "accepted");
    ASSERT_TRUE(signing_key_revoked(state_, leaf));
    EXPECT_FALSE(signing_key_revoked(state_, leaf)->is_tainted);
    EXPECT_EQ(signing_key_revoked(state_, leaf)->revoked_at, 4U);
    EXPECT_TRUE(signing_key_revoked(state_, crypto::leaf_hash(next))->is_tainted);
    EXPECT_FALSE(signing_key_revoked(state_, crypto::leaf_hash(radio_)));
}

}  // namespace
}  // namespace assay::ledger
