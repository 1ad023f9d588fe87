#include "host/crypto/certificate.hpp"

#include <algorithm>

#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "host/base/text_encoding.hpp"
#include "host/crypto/openssl_ptr.hpp"
#include "host/crypto/random.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::crypto {
namespace {

using CertificatePtr = OpensslPtr<X509, X509_free>;
using RequestPtr = OpensslPtr<X509_REQ, X509_REQ_free>;
using ExtensionPtr = OpensslPtr<X509_EXTENSION, X509_EXTENSION_free>;
using KeyPtr = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using IntegerPtr = OpensslPtr<ASN1_INTEGER, ASN1_INTEGER_free>;
using NumberPtr = OpensslPtr<BIGNUM, BN_free>;
using GeneralNamePtr = OpensslPtr<GENERAL_NAME, GENERAL_NAME_free>;
using GeneralNamesPtr = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;

constexpr std::size_t kEncodedBytesMax = 16 * 1024;
constexpr std::size_t kCommonNameMax = 64;  // ub-common-name of RFC 5280, appendix A
constexpr std::size_t kAltNamesMax = 64;
constexpr int kDaysMax = 36'500;
constexpr int kCaDays = 10'950;

// A SubjectPublicKeyInfo of either algorithm is a fixed DER prefix and then the key as PublicKey
// holds it (RFC 5480 with an uncompressed point; RFC 8410).
constexpr std::string_view kP256Prefix = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
constexpr std::string_view kEd25519Prefix = "302a300506032b6570032100";

Bytes spki_prefix(Algorithm algorithm) {
    return *from_hex(algorithm == Algorithm::kEcdsaP256 ? kP256Prefix : kEd25519Prefix);
}

Bytes encode_spki(const PublicKey& key) {
    Bytes spki = spki_prefix(key.algorithm);
    append(spki, key.bytes);
    return spki;
}

bool is_alnum(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_host_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= 253 && std::all_of(name.begin(), name.end(), [](char c) {
        return is_alnum(c) || c == '.' || c == '-' || c == '_';
    });
}

Result<void> check_arguments(const PublicKey& key, std::string_view common_name, int days) {
    if (key.algorithm != Algorithm::kEcdsaP256) {
        return fail(std::errc::invalid_argument, "a TLS certificate needs an ECDSA P-256 key");
    }
    if (!is_common_name(common_name)) {
        return fail(Refusal::kMalformed,
                    "\"" + std::string(common_name) +
                        "\" is no name for a certificate: 1 to 64 of A-Z a-z 0-9 . _ -");
    }
    if (days < 1 || days > kDaysMax) {
        return fail(std::errc::invalid_argument, "certificate valid for " + std::to_string(days) +
                                                     " days, expected 1 to " +
                                                     std::to_string(kDaysMax));
    }
    return {};
}

bool set_common_name(X509_NAME* name, std::string_view common_name) {
    const ByteView bytes = as_bytes(common_name);
    return X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, as_uchar(bytes),
                                      static_cast<int>(bytes.size()), -1, 0) == 1;
}

// 126 random bits: positive and 16 bytes long in DER.
bool set_random_serial(X509* certificate) {
    std::array<std::byte, 16> random{};
    fill_random(random);
    random[0] = (random[0] & std::byte{0x3f}) | std::byte{0x40};
    const NumberPtr number(BN_bin2bn(as_uchar(random), static_cast<int>(random.size()), nullptr));
    const IntegerPtr serial(BN_to_ASN1_INTEGER(number.get(), nullptr));
    return serial && X509_set_serialNumber(certificate, serial.get()) == 1;
}

bool set_validity(X509* certificate, int days) {
    return ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate), "20200101000000Z") == 1 &&
           X509_time_adj_ex(X509_getm_notAfter(certificate), days, 0, nullptr) != nullptr;
}

// `value` is in OpenSSL's configuration language, so it is only ever a literal of this file.
bool add_extension(X509* certificate, X509* issuer, int id, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, &context, id, value));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

GeneralNamePtr make_general_name(const std::string& name) {
    GeneralNamePtr out(GENERAL_NAME_new());
    if (ASN1_OCTET_STRING* address = a2i_IPADDRESS(name.c_str())) {
        GENERAL_NAME_set0_value(out.get(), GEN_IPADD, address);
        return out;
    }
    ERR_clear_error();
    if (!is_host_name(name)) return nullptr;
    ASN1_IA5STRING* text = ASN1_IA5STRING_new();
    ASN1_STRING_set(text, name.data(), static_cast<int>(name.size()));
    GENERAL_NAME_set0_value(out.get(), GEN_DNS, text);
    return out;
}

