#include "host/ipfs/content_request.hpp"

#include <gtest/gtest.h>

namespace assay::ipfs {
namespace {

http::Request asking(std::string path, http::Parameters query, std::string accept = {}) {
    http::Request request;
    request.method = "GET";
    request.path = std::move(path);
    request.query = std::move(query);
    if (!accept.empty()) request.headers.set("Accept", std::move(accept));
    return request;
}

TEST(ContentRequest, TakesTheFormatFromTheUrlBeforeTheField) {
    const auto raw = read_content_request(
        asking("/ipfs/bafkqaaa", {{"format", "raw"}}, "application/vnd.ipld.car"));
    ASSERT_TRUE(raw);
    EXPECT_EQ(raw->format, ContentFormat::kRaw);
    const auto car = read_content_request(
        asking("/ipfs/bafkqaaa", {}, "text/html, application/vnd.ipld.car;dups=y;q=0.3"));
    ASSERT_TRUE(car);
    EXPECT_EQ(car->format, ContentFormat::kCar);
    EXPECT_TRUE(car->car.duplicates);
    EXPECT_EQ(read_content_request(asking("/ipfs/bafkqaaa", {})).error().status, 400U);
    EXPECT_EQ(read_content_request(asking("/ipfs/bafkqaaa", {{"format", "tar"}})).error().status,
              406U);
}

TEST(ContentRequest, ReadsWhatPartOfTheDagIsWanted) {
    const auto request = read_content_request(
        asking("/ipfs/bafkqaaa/a%2Fb/c", {{"format", "car"}, {"entity-bytes", "-512:*"},
                                          {"car-dups", "y"}},
               "application/vnd.ipld.car; dups=n"));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->path, (std::vector<std::string>{"a/b", "c"}));
    EXPECT_EQ(request->car.scope, DagScope::kEntity);
    ASSERT_TRUE(request->car.bytes);
    EXPECT_EQ(request->car.bytes->from, -512);
    EXPECT_FALSE(request->car.bytes->to);
    EXPECT_TRUE(request->car.duplicates) << "the URL beats the field";
}

TEST(ContentRequest, RefusesWhatItDoesNotUnderstand) {
    const auto status = [](std::string path, http::Parameters query) {
        query.emplace_back("format", "car");
        const auto request = read_content_request(asking(std::move(path), std::move(query)));
        return request ? 200U : request.error().status;
    };
    EXPECT_EQ(status("/ipfs/bafkqaaa", {{"dag-scope", "some"}}), 400U);
    EXPECT_EQ(status("/ipfs/bafkqaaa", {{"entity-bytes", "5"}}), 400U);
    EXPECT_EQ(status("/ipfs/bafkqaaa", {{"entity-bytes", "a:b"}}), 400U);
    EXPECT_EQ(status("/ipfs/bafkqaaa", {{"entity-bytes", "0:99999999999999999999"}}), 400U);
    EXPECT_EQ(status("/ipfs/bafkqaaa", {{"car-version", "2"}}), 406U);
    EXPECT_EQ(status("/ipfs/bafkqaaa/%zz", {}), 400U);
    std::string deep = "/ipfs/bafkqaaa";
    for (std::size_t i = 0; i <= kPathNamesMax; ++i) deep += "/x";
    EXPECT_EQ(status(deep, {}), 400U);
    EXPECT_EQ(read_content_request(asking("/ipfs/bafkqaaa/x", {{"format", "raw"}})).error().status,
              400U);
}

TEST(ContentRequest, NamesTheFileAsTheClientWants) {
    EXPECT_EQ(content_disposition(asking("/", {}), "x.bin"), "attachment; filename=\"x.bin\"");
    EXPECT_EQ(content_disposition(asking("/", {{"filename", "te\"st\xd1\x82.car"}}), "x"),
              "attachment; filename=\"te_st_.car\"; filename*=UTF-8''te%22st%D1%82.car");
}

}  // namespace
}  // namespace assay::ipfs
