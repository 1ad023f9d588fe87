#include "host/crypto/certificate.hpp"

#include <ctime>
#include <set>

#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::crypto {
namespace {

PrivateKey p256() { return PrivateKey::generate(Algorithm::kEcdsaP256).value(); }

// A certificate as OpenSSL sees it, asked as a TLS peer would ask.
class Parsed {
  public:
    explicit Parsed(ByteView pem) {
        BIO* const bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
        certificate_ = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
        BIO_free(bio);
    }
    Parsed(const Parsed&) = delete;
    Parsed& operator=(const Parsed&) = delete;
    ~Parsed() { X509_free(certificate_); }

    [[nodiscard]] X509* get() const { return certificate_; }
    [[nodiscard]] bool has_host(const char* name) const {
        return X509_check_host(certificate_, name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                               nullptr) == 1;
    }
    [[nodiscard]] bool has_address(const char* address) const {
        return X509_check_ip_asc(certificate_, address, 0) == 1;
    }
    [[nodiscard]] bool valid_at(std::time_t when) const {
        return X509_cmp_time(X509_get0_notBefore(certificate_), &when) < 0 &&
               X509_cmp_time(X509_get0_notAfter(certificate_), &when) > 0;
    }
    [[nodiscard]] std::string serial() const {
        const ASN1_INTEGER* const serial = X509_get0_serialNumber(certificate_);
        return to_hex(as_bytes(ASN1_STRING_get0_data(serial),
                               static_cast<std::size_t>(ASN1_STRING_length(serial))));
    }
    // X509_V_OK if `trusted` vouches for this certificate in that role.
    [[nodiscard]] int verified_by(const Parsed& trusted, int purpose) const {
        X509_STORE* const store = X509_STORE_new();
        X509_STORE_add_cert(store, trusted.get());
        X509_STORE_set_flags(store, X509_V_FLAG_X509_STRICT);
        X509_STORE_CTX* const context = X509_STORE_CTX_new();
        X509_STORE_CTX_init(context, store, certificate_, nullptr);
        X509_STORE_CTX_set_purpose(context, purpose);
        X509_verify_cert(context);
        const int error = X509_STORE_CTX_get_error(context);
        X509_STORE_CTX_free(context);
        X509_STORE_free(store);
        return error;
    }

