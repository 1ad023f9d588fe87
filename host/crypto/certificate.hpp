// X.509 certificates (RFC 5280) with P-256 keys, for TLS and nothing else: trust in a peer comes
// from the registry (its key's hash), trust in a device from its gateway's certificate authority.
//
// Certificates are valid from 2020-01-01, since devices have no clock to rely on, until `days`
// after today. PEM in and out. Pure but for randomness and the clock; thread-safe.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"

namespace assay::crypto {

struct TlsIdentity {
    Bytes certificate_pem;
    Bytes key_pem;
};

enum class CertificateUse : std::uint8_t { kServer, kClient, kServerAndClient };

struct CertificateOptions {
    std::string common_name;             // see is_common_name()
    std::vector<std::string> alt_names;  // host names and IP addresses a server answers to
    int days = 3650;
    CertificateUse use = CertificateUse::kServerAndClient;
};

// 1 to 64 characters of [A-Za-z0-9._-]: what a member's host or a device id may be called.
[[nodiscard]] bool is_common_name(std::string_view name) noexcept;

// Server and client at once, alternative names: the common name, localhost, 127.0.0.1 and ::1.
[[nodiscard]] Result<TlsIdentity> make_self_signed(const PrivateKey& key,
                                                   std::string_view common_name,
                                                   int days);
// A certificate authority that may issue leaves only (path length 0), valid for 30 years.
[[nodiscard]] Result<Bytes> make_ca(const PrivateKey& key, std::string_view common_name);

[[nodiscard]] Result<Bytes> make_csr(const PrivateKey& key, std::string_view common_name);

// `ca_key` must be the key of `ca_certificate_pem`.
[[nodiscard]] Result<Bytes> issue(ByteView ca_certificate_pem,
                                  const PrivateKey& ca_key,
                                  const PublicKey& subject,
                                  const CertificateOptions& options);
// Takes only the public key from the request, after checking that the requester holds its private
// half (else Refusal::kSignatureInvalid). The names are the issuer's decision.
[[nodiscard]] Result<Bytes> issue(ByteView ca_certificate_pem,
                                  const PrivateKey& ca_key,
                                  ByteView csr_pem,
                                  const CertificateOptions& options);

// SHA-256 of the DER SubjectPublicKeyInfo: how the registry names a TLS key (RFC 7469's pin).
[[nodiscard]] Sha256Digest spki_sha256(const PublicKey& key);
[[nodiscard]] Result<Sha256Digest> spki_sha256(ByteView certificate);

// Of a certificate in PEM or DER.
[[nodiscard]] Result<PublicKey> public_key_of_certificate(ByteView certificate);
[[nodiscard]] Result<std::string> common_name_of_certificate(ByteView certificate);
// Of a DER SubjectPublicKeyInfo.
[[nodiscard]] Result<PublicKey> public_key_of_spki(ByteView spki);

}  // namespace assay::crypto
