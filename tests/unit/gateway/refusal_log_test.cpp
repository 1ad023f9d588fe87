#include "gateway/refusal_log.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

TEST(RefusalLog, CountsByWordAndKeepsTheLastDetail) {
    RefusalLog log;
    log.record(Refusal::kBlockHashMismatch, "first");
    log.record(Refusal::kSignerUnknown, "other");
    log.record(Refusal::kBlockHashMismatch, "second");
    ASSERT_EQ(log.entries().size(), 2U);
    EXPECT_EQ(log.entries().at(Refusal::kBlockHashMismatch).count, 2U);
    EXPECT_EQ(log.entries().at(Refusal::kBlockHashMismatch).last, "second");
    EXPECT_EQ(log.entries().at(Refusal::kSignerUnknown).count, 1U);
}

TEST(RefusalLog, LeavesOutErrorsThatAreNoRefusals) {
    RefusalLog log;
    log.record(Error(std::make_error_code(std::errc::timed_out), "source"));
    EXPECT_TRUE(log.entries().empty());
    log.record(Error(make_error_code(Refusal::kContentIncomplete), "block x"));
    EXPECT_EQ(log.entries().at(Refusal::kContentIncomplete).last, "block x");
}

TEST(RefusalLog, CutsDetailsThatAPeerMadeLong) {
    RefusalLog log;
    log.record(Refusal::kMalformed, std::string(100'000, 'x'));
    EXPECT_LE(log.entries().at(Refusal::kMalformed).last.size(), 512U);
}

}  // namespace
}  // namespace assay::gateway
