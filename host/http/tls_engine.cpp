#include <algorithm>
#include <cstring>

#include <openssl/err.h>

#include "host/base/assert.hpp"
#include "host/http/tls_internal.hpp"

namespace assay::http {
namespace {

// More than one write of the stream and a handshake's last messages. What could exceed it is the
// answers to a peer that only ever asks for new keys (RFC 8446, section 4.6.3).
constexpr std::size_t kOutputBytesMax = 256 * 1024;

// RFC 8446, section 5.2: header, content type and the tag of the cipher.
constexpr std::size_t kRecordOverhead = 5 + 1 + 16;

int bio_write(BIO* bio, const char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    auto* engine = static_cast<TlsEngine::Impl*>(BIO_get_data(bio));
    if (engine->output.size() >= kOutputBytesMax) return -1;
    append(engine->output, as_bytes(std::string_view(data, static_cast<std::size_t>(size))));
    return size;
}

int bio_read(BIO* bio, char* data, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    auto* engine = static_cast<TlsEngine::Impl*>(BIO_get_data(bio));
    const std::size_t rest = engine->input.size() - engine->input_used;
    if (rest == 0) {
        if (engine->input_ended) return 0;
        BIO_set_retry_read(bio);
        return -1;
    }
    const std::size_t taken = std::min(rest, static_cast<std::size_t>(size));
    std::memcpy(data, engine->input.data() + engine->input_used, taken);
    engine->input_used += taken;
    if (engine->input_used == engine->input.size()) {
        engine->input = Bytes{};  // nothing is kept for an idle connection
        engine->input_used = 0;
    }
    return static_cast<int>(taken);
}

long bio_ctrl(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
    if (command == BIO_CTRL_FLUSH) return 1;
    if (command != BIO_CTRL_EOF) return 0;
    const auto* engine = static_cast<const TlsEngine::Impl*>(BIO_get_data(bio));
    return engine->input_ended && engine->input.empty() ? 1 : 0;
}

// RFC 8446, section 6.2: the alerts by which a peer says that it does not want our certificate.
bool is_about_certificate(int alert) noexcept {
    switch (alert) {
        case SSL_AD_BAD_CERTIFICATE:
        case SSL_AD_UNSUPPORTED_CERTIFICATE:
        case SSL_AD_CERTIFICATE_REVOKED:
        case SSL_AD_CERTIFICATE_EXPIRED:
        case SSL_AD_CERTIFICATE_UNKNOWN:
        case SSL_AD_UNKNOWN_CA:
        case SSL_AD_ACCESS_DENIED:
        case SSL_AD_CERTIFICATE_REQUIRED:
            return true;
        default:
            return false;
    }
}

tl::unexpected<Error> alert_error(int alert) {
    const std::string text = SSL_alert_desc_string_long(alert);
    if (is_about_certificate(alert)) {
        return fail(std::errc::permission_denied, "TLS peer refused our certificate: " + text);
    }
    return fail(std::errc::protocol_error, "TLS peer gave up: " + text);
}

tl::unexpected<Error> engine_error(TlsEngine::Impl& impl) {
    // The first error is the cause; what follows are its consequences.
    const unsigned long code = ERR_peek_error();
    const int reason = ERR_GET_REASON(code);
    const char* text = ERR_reason_error_string(code);
    ERR_clear_error();

    if (!impl.refusal.empty()) return fail(Refusal::kPeerUnknown, "TLS " + impl.refusal);
    if (ERR_GET_LIB(code) == ERR_LIB_SSL) {
        if (reason > SSL_AD_REASON_OFFSET) return alert_error(reason - SSL_AD_REASON_OFFSET);
        if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
            return fail(Refusal::kPeerUnknown, "TLS peer showed no certificate");
        }
        if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
            return fail(std::errc::connection_reset, impl.established
                                                         ? "TLS peer closed without saying so"
                                                         : "TLS peer closed during the handshake");
        }
    }
    return fail(std::errc::protocol_error,
                text == nullptr ? std::string("TLS failed") : "TLS failed: " + std::string(text));
}

}  // namespace

