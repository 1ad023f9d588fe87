#include "host/http/range.hpp"

#include <gtest/gtest.h>

namespace assay::http {
namespace {

void expect_part(std::string_view header, std::uint64_t offset, std::uint64_t length) {
    const RangeDecision decision = decide_range(header, 1000);
    EXPECT_EQ(decision.verdict, RangeVerdict::kPartial) << header;
    EXPECT_EQ(decision.offset, offset) << header;
    EXPECT_EQ(decision.length, length) << header;
}

TEST(DecideRange, ReadsTheThreeForms) {
    expect_part("bytes=0-0", 0, 1);
    expect_part("bytes=0-999", 0, 1000);
    expect_part("bytes=500-", 500, 500);
    expect_part("bytes=999-", 999, 1);
    expect_part("bytes=-1", 999, 1);
    expect_part("bytes=-1000", 0, 1000);
}

TEST(DecideRange, CutsARangeToTheContent) {
    expect_part("bytes=900-5000", 900, 100);
    expect_part("bytes=-5000", 0, 1000);
    expect_part("bytes=1-99999999999999999999999", 1, 999);
    expect_part("bytes=1-18446744073709551615", 1, 999);
}

TEST(DecideRange, RefusesWhatLiesBehindTheEnd) {
    for (const char* header :
         {"bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"}) {
        EXPECT_EQ(decide_range(header, 1000).verdict, RangeVerdict::kUnsatisfiable) << header;
    }
    EXPECT_EQ(decide_range("bytes=0-", 0).verdict, RangeVerdict::kUnsatisfiable);
    EXPECT_EQ(decide_range("bytes=-1", 0).verdict, RangeVerdict::kUnsatisfiable);
}

TEST(DecideRange, IgnoresWhatItDoesNotUnderstand) {
    for (const char* header :
         {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-0", "bytes=1", "bytes=0-1,5-6",
          "items=0-1", "bytes= 0-1", "bytes=0--1", "bytes=+1-2", "bytes=0x1-2"}) {
        EXPECT_EQ(decide_range(header, 1000).verdict, RangeVerdict::kWhole) << header;
    }
    EXPECT_EQ(decide_range(std::nullopt, 1000).verdict, RangeVerdict::kWhole);
}

Request get_with(std::string_view range) {
    Request request;
    request.method = "GET";
    request.headers.add("Range", std::string(range));
    return request;
}

TEST(ApplyRange, CutsABodyInMemory) {
    const Response part = apply_range(get_with("bytes=2-3"), Response(200, "text/plain", "abcdef"));
    EXPECT_EQ(part.status, 206U);
    EXPECT_EQ(part.text(), "cd");
    EXPECT_EQ(part.header("Content-Range"), "bytes 2-3/6");
    EXPECT_EQ(part.header("Accept-Ranges"), "bytes");
}

TEST(ApplyRange, CutsAFileFromWhereItStarts) {
    const FileRange file(std::make_shared<FileHandle>(), 100, 50);
    const Response part = apply_range(get_with("bytes=10-19"), Response(200, "x/y", file));
    EXPECT_EQ(part.file->offset, 110U);
    EXPECT_EQ(part.file->length, 10U);
    EXPECT_EQ(part.header("Content-Range"), "bytes 10-19/50");
}

TEST(ApplyRange, AnswersBehindTheEndWith416) {
    const Response refusal =
        apply_range(get_with("bytes=6-"), Response(200, "text/plain", "abcdef"));
    EXPECT_EQ(refusal.status, 416U);
    EXPECT_EQ(refusal.header("Content-Range"), "bytes */6");
    EXPECT_NE(refusal.text().find("\"word\":\"range-not-satisfiable\""), std::string_view::npos);
}

TEST(ApplyRange, HonoursIfRange) {
    Response whole(200, "text/plain", "abcdef");
    whole.headers.set("ETag", "\"v2\"");
    Request request = get_with("bytes=2-3");
    request.headers.set("If-Range", "\"v2\"");
    EXPECT_EQ(apply_range(request, whole).status, 206U);
    request.headers.set("If-Range", "\"v1\"");
    EXPECT_EQ(apply_range(request, whole).status, 200U);
}

TEST(ApplyRange, LeavesOtherResponsesAlone) {
    Request post = get_with("bytes=2-3");
    post.method = "POST";
    EXPECT_EQ(apply_range(post, Response(200, "text/plain", "abcdef")).status, 200U);
    EXPECT_EQ(apply_range(get_with("bytes=0-0"), problem(404, "not-found", "x")).status, 404U);
}

}  // namespace
}  // namespace assay::http
