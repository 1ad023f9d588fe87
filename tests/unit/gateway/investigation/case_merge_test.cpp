#include "gateway/investigation/case_merge.hpp"

#include <gtest/gtest.h>

#include "tests/support/test_case.hpp"

namespace assay::gateway {
namespace {

// Of two gateways about one device, which signed receipts 1 to 3 and has three attested.
std::vector<CaseReport> two_reports() {
    const test::TestCase world;
    const CaseReport report = check_case(world.file, world.policies()).value();
    std::vector<CaseReport> reports{report, report};
    for (CaseStep& step : reports[1].steps) {
        step.recorded_by = "gateway-2";
        step.batch += 10;
    }
    return reports;
}

bool is_told(const std::vector<std::string>& sentences, std::string_view what) {
    return std::ranges::any_of(sentences, [&](const std::string& text) {
        return text.find(what) != std::string::npos;
    });
}

TEST(CaseMerge, NamesWhatIsOnTheLedgerThroughTwoGateways) {
    auto reports = two_reports();
    reports[1].steps.erase(reports[1].steps.begin() + 1, reports[1].steps.end());
    const CaseMerge merged = merge_cases(reports);
    ASSERT_EQ(merged.noted.size(), 1U);
    EXPECT_TRUE(is_told(merged.noted, "Receipt 1 that 4711 signed with key "));
    EXPECT_TRUE(is_told(merged.noted, "(batch 1 of gateway-1, batch 11 of gateway-2): it counts once."));
}

TEST(CaseMerge, FindsNoDoublesWithinOneFileTwice) {
    auto reports = two_reports();
    reports[1] = reports[0];
    const CaseMerge merged = merge_cases(reports);
    EXPECT_EQ(merged.noted, std::vector<std::string>());
    EXPECT_EQ(merged.missing, std::vector<std::string>());
    ASSERT_EQ(merged.whole.size(), 1U);
    EXPECT_TRUE(is_told(merged.whole, ", from counter 1 up to 3."));
}

TEST(CaseMerge, FillsTheGapsOfOneFileWithTheOther) {
    auto reports = two_reports();
    reports[0].steps.erase(reports[0].steps.begin() + 1);  // counters 1 and 3
    EXPECT_TRUE(is_told(merge_cases(std::span(reports).first(1)).missing,
                        "Receipts 2 to 2 that 4711 signed with key "));
    reports[1].steps = {reports[1].steps[1]};
    const CaseMerge merged = merge_cases(reports);
    EXPECT_EQ(merged.missing, std::vector<std::string>());
    EXPECT_TRUE(is_told(merged.whole, ", from counter 1 up to 3."));
    reports[1].question.release.emplace();  // then nobody can tell
    EXPECT_EQ(merge_cases(reports).whole, std::vector<std::string>());
}

TEST(CaseMerge, ComparesNoReceiptThatWasNotChecked) {
    auto reports = two_reports();
    for (CaseStep& step : reports[1].steps) step.is_signature_checked = false;
    reports[1].steps[0].leaf = LogHash{};
    const CaseMerge merged = merge_cases(reports);
    EXPECT_EQ(merged.noted, std::vector<std::string>());
    EXPECT_TRUE(is_told(merged.missing, "3 receipts of 4711 could not be checked"));
    EXPECT_TRUE(is_told(merged.missing, "there was nothing to compare"));
    for (CaseStep& step : reports[0].steps) step.is_signature_checked = false;
    EXPECT_EQ(merge_cases(reports).whole, std::vector<std::string>());
}

TEST(CaseMerge, SaysThatItHadNothingToCompare) {
    auto reports = two_reports();
    EXPECT_FALSE(is_told(merge_cases(reports).missing, "there was nothing to compare"));
    EXPECT_FALSE(is_told(merge_cases(reports).missing, "was not looked for"));
    reports[1].steps.clear();
    EXPECT_TRUE(is_told(merge_cases(reports).missing, "there was nothing to compare"));
    reports[1].question.to = 5;
    EXPECT_TRUE(is_told(merge_cases(reports).missing, "was not looked for"));
}

TEST(CaseMerge, NamesTwoReceiptsOfOneCounterAndTwoLogsOfOneSize) {
    auto reports = two_reports();
    reports[1].steps.resize(1);
    reports[1].steps[0].leaf = LogHash{};
    ++reports[1].receipts_log.size;
    EXPECT_TRUE(is_told(merge_cases(reports).noted, "with counter 1 is another receipt in each"));
    EXPECT_FALSE(is_told(merge_cases(reports).noted, "Two files have different logs"));
    --reports[1].receipts_log.size;
    reports[1].receipts_log.root = LogHash{};
    EXPECT_TRUE(is_told(merge_cases(reports).noted, "Two files have different logs test.example/gateway"));
}

}  // namespace
}  // namespace assay::gateway
