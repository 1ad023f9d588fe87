#include "gateway/release/release_lookup.hpp"

#include <map>

#include <gtest/gtest.h>

#include "gateway/release/status_issuer.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::gateway {
namespace {

// A consortium ledger in memory, by the real rules: releases are applied one after another.
class Lookup : public testing::Test {
  protected:
    Lookup() { put(consortium_.sign(consortium_.policy())); }

    ledger::LeafHash put(const Bytes& bytes) {
        const auto tx = ledger::decode_transaction(bytes).value();
        const auto registry = consortium_.registry();
        const ledger::TxContext context{1, registry, consortium_.chain_id, 0};
        const auto checked = ledger::consortium_rules().check(tx, state_, context);
        EXPECT_TRUE(checked) << checked.error().to_string();
        ledger::consortium_rules().apply(tx, index_, state_);
        ledger::FoundTransaction found;
        found.bytes = bytes;
        found.height = static_cast<ledger::BlockHeight>(index_ + 1);
        found.log_index = index_++;
        transactions_[tx.leaf] = found;
        return tx.leaf;
    }
    ledger::LeafHash release(std::uint64_t sequence, const std::string& component = "firmware") {
        ledger::ReleaseRecord record = consortium_.release(sequence, as_bytes("image"));
        record.component = component;
        return put(consortium_.sign(record));
    }
    ledger::LeafHash recall(const ledger::LeafHash& release) {
        ledger::RecallRecord record;
        record.release = release;
        return put(consortium_.sign(ledger::TxType::kRecall, ledger::encode_recall(record),
                                    ledger::subject_of(record), 0, {&consortium_.members[0].tx}));
    }
    [[nodiscard]] ConsortiumView view(std::uint64_t final_size) const {
        return {state_, final_size,
                [this](const ledger::LeafHash& leaf) -> std::optional<ledger::FoundTransaction> {
                    const auto found = transactions_.find(leaf);
                    if (found == transactions_.end()) return std::nullopt;
                    return found->second;
                }};
    }

    test::TestConsortium consortium_;
    ledger::EmptyState nothing_;
    ledger::StateOverlay state_{nothing_};
    ledger::LogIndex index_ = 0;
    std::map<ledger::LeafHash, ledger::FoundTransaction> transactions_;
};

TEST_F(Lookup, FindsTheNewestFinalReleaseOfEachTarget) {
    release(1);
    const auto second = release(2);
    const auto radio = release(7, "radio");
    const auto found = newest_final_releases(view(4));
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].leaf, second);
    EXPECT_TRUE(found[0].final);
    EXPECT_EQ(found[0].record.sequence, 2U);
    EXPECT_EQ(found[0].issuer, "oem");
    EXPECT_EQ(found[1].leaf, radio);
}

TEST_F(Lookup, KeepsToTheLastFinalOneWhileANewerOneIsNot) {
    const auto first = release(1);
    release(2);
    const auto found = newest_final_releases(view(2));  // policy and first release
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].leaf, first);
}

TEST_F(Lookup, FindsNothingBeforeAnythingIsFinal) {
    release(1);
    EXPECT_TRUE(newest_final_releases(view(0)).empty());
    EXPECT_TRUE(newest_final_releases(view(1)).empty());
    const auto all = all_releases(view(1));
    ASSERT_EQ(all.size(), 1U);
    EXPECT_FALSE(all[0].final);
}

TEST_F(Lookup, TellsReleasesFromOtherTransactionsAndFromNone) {
    const auto leaf = release(1);
    ASSERT_TRUE(find_release(view(9), leaf));
    EXPECT_EQ(find_release(view(9), leaf)->log_index, 1U);
    ledger::LeafHash unknown;
    EXPECT_TRUE(find_release(view(9), unknown).error().is(Refusal::kReleaseUnknown));
    const auto policy = ledger::find_policy(state_, consortium_.vendor)->leaf;
    EXPECT_TRUE(find_release(view(9), policy).error().is(Refusal::kReleaseUnknown));
}

TEST_F(Lookup, ARecalledReleaseIsNotOfferedOnceTheRecallIsFinal) {
    const auto first = release(1);
    const auto second = release(2);
    recall(second);  // log entry 3
    EXPECT_EQ(newest_final_releases(view(3))[0].leaf, second) << "the recall is not final yet";
    EXPECT_FALSE(withdrawal_of(view(3), second));
    const auto found = newest_final_releases(view(4));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].leaf, first);
    EXPECT_TRUE(withdrawal_of(view(4), second)->is(Refusal::kReleaseRecalled));
    EXPECT_FALSE(withdrawal_of(view(4), first));
}

TEST_F(Lookup, AReleaseByACompromisedKeyIsNotOffered) {
    const auto first = release(1);
    const auto second = release(2);  // log entry 2
    ledger::KeyRevocation revocation;
    revocation.key = crypto::key_id(consortium_.members[0].member.tx);
    revocation.compromised_since = 2;
    put(consortium_.sign(ledger::TxType::kRevokeKey, ledger::encode_revocation(revocation),
                         ledger::subject_of(revocation), 0, {&consortium_.members[0].root}));
    EXPECT_TRUE(withdrawal_of(view(4), second)->is(Refusal::kKeyRevoked));
    EXPECT_FALSE(withdrawal_of(view(4), first)) << "signed before";
}

TEST_F(Lookup, AStatusIsDueForWhatIsNewAndForWhatIsOld) {
    const ledger::Member& self = consortium_.members[0].member;
    const auto due = [&](std::uint64_t now) { return due_statuses(state_, self, now, 100); };
    const auto first = release(1);
    EXPECT_TRUE(due(1'000).empty()) << "the policy names no status key";
    ledger::VendorPolicy policy = consortium_.policy(2);
    policy.status_keys = {{0, self.tx}};
    put(consortium_.sign(policy));
    ASSERT_EQ(due(1'000).size(), 1U);
    const auto state_it = [&](const ledger::StatusRecord& status) {
        put(consortium_.sign(ledger::TxType::kStatus, ledger::encode_status(status),
                             ledger::subject_of(status), 0, {&consortium_.members[0].tx}));
    };
    EXPECT_EQ(due(1'000)[0].release, first);
    EXPECT_EQ(due(1'000)[0].serial, 1U);
    EXPECT_EQ(due(1'000)[0].not_after, 1'200U);
    state_it(due(1'000)[0]);
    EXPECT_TRUE(due(1'099).empty());
    EXPECT_EQ(due(1'100).size(), 1U) << "a period has passed";
    const auto second = release(2);
    ASSERT_EQ(due(1'001).size(), 1U);
    EXPECT_EQ(due(1'001)[0].release, second);
    EXPECT_EQ(due(1'001)[0].serial, 2U);
    state_it(due(1'001)[0]);
    recall(second);
    ASSERT_EQ(due(1'002).size(), 1U);
    EXPECT_EQ(due(1'002)[0].release, first);
    recall(first);
    EXPECT_TRUE(due(1'003).empty()) << "nothing is left to name";
    EXPECT_TRUE(due_statuses(state_, consortium_.members[1].member, 9'999, 100).empty());
}

TEST(KnownReleases, TheFullImageIsTheOneToInstall) {
    KnownRelease release;
    EXPECT_EQ(release.full_image(), nullptr);
    ledger::ReleaseImage delta, full;
    delta.role = ledger::ImageRole::kDelta;
    full.bytes = 5;
    release.record.images = {delta, full};
    EXPECT_EQ(release.full_image()->bytes, 5U);
}

}  // namespace
}  // namespace assay::gateway