BioMethodPtr make_engine_bio_method() {
    BioMethodPtr method{BIO_meth_new(BIO_TYPE_SOURCE_SINK, "assay tls engine")};
    if (method) {
        BIO_meth_set_write(method.get(), bio_write);
        BIO_meth_set_read(method.get(), bio_read);
        BIO_meth_set_ctrl(method.get(), bio_ctrl);
    }
    return method;
}

TlsEngine::TlsEngine(std::shared_ptr<const TlsContext> context, std::string_view host)
    : impl_{std::make_unique<Impl>()} {
    const TlsContext::Impl& shared = *context->impl_;
    impl_->ssl.reset(SSL_new(shared.ctx.get()));
    BIO* bio = BIO_new(shared.bio_method.get());
    ASSAY_ASSERT(impl_->ssl && bio != nullptr);
    BIO_set_data(bio, impl_.get());
    BIO_set_init(bio, 1);
    SSL_set_bio(impl_->ssl.get(), bio, bio);
    SSL_set_app_data(impl_->ssl.get(), impl_.get());
    if (shared.role == TlsRole::kServer) {
        SSL_set_accept_state(impl_->ssl.get());
    } else {
        SSL_set_connect_state(impl_->ssl.get());
        std::string name(host);
        // SSL_set_tlsext_host_name without its C cast.
        if (!name.empty()) {
            SSL_ctrl(impl_->ssl.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                     name.data());
        }
    }
    impl_->context = std::move(context);
}

TlsEngine::~TlsEngine() = default;

void TlsEngine::feed(ByteView ciphertext) { append(impl_->input, ciphertext); }

void TlsEngine::feed_end() { impl_->input_ended = true; }

Bytes TlsEngine::take_output() noexcept { return std::exchange(impl_->output, Bytes{}); }

Result<bool> TlsEngine::handshake() {
    if (impl_->established) return true;
    ERR_clear_error();
    const int done = SSL_do_handshake(impl_->ssl.get());
    if (done != 1) {
        if (SSL_get_error(impl_->ssl.get(), done) == SSL_ERROR_WANT_READ) return false;
        return engine_error(*impl_);
    }
    impl_->established = true;
    if (impl_->identity) impl_->identity->alpn = std::string(alpn());
    return true;
}

Result<std::size_t> TlsEngine::read(std::span<std::byte> out) {
    if (impl_->closed || out.empty()) return 0;
    ERR_clear_error();
    std::size_t count = 0;
    const int done = SSL_read_ex(impl_->ssl.get(), out.data(), out.size(), &count);
    if (done == 1) return count;
    switch (SSL_get_error(impl_->ssl.get(), done)) {
        case SSL_ERROR_WANT_READ:
            return 0;
        case SSL_ERROR_ZERO_RETURN:
            impl_->closed = true;
            return 0;
        default:
            return engine_error(*impl_);
    }
}

Result<void> TlsEngine::write(ByteView plaintext) {
    if (plaintext.empty()) return {};
    ERR_clear_error();
    // All records of it, so that `output` does not grow, and move, with each.
    const std::size_t records = plaintext.size() / SSL3_RT_MAX_PLAIN_LENGTH + 1;
    impl_->output.reserve(impl_->output.size() + plaintext.size() + records * kRecordOverhead);
    std::size_t count = 0;
    if (SSL_write_ex(impl_->ssl.get(), plaintext.data(), plaintext.size(), &count) != 1) {
        return engine_error(*impl_);
    }
    // The BIO takes everything, so OpenSSL never stops half-way.
    ASSAY_ASSERT(count == plaintext.size());
    return {};
}

void TlsEngine::shutdown() {
    if (impl_->established) SSL_shutdown(impl_->ssl.get());
    ERR_clear_error();
}

bool TlsEngine::closed() const noexcept { return impl_->closed; }

bool TlsEngine::has_input() const noexcept {
    return !impl_->input.empty() || SSL_pending(impl_->ssl.get()) > 0;
}

const PeerIdentity* TlsEngine::peer() const noexcept {
    return impl_->established ? impl_->identity.get() : nullptr;
}

std::string_view TlsEngine::alpn() const noexcept {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(impl_->ssl.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

}  // namespace assay::http
