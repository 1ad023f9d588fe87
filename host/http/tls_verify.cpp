// Who the peer is and whether we accept it.

#include <algorithm>

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>

#include "host/http/tls_internal.hpp"

namespace assay::http {
namespace {

// The subject's one common name. Two names, or control characters, would let a certificate look
// like another one's to whoever reads it differently: such a certificate has none.
std::string common_name_of(const X509* certificate) {
    const X509_NAME* subject = X509_get_subject_name(certificate);
    const int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, index) >= 0) return {};
    unsigned char* utf8 = nullptr;
    const int size =
        ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    if (size < 0) return {};
    std::string name(as_text(as_bytes(utf8, static_cast<std::size_t>(size))));
    OPENSSL_free(utf8);
    const bool printable = std::none_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    return printable ? name : std::string{};
}

std::unique_ptr<PeerIdentity> identity_of(X509* certificate) {
    auto identity = std::make_unique<PeerIdentity>();
    identity->common_name = common_name_of(certificate);
    unsigned char* der = nullptr;
    const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    if (size <= 0) return nullptr;
    identity->spki_der = to_bytes(as_bytes(der, static_cast<std::size_t>(size)));
    OPENSSL_free(der);
    SHA256(as_uchar(ByteView(identity->spki_der)), identity->spki_der.size(),
           as_uchar(std::span<std::byte>(identity->spki_sha256.bytes)));
    return identity;
}

bool refuse(TlsEngine::Impl& engine, X509_STORE_CTX* store, int error, std::string why) {
    X509_STORE_CTX_set_error(store, error);  // decides which alert the peer gets
    engine.refusal = std::move(why);
    return false;
}

bool verify(X509_STORE_CTX* store, const TlsContext::Impl& context, TlsEngine::Impl& engine) {
    X509* certificate = X509_STORE_CTX_get0_cert(store);
    auto identity = certificate == nullptr ? nullptr : identity_of(certificate);
    if (!identity) return refuse(engine, store, X509_V_ERR_CERT_REJECTED, "unreadable certificate");
    const std::string who = "certificate of '" + identity->common_name + "'";

    if (context.time_at_least) {
        X509_STORE_CTX_set_time(store, 0, static_cast<time_t>(context.time_at_least()));
    }
    if (context.has_ca && X509_verify_cert(store) <= 0) {
        const int error = X509_STORE_CTX_get_error(store);
        return refuse(engine, store, error, who + ": " + X509_verify_cert_error_string(error));
    }
    if (context.accept && !context.accept(*identity)) {
        return refuse(engine, store, X509_V_ERR_CERT_REJECTED, who + ": its key is not known here");
    }
    X509_STORE_CTX_set_error(store, X509_V_OK);
    engine.identity = std::move(identity);
    return true;
}

}  // namespace

int verify_peer_certificate(X509_STORE_CTX* store, void* context) noexcept {
    const auto* ssl = static_cast<const SSL*>(
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
    auto* engine = static_cast<TlsEngine::Impl*>(SSL_get_app_data(ssl));
    try {
        return verify(store, *static_cast<const TlsContext::Impl*>(context), *engine) ? 1 : 0;
    } catch (const std::exception& problem) {
        return refuse(*engine, store, X509_V_ERR_CERT_REJECTED, problem.what()) ? 1 : 0;
    }
}

}  // namespace assay::http
