#include "host/crypto/uuid.hpp"

#include <gtest/gtest.h>

#include "host/base/text_encoding.hpp"

namespace assay::crypto {
namespace {

// RFC 9562, appendix A.4.
TEST(VendorUuid, MatchesRfc9562) {
    EXPECT_EQ(to_hex(vendor_uuid("www.example.com")), "2ed6657de927568b95e12665a8aea6a2");
}

// Python's uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_DNS, "arm.com"), name).
TEST(ClassUuid, MatchesPython) {
    const Uuid vendor = vendor_uuid("arm.com");
    EXPECT_EQ(to_hex(vendor), "fa6b4a53d5ad5fdfbe9de663e4d41ffe");
    EXPECT_EQ(to_hex(class_uuid(vendor, "edge-x64")), "850b1cd69fe8549f87bfeda84e94702a");
    EXPECT_EQ(to_hex(class_uuid(vendor, "")), "7199725b78f95338bcbb63c51fe22f42");
}

}  // namespace
}  // namespace assay::crypto
