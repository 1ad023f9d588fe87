// What tls_context.cpp and tls_engine.cpp share; nobody else includes it.

#pragma once

#include <memory>
#include <string>

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "host/http/tls.hpp"

namespace assay::http {

template <auto Free>
struct OpensslDeleter {
    template <typename T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free>>;
using BioMethodPtr = std::unique_ptr<BIO_METHOD, OpensslDeleter<BIO_meth_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using SslPtr = std::unique_ptr<SSL, OpensslDeleter<SSL_free>>;
using SslCtxPtr = std::unique_ptr<SSL_CTX, OpensslDeleter<SSL_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;

struct TlsContext::Impl {
    TlsRole role = TlsRole::kServer;
    bool has_ca = false;
    std::function<bool(const PeerIdentity&)> accept;
    std::function<std::uint64_t()> time_at_least;
    Bytes alpn_wire;          // RFC 7301: each name after its length in one byte
    BioMethodPtr bio_method;  // before ctx, so that it goes last
    SslCtxPtr ctx;
};

struct TlsEngine::Impl {
    std::shared_ptr<const TlsContext> context;
    SslPtr ssl;

    // The transport: OpenSSL's BIO reads from `input` and writes to `output`.
    Bytes input;
    std::size_t input_used = 0;
    bool input_ended = false;
    Bytes output;

    std::unique_ptr<PeerIdentity> identity;
    std::string refusal;  // why we refused the peer's certificate
    bool established = false;
    bool closed = false;
};

// The BIO that connects an SSL with its TlsEngine::Impl (BIO_get_data).
[[nodiscard]] BioMethodPtr make_engine_bio_method();

// For SSL_CTX_set_cert_verify_callback; the argument is the TlsContext::Impl.
int verify_peer_certificate(X509_STORE_CTX* store, void* context) noexcept;

}  // namespace assay::http
