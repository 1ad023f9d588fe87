#include "ledger/core/log_policy.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_consortium.hpp"

namespace assay::ledger {
namespace {

using test::TestConsortium;
using test::TestLog;

class LogPolicyTest : public testing::Test {
  protected:
    LogPolicyTest() { log.add(as_bytes("a")); }
    // A line with the vkey of a member, as log_policy_text writes it.
    [[nodiscard]] std::string line(std::size_t number) const {
        std::string rest = whole;
        for (std::size_t i = 0; i < number; ++i) rest.erase(0, rest.find('\n') + 1);
        return rest.substr(0, rest.find('\n') + 1);
    }
    [[nodiscard]] static std::string word(const auto& result) {
        return result ? "accepted" : result.error().code().message();
    }
    [[nodiscard]] std::string judge(const std::string& policy, const std::string& note) const {
        const auto parsed = parse_log_policy(policy);
        return parsed ? word(verify_checkpoint(note, *parsed)) : "bad policy";
    }

    TestConsortium consortium;
    TestLog log{consortium};
    std::string whole = log_policy_text(first_epoch(consortium.chain_id, consortium.registry()),
                                        TestConsortium::kOrigin);
    // Lines 1 to 4 are logs, 5 to 8 witnesses oem, supplier, gateway-1, gateway-2.
    std::string logs = line(1) + line(2);
    std::string witnesses = line(5) + line(6) + line(7) + line(8);
};

TEST_F(LogPolicyTest, AnEpochsPolicyJudgesAsTheEpochDoes) {
    const auto policy = parse_log_policy(whole);
    ASSERT_TRUE(policy) << policy.error().to_string();
    EXPECT_EQ(policy->logs.size(), 4U);
    EXPECT_EQ(policy->voices.size(), 5U);
    const auto found = verify_checkpoint(log.note(1'000, {0, 1, 2, 3}), *policy);
    ASSERT_TRUE(found) << found.error().to_string();
    EXPECT_EQ(found->time, 1'001U) << "the least of the three newest";
    EXPECT_EQ(found->witnesses.size(), 4U);
    EXPECT_EQ(judge(whole, log.note(1'000, {0, 1, 3})), "accepted");
    EXPECT_EQ(judge(whole, log.note(1'000, {0, 1})), "quorum-not-met");
    EXPECT_EQ(judge(whole, log.note(1'000, {2, 2, 2, 2})), "quorum-not-met");
}

TEST_F(LogPolicyTest, GroupsOfGroupsCountAsWritten) {
    const std::string policy = "# two organisations\n" + logs + witnesses +
                               "group makers any oem supplier\n"
                               "\t group gates  all gateway-1 gateway-2 \n"
                               "group both 2 makers gates\n\nquorum both\n";
    EXPECT_EQ(judge(policy, log.note(1'000, {1, 2, 3})), "accepted");
    EXPECT_EQ(judge(policy, log.note(1'000, {0, 1, 2})), "quorum-not-met");
    EXPECT_EQ(judge(policy, log.note(1'000, {2, 3})), "quorum-not-met");
    EXPECT_EQ(judge(logs + witnesses + "quorum supplier\n", log.note(1'000, {1})), "accepted");
    EXPECT_EQ(judge(logs + witnesses + "quorum supplier\n", log.note(1'000, {0, 2})),
              "quorum-not-met");
    EXPECT_EQ(judge(logs + "quorum none\n", log.note(1'000, {3})), "accepted");
}

TEST_F(LogPolicyTest, WantsALogOfThePolicy) {
    const std::string other = line(2) + witnesses + "quorum oem\n";  // signed by the log key of oem
    EXPECT_EQ(judge(other, log.note()), "origin-mismatch");
    EXPECT_EQ(judge(line(1) + witnesses + "quorum oem\n", log.note()), "accepted");
    EXPECT_EQ(judge(witnesses + "quorum oem\n", log.note()), "origin-mismatch");
}

TEST_F(LogPolicyTest, RefusesWhatTheSpecificationDoesNotAllow) {
    EXPECT_TRUE(parse_log_policy(logs + witnesses + "group g 1 oem\nquorum g\n"));
    for (const std::string& bad : {
             logs + witnesses,                                    // no quorum
             logs + witnesses + "quorum oem\nquorum oem\n",       // two
             logs + witnesses + "quorum nobody\n",                //
             "quorum oem\n" + witnesses,                          // before it is defined
             logs + line(1) + "quorum none\n",                    // a log twice
             witnesses + line(5) + "quorum none\n",               // a witness twice
             witnesses + "group oem any supplier\nquorum none\n", // a name twice
             witnesses + "group none any supplier\nquorum none\n",
             witnesses + "group g any none\nquorum g\n",
             witnesses + "group g 0 oem\nquorum g\n",
             witnesses + "group g 2 oem\nquorum g\n",
             witnesses + "group g 01 oem\nquorum g\n",
             witnesses + "group g some oem\nquorum g\n",
             witnesses + "group g any oem oem\nquorum g\n",       // a member twice
             witnesses + "group g any oem\ngroup h any g oem\nquorum h\n",
             witnesses + "group g any\nquorum none\n",
             witnesses + "group g any h\ngroup h any oem\nquorum g\n",
             logs + "quorum none",                                // no newline
             logs + "quorum none\r\n",
             logs + "Quorum none\n",
             "log " + line(5).substr(12),                         // a witness's key for a log
         }) {
        EXPECT_FALSE(parse_log_policy(bad)) << bad;
    }
    // Each character of a vkey counts: id and key must fit together.
    std::string vkey = line(1) + "quorum none\n";
    ASSERT_TRUE(parse_log_policy(vkey));
    for (std::size_t i = 4; i < line(1).size() - 1; ++i) {
        std::string bad = vkey;
        bad[i] = bad[i] == 'A' ? 'B' : 'A';
        EXPECT_FALSE(parse_log_policy(bad)) << bad;
    }
    EXPECT_TRUE(parse_log_policy(std::string(kLogPolicyBytesMax + 1, '\n'))
                    .error()
                    .is(Refusal::kLimitExceeded));
}

}  // namespace
}  // namespace assay::ledger
