#include "gateway/dispatch/site_authority.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

class Authority : public testing::Test {
  protected:
    Authority() {
        const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
        EXPECT_TRUE(create_directories_durable(folder_.site_ca().parent_path()));
        EXPECT_TRUE(crypto::save_key(folder_.site_ca_key(), key));
        EXPECT_TRUE(write_file_durable(folder_.site_ca(), crypto::make_ca(key, "site").value()));
        salt("00112233445566778899aabbccddeeff\n");
    }
    void salt(std::string_view text) {
        EXPECT_TRUE(write_file_durable(folder_.operator_salt(), as_bytes(text), 0600));
    }

    test::TempDir dir_;
    MemberFolder folder_{dir_.path()};
};

TEST_F(Authority, NamesTheDeviceAsTheOperatorDoesAndNotAsTheRequest) {
    const auto authority = SiteAuthority::load(folder_);
    ASSERT_TRUE(authority) << authority.error().to_string();
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    const auto identity =
        authority->issue("device-1", crypto::make_csr(key, "something-else").value());
    ASSERT_TRUE(identity) << identity.error().to_string();
    EXPECT_EQ(identity->key, key.public_key());
    EXPECT_EQ(crypto::common_name_of_certificate(identity->certificate_pem).value(), "device-1");
    EXPECT_EQ(identity->ledger_id,
              authority->issue("device-1", crypto::make_csr(key, "x").value())->ledger_id);
    EXPECT_NE(identity->ledger_id,
              authority->issue("device-2", crypto::make_csr(key, "x").value())->ledger_id);
}

TEST_F(Authority, RefusesNamesAndRequestsThatAreNone) {
    const auto authority = SiteAuthority::load(folder_).value();
    const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    const Bytes csr = crypto::make_csr(key, "x").value();
    EXPECT_TRUE(authority.issue("../evil", csr).error().is(Refusal::kMalformed));
    EXPECT_TRUE(authority.issue("", csr).error().is(Refusal::kMalformed));
    EXPECT_FALSE(authority.issue("device-1", as_bytes("no request")));
}

TEST_F(Authority, WantsASaltThatCannotBeGuessed) {
    salt("0011\n");
    const auto authority = SiteAuthority::load(folder_);
    ASSERT_FALSE(authority);
    EXPECT_NE(authority.error().context().find("operator.salt"), std::string::npos);
}

}  // namespace
}  // namespace assay::gateway
