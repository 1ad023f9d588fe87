#include "host/ipfs/ipns_record.hpp"

#include <gtest/gtest.h>

#include "tests/support/fixtures.hpp"

namespace assay::ipfs {
namespace {

struct Fixture {
    Cid name;
    Bytes record;
};

Fixture load(const std::filesystem::path& folder, const std::string& file) {
    return {parse_cid(file.substr(0, file.find('_'))).value(),
            read_file(folder / file, kIpnsRecordBytesMax).value()};
}

constexpr const char* kV1V2 =
    "k51qzi5uqu5dlkw8pxuw9qmqayfdeh4kfebhmreauqdc6a7c3y7d5i9fi8mk9w_v1-v2.ipns-record";

TEST(IpnsRecord, AcceptsWhatTheKeySigned) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/gateway-conformance/ipns_records");
    for (const char* file :
         {kV1V2, "k51qzi5uqu5dit2ku9mutlfgwyz8u730on38kd10m97m36bjt66my99hb6103f_v2.ipns-record",
          // Only the old signature is broken; the new one counts.
          "k51qzi5uqu5dilgf7gorsh9vcqqq4myo6jd4zmqkuy9pxyxi5fua3uf7axph4y_v1-v2-broken-signature-v1"
          ".ipns-record"}) {
        const Fixture fixture = load(folder, file);
        const auto record = decode_ipns_record(fixture.name, fixture.record);
        ASSERT_TRUE(record) << file << ": " << record.error().to_string();
        EXPECT_TRUE(as_text(record->value).starts_with("/ipfs/")) << file;
        EXPECT_EQ(record->ttl, std::chrono::minutes(30)) << file;
    }
}

TEST(IpnsRecord, RefusesWhatItDidNotSign) {
    ASSAY_FIXTURE_OR_SKIP(folder, "ipfs/gateway-conformance/ipns_records");
    for (const char* file :
         {"k51qzi5uqu5diamp7qnnvs1p1gzmku3eijkeijs3418j23j077zrkok63xdm8c_v1-v2-broken-signature-v2"
          ".ipns-record",
          "k51qzi5uqu5dm4tm0wt8srkg9h9suud4wuiwjimndrkydqm81cqtlb5ak6p7ku_v1.ipns-record"}) {
        const Fixture fixture = load(folder, file);
        EXPECT_FALSE(decode_ipns_record(fixture.name, fixture.record)) << file;
    }
    const Fixture good = load(folder, kV1V2);
    for (std::size_t size = 0; size < good.record.size(); ++size) {
        EXPECT_FALSE(decode_ipns_record(good.name, ByteView(good.record).first(size))) << size;
    }
    EXPECT_FALSE(decode_ipns_record(Cid::raw_sha256({}), good.record)) << "another kind of name";
}

}  // namespace
}  // namespace assay::ipfs
