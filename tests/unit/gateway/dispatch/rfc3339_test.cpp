#include "gateway/dispatch/rfc3339.hpp"

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

using std::chrono::seconds;

TEST(Rfc3339, ReadsInstantsWithTheirZone) {
    EXPECT_EQ(parse_rfc3339("1970-01-01T00:00:00Z"), Timestamp(seconds(0)));
    EXPECT_EQ(parse_rfc3339("2027-01-15T08:00:00Z"), Timestamp(seconds(1'800'000'000)));
    EXPECT_EQ(parse_rfc3339("2027-01-15T09:30:00+01:30"), Timestamp(seconds(1'800'000'000)));
    EXPECT_EQ(parse_rfc3339("2027-01-14T23:00:00-09:00"), Timestamp(seconds(1'800'000'000)));
    EXPECT_TRUE(parse_rfc3339("2028-02-29T23:59:59Z"));
    EXPECT_TRUE(parse_rfc3339("9999-12-31T23:59:59Z"));
}

TEST(Rfc3339, RefusesEverythingElse) {
    for (const char* const text :
         {"", "2027-01-15", "2027-01-15T08:00:00", "2027-01-15T08:00Z", "2027-01-15 08:00:00Z",
          "2027-01-15t08:00:00z", "2027-01-15T08:00:00.5Z", "2027-02-29T08:00:00Z", "2027-13-01T08:00:00Z",
          "2027-01-15T24:00:00Z", "2027-01-15T08:60:00Z", "2027-01-15T08:00:60Z", "2027-01-15T08:00:00+1:00",
          "2027-01-15T08:00:00+24:00", "2027-01-15T08:00:00+0100", "2027-01-15T08:00:00Zx", "-027-01-15T08:00:00Z",
          "1969-12-31T23:59:59Z", "1970-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "1800000000"}) {
        EXPECT_FALSE(parse_rfc3339(text)) << text;
    }
}

TEST(Rfc3339, WritesWhatItReads) {
    for (const char* const text : {"1970-01-01T00:00:00Z", "2028-02-29T23:59:59Z", "9999-12-31T23:59:59Z"}) {
        EXPECT_EQ(to_rfc3339(*parse_rfc3339(text)), text);
    }
}

}  // namespace
}  // namespace assay::gateway