Result<void> add_alt_names(X509* certificate, const std::vector<std::string>& names) {
    if (names.empty()) return {};
    if (names.size() > kAltNamesMax) {
        return fail(Refusal::kLimitExceeded, std::to_string(names.size()) +
                                                 " names in a certificate, at most " +
                                                 std::to_string(kAltNamesMax));
    }
    const GeneralNamesPtr all(sk_GENERAL_NAME_new_null());
    for (const std::string& name : names) {
        GeneralNamePtr entry = make_general_name(name);
        if (!entry) {
            return fail(Refusal::kMalformed,
                        "\"" + name + "\" is neither a host name nor an IP address");
        }
        sk_GENERAL_NAME_push(all.get(), entry.release());
    }
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, all.get(), 0, X509V3_ADD_DEFAULT) !=
        1) {
        return fail_openssl("add names to a certificate");
    }
    return {};
}

Result<Bytes> to_pem(X509* certificate) {
    const BioPtr bio = memory_bio();
    if (PEM_write_bio_X509(bio.get(), certificate) != 1) {
        return fail_openssl("write a certificate as PEM");
    }
    return bytes_of(bio.get());
}

Result<CertificatePtr> parse_certificate(ByteView encoded) {
    if (encoded.size() > kEncodedBytesMax) {
        return fail(Refusal::kLimitExceeded, "certificate of " + std::to_string(encoded.size()) +
                                                 " bytes, at most " +
                                                 std::to_string(kEncodedBytesMax));
    }
    CertificatePtr certificate;
    if (as_text(encoded).starts_with("-----BEGIN")) {
        const BioPtr bio = reading_bio(encoded);
        certificate.reset(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
    } else {
        const unsigned char* cursor = as_uchar(encoded);
        certificate.reset(d2i_X509(nullptr, &cursor, static_cast<long>(encoded.size())));
        if (certificate && cursor != as_uchar(encoded) + encoded.size()) certificate.reset();
    }
    if (!certificate) {
        return fail(Refusal::kMalformed, "not an X.509 certificate: " + openssl_reason());
    }
    return certificate;
}

Bytes spki_of(const X509_PUBKEY* key) {
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(key, &der);
    if (size <= 0) return {};
    Bytes spki = to_bytes(as_bytes(der, static_cast<std::size_t>(size)));
    OPENSSL_free(der);
    return spki;
}

const char* extended_usage(CertificateUse use) noexcept {
    switch (use) {
        case CertificateUse::kServer:
            return "serverAuth";
        case CertificateUse::kClient:
            return "clientAuth";
        case CertificateUse::kServerAndClient:
            break;
    }
    return "serverAuth,clientAuth";
}

// Everything but issuer, extensions and signature.
Result<CertificatePtr> make_blank(const PublicKey& subject,
                                  std::string_view common_name,
                                  int days) {
    if (auto fine = check_arguments(subject, common_name, days); !fine) {
        return fail(std::move(fine).error());
    }
    const Bytes spki = encode_spki(subject);
    const unsigned char* cursor = as_uchar(ByteView(spki));
    const KeyPtr key(d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size())));
    if (!key) return fail(Refusal::kMalformed, "not a P-256 public key: " + openssl_reason());

    CertificatePtr certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        !set_random_serial(certificate.get()) || !set_validity(certificate.get(), days) ||
        !set_common_name(X509_get_subject_name(certificate.get()), common_name) ||
        X509_set_pubkey(certificate.get(), key.get()) != 1) {
        return fail_openssl("make a certificate");
    }
    return certificate;
}

Result<Bytes> finish_leaf(X509* certificate,
                          X509* issuer,
                          const PrivateKey& issuer_key,
                          const CertificateOptions& options) {
    if (X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) != 1 ||
        !add_extension(certificate, issuer, NID_basic_constraints, "critical,CA:FALSE") ||
        !add_extension(certificate, issuer, NID_key_usage, "critical,digitalSignature") ||
        !add_extension(certificate, issuer, NID_ext_key_usage, extended_usage(options.use)) ||
        !add_extension(certificate, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(certificate, issuer, NID_authority_key_identifier, "keyid")) {
        return fail_openssl("extend a certificate");
    }
    if (auto named = add_alt_names(certificate, options.alt_names); !named) {
        return fail(std::move(named).error());
    }
    if (X509_sign(certificate, issuer_key.handle(), EVP_sha256()) == 0) {
        return fail_openssl("sign a certificate");
    }
    return to_pem(certificate);
}

}  // namespace

