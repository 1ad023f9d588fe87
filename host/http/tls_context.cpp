#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "host/http/tls_internal.hpp"

namespace assay::http {
namespace {

constexpr long kPeerChainBytesMax = 32 * 1024;

tl::unexpected<Error> malformed(const std::string& what) {
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return fail(Refusal::kMalformed, reason == nullptr ? what : what + " (" + reason + ")");
}

BioPtr reader_of(ByteView pem) {
    return BioPtr{BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))};
}

// A key under a pass phrase does not load: without this OpenSSL would ask on the terminal.
int no_pass_phrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

X509Ptr next_certificate(BIO* pem) {
    return X509Ptr{PEM_read_bio_X509(pem, nullptr, no_pass_phrase, nullptr)};
}

// Reading past the last PEM block is an error to OpenSSL; to us only if something else was there.
bool at_end_of_pem() {
    const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end;
}

Result<void> load_identity(SSL_CTX* ctx, const TlsOptions& options) {
    const BioPtr chain = reader_of(options.certificate_pem);
    const X509Ptr own = next_certificate(chain.get());
    if (!own || SSL_CTX_use_certificate(ctx, own.get()) != 1) {
        return malformed("own TLS certificate does not load");
    }
    while (X509Ptr issuer = next_certificate(chain.get())) {
        if (SSL_CTX_add1_chain_cert(ctx, issuer.get()) != 1) {
            return malformed("intermediate TLS certificate does not load");
        }
    }
    if (!at_end_of_pem()) return malformed("intermediate TLS certificate does not load");

    const BioPtr key_text = reader_of(options.key_pem);
    const KeyPtr key{PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_pass_phrase, nullptr)};
    if (!key) return malformed("TLS private key does not load");
    if (SSL_CTX_use_PrivateKey(ctx, key.get()) != 1 || SSL_CTX_check_private_key(ctx) != 1) {
        return malformed("TLS private key does not belong to the certificate");
    }
    return {};
}

Result<void> load_authorities(SSL_CTX* ctx, ByteView ca_pem) {
    const BioPtr pem = reader_of(ca_pem);
    int count = 0;
    while (X509Ptr authority = next_certificate(pem.get())) {
        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), authority.get()) != 1) {
            return malformed("CA certificate cannot be used");
        }
        ++count;
    }
    if (!at_end_of_pem() || count == 0) return malformed("CA certificate does not load");
    return {};
}

Result<void> require_server_name(SSL_CTX* ctx, const std::string& name) {
    X509_VERIFY_PARAM* param = SSL_CTX_get0_param(ctx);
    if (X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1) return {};
    ERR_clear_error();
    if (X509_VERIFY_PARAM_set1_host(param, name.data(), name.size()) == 1) return {};
    return malformed("TLS server name '" + name + "' is not usable");
}

// RFC 7301, section 3.2: a client that offers protocols, but none of ours, is refused.
int select_alpn(SSL* /*ssl*/,
                const unsigned char** chosen,
                unsigned char* chosen_size,
                const unsigned char* offered,
                unsigned offered_size,
                void* context) noexcept {
    const auto* impl = static_cast<const TlsContext::Impl*>(context);
    unsigned char* match = nullptr;
    const int found =
        SSL_select_next_proto(&match, chosen_size, as_uchar(ByteView(impl->alpn_wire)),
                              static_cast<unsigned>(impl->alpn_wire.size()), offered, offered_size);
    if (found != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = match;
    return SSL_TLSEXT_ERR_OK;
}

Result<void> configure_alpn(TlsContext::Impl& impl, const std::vector<std::string>& protocols) {
    for (const std::string& name : protocols) {
        if (name.empty() || name.size() > 255) {
            return fail(Refusal::kMalformed, "ALPN name '" + name + "'");
        }
        impl.alpn_wire.push_back(static_cast<std::byte>(name.size()));
        append(impl.alpn_wire, as_bytes(name));
    }
    if (impl.alpn_wire.empty()) return {};
    if (impl.role == TlsRole::kServer) {
        SSL_CTX_set_alpn_select_cb(impl.ctx.get(), select_alpn, &impl);
    } else if (SSL_CTX_set_alpn_protos(impl.ctx.get(), as_uchar(ByteView(impl.alpn_wire)),
                                       static_cast<unsigned>(impl.alpn_wire.size())) != 0) {
        return malformed("ALPN names");
    }
    return {};
}

int verify_mode(const TlsOptions& options) noexcept {
    if (options.role == TlsRole::kClient) return SSL_VERIFY_PEER;
    switch (options.client_certificate) {
        case ClientCertificate::kIgnored:
            return SSL_VERIFY_NONE;
        case ClientCertificate::kOptional:
            return SSL_VERIFY_PEER;
        case ClientCertificate::kRequired:
            break;
    }
    return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
}

int take_time_ahead(int fine, X509_STORE_CTX* store) {
    return fine == 1 || X509_STORE_CTX_get_error(store) == X509_V_ERR_CERT_NOT_YET_VALID ? 1 : 0;
}

void configure_protocol(SSL_CTX* ctx) {
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    // A ticket costs memory on both sides and saves a handshake that keep-alive saves already.
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_num_tickets(ctx, 0);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, kPeerChainBytesMax);
}

}  // namespace

Result<std::shared_ptr<const TlsContext>> TlsContext::make(const TlsOptions& options) {
    ERR_clear_error();
    const bool server = options.role == TlsRole::kServer;
    const int mode = verify_mode(options);
    if (mode != SSL_VERIFY_NONE && options.ca_pem.empty() && !options.accept) {
        return fail(Refusal::kMalformed, "TLS needs a CA certificate or a pin to check its peers");
    }
    if (server && options.certificate_pem.empty()) {
        return fail(Refusal::kMalformed, "a TLS server needs a certificate");
    }

    auto impl = std::make_unique<Impl>();
    impl->role = options.role;
    impl->accept = options.accept;
    impl->has_ca = !options.ca_pem.empty();
    impl->bio_method = make_engine_bio_method();
    impl->ctx.reset(SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()));
    if (!impl->ctx || !impl->bio_method) return malformed("OpenSSL does not start");

    SSL_CTX* ctx = impl->ctx.get();
    configure_protocol(ctx);
    impl->time_at_least = options.time_at_least;
    SSL_CTX_set_verify(ctx, mode, options.time_at_least ? take_time_ahead : nullptr);
    SSL_CTX_set_cert_verify_callback(ctx, verify_peer_certificate, impl.get());
    if (!options.certificate_pem.empty()) {
        if (auto loaded = load_identity(ctx, options); !loaded) return fail(loaded.error());
    }
    if (impl->has_ca) {
        if (auto loaded = load_authorities(ctx, options.ca_pem); !loaded) {
            return fail(loaded.error());
        }
    }
    if (!server && !options.server_name.empty()) {
        auto named = require_server_name(ctx, options.server_name);
        if (!named) return fail(named.error());
    }
    if (auto done = configure_alpn(*impl, options.alpn); !done) return fail(done.error());
    return std::shared_ptr<const TlsContext>(new TlsContext(std::move(impl)));
}

TlsContext::TlsContext(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
TlsContext::~TlsContext() = default;

TlsRole TlsContext::role() const noexcept { return impl_->role; }

}  // namespace assay::http
