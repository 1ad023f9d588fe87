#include "ledger/core/uuid.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::ledger {
namespace {

// RFC 9562, appendix A.4.
TEST(Uuid, MatchesTheRfcExample) {
    EXPECT_EQ(to_hex(uuid5_dns("www.example.com")), "2ed6657de927568b95e12665a8aea6a2");
}

TEST(Uuid, AcceptsBothWaysOfWritingIt) {
    const Uuid id = uuid5_dns("www.example.com");
    EXPECT_EQ(parse_uuid("2ed6657de927568b95e12665a8aea6a2"), id);
    EXPECT_EQ(parse_uuid("2ed6657d-e927-568b-95e1-2665a8aea6a2"), id);
    EXPECT_FALSE(parse_uuid("2ed6657d-e927-568b-95e12-665a8aea6a2"));
    EXPECT_FALSE(parse_uuid("2ed6657de927568b95e12665a8aea6"));
    EXPECT_FALSE(parse_uuid("www.example.com"));
}

TEST(Uuid, ANameIsHashedAndAnIdIsTaken) {
    const Uuid vendor = vendor_id_of("acme.example");
    EXPECT_EQ(vendor, uuid5_dns("acme.example"));
    EXPECT_EQ(vendor_id_of(to_hex(vendor)), vendor);
    EXPECT_EQ(class_id_of(vendor, "edge-x64"), uuid5(vendor, "edge-x64"));
    EXPECT_EQ(class_id_of(vendor, to_hex(uuid5(vendor, "edge-x64"))), uuid5(vendor, "edge-x64"));
}

}  // namespace
}  // namespace assay::ledger