  private:
    X509* certificate_;
};

class IssuedCertificate : public testing::Test {
  protected:
    PrivateKey ca_key_ = p256();
    Bytes ca_ = make_ca(ca_key_, "gateway-1.devices").value();
    PrivateKey device_ = p256();
    CertificateOptions options_{
        .common_name = "device-0001", .alt_names = {}, .days = 30, .use = CertificateUse::kClient};
};

TEST_F(IssuedCertificate, IsVouchedForByItsAuthorityInItsRoleOnly) {
    const Parsed ca(ca_);
    const Parsed client(issue(ca_, ca_key_, device_.public_key(), options_).value());
    EXPECT_EQ(client.verified_by(ca, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_EQ(client.verified_by(ca, X509_PURPOSE_SSL_SERVER), X509_V_ERR_INVALID_PURPOSE);

    options_.use = CertificateUse::kServer;
    const Parsed server(issue(ca_, ca_key_, device_.public_key(), options_).value());
    EXPECT_EQ(server.verified_by(ca, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_EQ(server.verified_by(ca, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);

    options_.use = CertificateUse::kServerAndClient;
    const Parsed both(issue(ca_, ca_key_, device_.public_key(), options_).value());
    EXPECT_EQ(both.verified_by(ca, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_EQ(both.verified_by(ca, X509_PURPOSE_SSL_CLIENT), X509_V_OK);

    const Parsed stranger(make_ca(p256(), "gateway-1.devices").value());
    EXPECT_NE(client.verified_by(stranger, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
}

TEST_F(IssuedCertificate, CarriesTheSubjectsKeyAndName) {
    const Bytes pem = issue(ca_, ca_key_, device_.public_key(), options_).value();
    EXPECT_EQ(public_key_of_certificate(pem).value(), device_.public_key());
    EXPECT_EQ(common_name_of_certificate(pem).value(), "device-0001");
    EXPECT_EQ(spki_sha256(pem).value(), spki_sha256(device_.public_key()));
}

TEST_F(IssuedCertificate, ServesDevicesWithoutAClock) {
    const Parsed certificate(issue(ca_, ca_key_, device_.public_key(), options_).value());
    const std::time_t now = std::time(nullptr);
    EXPECT_TRUE(certificate.valid_at(1'577'836'800 + 1)) << "2020-01-01";
    EXPECT_TRUE(certificate.valid_at(now));
    EXPECT_TRUE(certificate.valid_at(now + 29 * 86'400));
    EXPECT_FALSE(certificate.valid_at(now + 31 * 86'400));
}

TEST_F(IssuedCertificate, AnswersToItsAlternativeNames) {
    options_.alt_names = {"gw.example", "192.0.2.7", "2001:db8::7"};
    const Parsed certificate(issue(ca_, ca_key_, device_.public_key(), options_).value());
    EXPECT_TRUE(certificate.has_host("gw.example"));
    EXPECT_TRUE(certificate.has_address("192.0.2.7"));
    EXPECT_TRUE(certificate.has_address("2001:db8::7"));
    EXPECT_FALSE(certificate.has_host("device-0001")) << "only what was asked for";
}

TEST_F(IssuedCertificate, HasAFreshSerial) {
    std::set<std::string> serials;
    for (int i = 0; i < 8; ++i) {
        const Parsed one(issue(ca_, ca_key_, device_.public_key(), options_).value());
        EXPECT_EQ(one.serial().size(), 32U);
        serials.insert(one.serial());
    }
    EXPECT_EQ(serials.size(), 8U);
}

TEST_F(IssuedCertificate, RefusesNamesThatCouldMislead) {
    for (const std::string& name :
         {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a/b"),
          std::string("a,DNS:evil"), std::string("\xc3\xbc"), std::string("a\0b", 3)}) {
        options_.common_name = name;
        EXPECT_TRUE(
            issue(ca_, ca_key_, device_.public_key(), options_).error().is(Refusal::kMalformed))
            << name;
    }
    options_.common_name = std::string(64, 'a');
    EXPECT_TRUE(issue(ca_, ca_key_, device_.public_key(), options_));
    options_.alt_names = {"good,IP:192.0.2.1"};
    EXPECT_TRUE(
        issue(ca_, ca_key_, device_.public_key(), options_).error().is(Refusal::kMalformed));
}

TEST_F(IssuedCertificate, NeedsTheAuthoritysOwnKeyAndP256) {
    EXPECT_FALSE(issue(ca_, p256(), device_.public_key(), options_));
    const PrivateKey ed25519 = PrivateKey::generate(Algorithm::kEd25519).value();
    EXPECT_FALSE(issue(ca_, ca_key_, ed25519.public_key(), options_));
    EXPECT_FALSE(make_ca(ed25519, "ca"));
    // A leaf is no authority.
    const Bytes leaf = issue(ca_, ca_key_, device_.public_key(), options_).value();
    EXPECT_FALSE(issue(leaf, device_, device_.public_key(), options_));
    for (const int days : {-1, 0, 36'501}) {
        options_.days = days;
        EXPECT_FALSE(issue(ca_, ca_key_, device_.public_key(), options_)) << days;
    }
}

TEST_F(IssuedCertificate, FollowsARequestButNotItsName) {
    const Bytes request = make_csr(device_, "root").value();
    const Bytes pem = issue(ca_, ca_key_, request, options_).value();
    EXPECT_EQ(public_key_of_certificate(pem).value(), device_.public_key());
    EXPECT_EQ(common_name_of_certificate(pem).value(), "device-0001");
}

// Whoever asks for a certificate proves to hold the key: no changed request is served.
TEST_F(IssuedCertificate, IsRefusedForATamperedRequest) {
    const std::string pem(as_text(make_csr(device_, "device-0001").value()));
    const auto begin = pem.find('\n') + 1;
    std::string body = pem.substr(begin, pem.find("\n-----END") - begin);
    std::erase(body, '\n');
    Bytes der = from_base64(body).value();
    int bad_signatures = 0;
    for (std::size_t bit = 0; bit < 8 * der.size(); ++bit) {
        const std::byte mask = std::byte{1} << (bit % 8);
        der[bit / 8] ^= mask;
        const std::string text = "-----BEGIN CERTIFICATE REQUEST-----\n" + to_base64(der) +
                                 "\n-----END CERTIFICATE REQUEST-----\n";
        const auto issued = issue(ca_, ca_key_, as_bytes(text), options_);
        ASSERT_FALSE(issued) << bit;
        bad_signatures += issued.error().is(Refusal::kSignatureInvalid) ? 1 : 0;
        der[bit / 8] ^= mask;
    }
    EXPECT_GT(bad_signatures, 500) << "most bits are covered by the signature or are it";
    EXPECT_TRUE(
        issue(ca_, ca_key_, as_bytes("no request"), options_).error().is(Refusal::kMalformed));
}

TEST(SelfSignedCertificate, VouchesForItselfUnderItsNames) {
    const PrivateKey key = p256();
    const TlsIdentity identity = make_self_signed(key, "oem.example", 365).value();
    const Parsed certificate(identity.certificate_pem);
    EXPECT_EQ(certificate.verified_by(certificate, X509_PURPOSE_SSL_SERVER), X509_V_OK);
    EXPECT_EQ(certificate.verified_by(certificate, X509_PURPOSE_SSL_CLIENT), X509_V_OK);
    EXPECT_TRUE(certificate.has_host("oem.example"));
    EXPECT_TRUE(certificate.has_host("localhost"));
    EXPECT_TRUE(certificate.has_address("127.0.0.1"));
    EXPECT_TRUE(certificate.has_address("::1"));
    EXPECT_EQ(PrivateKey::from_pem(identity.key_pem)->public_key(), key.public_key());
    EXPECT_EQ(spki_sha256(identity.certificate_pem).value(), spki_sha256(key.public_key()));
}

TEST(SpkiSha256, IsTheHashOpensslGives) {
    const PrivateKey key = p256();
    unsigned char* der = nullptr;
    const int size = i2d_PUBKEY(key.handle(), &der);
    ASSERT_EQ(size, 91);
    const Bytes spki = to_bytes(as_bytes(der, 91));
    OPENSSL_free(der);
    EXPECT_EQ(spki_sha256(key.public_key()), sha256(spki));
    EXPECT_EQ(public_key_of_spki(spki).value(), key.public_key());
    for (std::size_t cut = 0; cut < spki.size(); ++cut) {
        EXPECT_FALSE(public_key_of_spki(ByteView(spki).first(cut))) << cut;
    }
}

TEST(CertificateParsing, TakesPemAndDerAndNothingCut) {
    const Bytes pem = make_self_signed(p256(), "a", 1)->certificate_pem;
    const Parsed certificate(pem);
    unsigned char* raw = nullptr;
    const int size = i2d_X509(certificate.get(), &raw);
    Bytes der = to_bytes(as_bytes(raw, static_cast<std::size_t>(size)));
    OPENSSL_free(raw);
    EXPECT_EQ(public_key_of_certificate(der).value(), public_key_of_certificate(pem).value());
    for (std::size_t cut = 0; cut < der.size(); ++cut) {
        EXPECT_FALSE(public_key_of_certificate(ByteView(der).first(cut))) << cut;
    }
    der.push_back(std::byte{0});
    EXPECT_FALSE(public_key_of_certificate(der));
    EXPECT_TRUE(common_name_of_certificate(Bytes(20'000)).error().is(Refusal::kLimitExceeded));
}

// A daemon that asks the terminal for a pass phrase stands still.
TEST(CertificateParsing, AsksNobodyForAPassPhrase) {
    const Bytes pem = make_self_signed(p256(), "a", 1)->certificate_pem;
    const Parsed certificate(pem);
    BIO* const bio = BIO_new(BIO_s_mem());
    const unsigned char phrase[] = {'o', 'p', 'e', 'n'};
    ASSERT_EQ(PEM_ASN1_write_bio(reinterpret_cast<i2d_of_void*>(i2d_X509), PEM_STRING_X509, bio,
                                 certificate.get(), EVP_aes_256_cbc(), phrase, sizeof phrase,
                                 nullptr, nullptr),
              1);
    char* text = nullptr;
    const long size = BIO_get_mem_data(bio, &text);
    const Bytes encrypted = to_bytes(std::string_view(text, static_cast<std::size_t>(size)));
    BIO_free(bio);

    int ends[2] = {};
    ASSERT_EQ(::pipe(ends), 0);
    ASSERT_EQ(::write(ends[1], "open\n", 5), 5);
    ::close(ends[1]);
    const int standard_input = ::dup(STDIN_FILENO);
    ::dup2(ends[0], STDIN_FILENO);
    EXPECT_FALSE(public_key_of_certificate(encrypted));
    ::dup2(standard_input, STDIN_FILENO);
    ::close(standard_input);
    ::close(ends[0]);
}

}  // namespace
}  // namespace assay::crypto
