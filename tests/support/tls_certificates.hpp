// Certificates for tests, made on the spot by OpenSSL: a CA, certificates under it, self-signed
// ones. Link OpenSSL::SSL.

#pragma once

#include <memory>
#include <string>

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "host/base/assert.hpp"
#include "host/base/bytes.hpp"

namespace assay::test {

struct CertificateOptions {
    std::string common_name;
    std::string subject_alt_name;     // "DNS:gateway.test,IP:127.0.0.1"; empty: none
    std::string extended_key_usage;   // "serverAuth"; empty: none
    long valid_from_seconds = -3600;  // from now
    long valid_to_seconds = 24 * 3600;
    bool is_ca = false;
};

class TestCertificate {
  public:
    // Signed by `issuer`, or by itself without one.
    explicit TestCertificate(const CertificateOptions& options,
                             const TestCertificate* issuer = nullptr)
        : key_{EVP_EC_gen("P-256"), EVP_PKEY_free}, certificate_{X509_new(), X509_free} {
        X509* x = certificate_.get();
        ASSAY_ASSERT(key_ && x != nullptr);
        X509_set_version(x, X509_VERSION_3);
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(x), reinterpret_cast<std::uintptr_t>(this));
        X509_gmtime_adj(X509_getm_notBefore(x), options.valid_from_seconds);
        X509_gmtime_adj(X509_getm_notAfter(x), options.valid_to_seconds);
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                                   as_uchar(as_bytes(options.common_name)),
                                   static_cast<int>(options.common_name.size()), -1, 0);
        X509* by = issuer == nullptr ? x : issuer->certificate_.get();
        X509_set_issuer_name(x, X509_get_subject_name(by));
        X509_set_pubkey(x, key_.get());
        add_extension(by, NID_basic_constraints,
                      options.is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
        if (!options.subject_alt_name.empty()) {
            add_extension(by, NID_subject_alt_name, options.subject_alt_name);
        }
        if (!options.extended_key_usage.empty()) {
            add_extension(by, NID_ext_key_usage, options.extended_key_usage);
        }
        const auto* signer = issuer == nullptr ? key_.get() : issuer->key_.get();
        ASSAY_ASSERT(X509_sign(x, const_cast<EVP_PKEY*>(signer), EVP_sha256()) > 0);
    }

    [[nodiscard]] Bytes certificate_pem() const {
        return pem([this](BIO* out) { return PEM_write_bio_X509(out, certificate_.get()); });
    }
    [[nodiscard]] Bytes key_pem() const {
        return pem([this](BIO* out) {
            return PEM_write_bio_PKCS8PrivateKey(out, key_.get(), nullptr, nullptr, 0, nullptr,
                                                 nullptr);
        });
    }

  private:
    void add_extension(X509* issuer, int nid, const std::string& value) {
        X509V3_CTX context;
        X509V3_set_ctx(&context, issuer, certificate_.get(), nullptr, nullptr, 0);
        X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
        ASSAY_ASSERT(extension != nullptr);
        X509_add_ext(certificate_.get(), extension, -1);
        X509_EXTENSION_free(extension);
    }

    template <typename Write>
    [[nodiscard]] static Bytes pem(Write write) {
        const std::unique_ptr<BIO, decltype(&BIO_free)> out{BIO_new(BIO_s_mem()), BIO_free};
        ASSAY_ASSERT(write(out.get()) == 1);
        char* data = nullptr;
        const long size = BIO_get_mem_data(out.get(), &data);
        return to_bytes(std::string_view(data, static_cast<std::size_t>(size)));
    }

    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
    std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

inline TestCertificate make_ca(const std::string& common_name) {
    CertificateOptions options;
    options.common_name = common_name;
    options.is_ca = true;
    return TestCertificate(options);
}

inline TestCertificate make_self_signed(const std::string& common_name) {
    CertificateOptions options;
    options.common_name = common_name;
    return TestCertificate(options);
}

inline TestCertificate issue(const TestCertificate& ca, const std::string& common_name) {
    CertificateOptions options;
    options.common_name = common_name;
    return TestCertificate(options, &ca);
}

}  // namespace assay::test