bool is_common_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kCommonNameMax &&
           std::all_of(name.begin(), name.end(),
                       [](char c) { return is_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

Result<TlsIdentity> make_self_signed(const PrivateKey& key,
                                     std::string_view common_name,
                                     int days) {
    auto certificate = make_blank(key.public_key(), common_name, days);
    if (!certificate) return fail(std::move(certificate).error());
    const CertificateOptions options{
        .common_name = std::string(common_name),
        .alt_names = {std::string(common_name), "localhost", "127.0.0.1", "::1"},
        .days = days,
        .use = CertificateUse::kServerAndClient};
    auto pem = finish_leaf(certificate->get(), certificate->get(), key, options);
    if (!pem) return fail(std::move(pem).error());
    auto key_pem = key.to_pem();
    if (!key_pem) return fail(std::move(key_pem).error());
    return TlsIdentity{std::move(*pem), std::move(*key_pem)};
}

Result<Bytes> make_ca(const PrivateKey& key, std::string_view common_name) {
    auto certificate = make_blank(key.public_key(), common_name, kCaDays);
    if (!certificate) return fail(std::move(certificate).error());
    X509* const ca = certificate->get();
    if (X509_set_issuer_name(ca, X509_get_subject_name(ca)) != 1 ||
        !add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
        !add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
        !add_extension(ca, ca, NID_subject_key_identifier, "hash") ||
        X509_sign(ca, key.handle(), EVP_sha256()) == 0) {
        return fail_openssl("make a certificate authority");
    }
    return to_pem(ca);
}

Result<Bytes> make_csr(const PrivateKey& key, std::string_view common_name) {
    if (auto fine = check_arguments(key.public_key(), common_name, 1); !fine) {
        return fail(std::move(fine).error());
    }
    const RequestPtr request(X509_REQ_new());
    const BioPtr bio = memory_bio();
    if (!request || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        !set_common_name(X509_REQ_get_subject_name(request.get()), common_name) ||
        X509_REQ_set_pubkey(request.get(), key.handle()) != 1 ||
        X509_REQ_sign(request.get(), key.handle(), EVP_sha256()) == 0 ||
        PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
        return fail_openssl("make a certificate request");
    }
    return bytes_of(bio.get());
}

Result<Bytes> issue(ByteView ca_certificate_pem,
                    const PrivateKey& ca_key,
                    const PublicKey& subject,
                    const CertificateOptions& options) {
    auto ca = parse_certificate(ca_certificate_pem);
    if (!ca) return fail(std::move(ca).error().within("certificate authority"));
    if (X509_check_ca(ca->get()) != 1 || X509_check_private_key(ca->get(), ca_key.handle()) != 1) {
        ERR_clear_error();
        return fail(std::errc::invalid_argument,
                    "the key is not the one of this certificate authority");
    }
    auto certificate = make_blank(subject, options.common_name, options.days);
    if (!certificate) return fail(std::move(certificate).error());
    return finish_leaf(certificate->get(), ca->get(), ca_key, options);
}

Result<Bytes> issue(ByteView ca_certificate_pem,
                    const PrivateKey& ca_key,
                    ByteView csr_pem,
                    const CertificateOptions& options) {
    if (csr_pem.size() > kEncodedBytesMax) {
        return fail(Refusal::kLimitExceeded, "certificate request");
    }
    const BioPtr bio = reading_bio(csr_pem);
    const RequestPtr request(
        PEM_read_bio_X509_REQ(bio.get(), nullptr, no_pass_phrase, nullptr));
    if (!request) {
        return fail(Refusal::kMalformed, "not a PEM certificate request: " + openssl_reason());
    }
    auto subject = public_key_of_spki(spki_of(X509_REQ_get_X509_PUBKEY(request.get())));
    if (!subject) return fail(std::move(subject).error().within("certificate request"));
    if (X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) != 1) {
        ERR_clear_error();
        return fail(Refusal::kSignatureInvalid, "certificate request");
    }
    return issue(ca_certificate_pem, ca_key, *subject, options);
}

Sha256Digest spki_sha256(const PublicKey& key) { return sha256(encode_spki(key)); }

Result<Sha256Digest> spki_sha256(ByteView certificate) {
    auto parsed = parse_certificate(certificate);
    if (!parsed) return fail(std::move(parsed).error());
    return sha256(spki_of(X509_get_X509_PUBKEY(parsed->get())));
}

Result<PublicKey> public_key_of_certificate(ByteView certificate) {
    auto parsed = parse_certificate(certificate);
    if (!parsed) return fail(std::move(parsed).error());
    return public_key_of_spki(spki_of(X509_get_X509_PUBKEY(parsed->get())));
}

Result<std::string> common_name_of_certificate(ByteView certificate) {
    auto parsed = parse_certificate(certificate);
    if (!parsed) return fail(std::move(parsed).error());
    const X509_NAME* const subject = X509_get_subject_name(parsed->get());
    const int first = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    // Two common names would be read as one by us and as the other by somebody else.
    if (first < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, first) >= 0) {
        return fail(Refusal::kMalformed, "certificate without exactly one common name");
    }
    const ASN1_STRING* const text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, first));
    std::string name(as_text(
        as_bytes(ASN1_STRING_get0_data(text), static_cast<std::size_t>(ASN1_STRING_length(text)))));
    if (!is_common_name(name)) {
        return fail(Refusal::kMalformed,
                    "the certificate's common name has other characters than "
                    "A-Z a-z 0-9 . _ - or is too long");
    }
    return name;
}

Result<PublicKey> public_key_of_spki(ByteView spki) {
    for (const Algorithm algorithm : {Algorithm::kEcdsaP256, Algorithm::kEd25519}) {
        const Bytes prefix = spki_prefix(algorithm);
        if (spki.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), spki.begin())) {
            return parse_public_key(algorithm, spki.subspan(prefix.size()));
        }
    }
    return fail(Refusal::kMalformed, "public key is neither ECDSA P-256 nor Ed25519");
}

}  // namespace assay::crypto
