// TLS 1.3 as bytes in, bytes out: OpenSSL driven directly, without sockets. Used by http::Stream,
// and through it by the HTTP server and client and by the ledgers' peer protocol.
//
// An idle connection keeps no record buffers (SSL_MODE_RELEASE_BUFFERS and a BIO of our own that
// holds nothing between calls). There is no resumption: neither tickets nor a session cache.
//
// Thread-safety: a TlsContext may be shared by threads once made; a TlsEngine belongs to one
// thread.

#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::http {

// Who is at the other end: taken from the certificate that the peer proved to hold the key of.
struct PeerIdentity {
    std::string common_name;
    Sha256Digest spki_sha256;  // of spki_der
    Bytes spki_der;            // SubjectPublicKeyInfo (RFC 5280, section 4.1)
    std::string alpn;          // negotiated protocol (RFC 7301); empty if none
};

enum class TlsRole { kServer, kClient };
// What a server does about client certificates. A client always checks its server.
enum class ClientCertificate { kIgnored, kOptional, kRequired };

struct TlsOptions {
    TlsOptions(TlsRole tls_role, Bytes certificate, Bytes key)
        : role{tls_role}, certificate_pem{std::move(certificate)}, key_pem{std::move(key)} {}

    TlsRole role;
    Bytes certificate_pem;  // own certificate, then intermediates; empty: a client without
    Bytes key_pem;

    // Trust. With `ca_pem` the peer's chain must lead to one of these certificates and be in date.
    // With `accept` the callback must agree as well; it sees no alpn, which is settled later. With
    // `accept` alone the certificate is only a carrier of the pinned key: its issuer and its dates
    // are not looked at. A client, and a server that asks for certificates, needs one or the other.
    Bytes ca_pem;
    std::function<bool(const PeerIdentity&)> accept;
    ClientCertificate client_certificate = ClientCertificate::kRequired;  // servers only
    // Clients only: if set, a server certificate checked against `ca_pem` must be for this DNS name
    // or IP address.
    std::string server_name;
    // For a device without a clock, which knows only that it is this late or later (seconds since 1970):
    // a certificate must not have ended by then, and one whose time is ahead is good. Asked in each
    // handshake. None: the clock.
    std::function<std::uint64_t()> time_at_least;

    // In order of preference. A server refuses a client that offers protocols, but none of these.
    std::vector<std::string> alpn;
};

class TlsContext {
  public:
    // Fails with Refusal::kMalformed, naming the part, if a PEM text does not load, the key does
    // not belong to the certificate, or a needed trust anchor is missing.
    [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> make(const TlsOptions& options);

    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

    [[nodiscard]] TlsRole role() const noexcept;

    struct Impl;  // OpenSSL's objects, tls_internal.hpp

  private:
    friend class TlsEngine;
    explicit TlsContext(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

// One connection. Ciphertext from the peer goes in by feed(); ciphertext for the peer comes out by
// take_output() after any other call, also after a failed one (it may hold the alert).
//
// Errors: Refusal::kPeerUnknown if we refuse the peer's certificate; std::errc::permission_denied
// if the peer refuses ours; std::errc::protocol_error for anything else. The text says why.
class TlsEngine {
  public:
    explicit TlsEngine(std::shared_ptr<const TlsContext> context, std::string_view host = {});
    TlsEngine(const TlsEngine&) = delete;
    TlsEngine& operator=(const TlsEngine&) = delete;
    ~TlsEngine();

    void feed(ByteView ciphertext);
    // The peer ended the TCP stream.
    void feed_end();
    [[nodiscard]] Bytes take_output() noexcept;

    // True once the handshake is done; false if more ciphertext is needed.
    [[nodiscard]] Result<bool> handshake();
    // Bytes of plaintext written to `out`; 0 if more ciphertext is needed, or if closed().
    // A TCP stream that ends without close_notify is an error (truncation attack).
    [[nodiscard]] Result<std::size_t> read(std::span<std::byte> out);
    [[nodiscard]] Result<void> write(ByteView plaintext);
    // Puts close_notify into the output.
    void shutdown();

    // The peer sent close_notify: nothing more will come.
    [[nodiscard]] bool closed() const noexcept;
    // read() may give plaintext without more ciphertext.
    [[nodiscard]] bool has_input() const noexcept;
    // Null before the handshake is done, and if the peer showed no certificate.
    [[nodiscard]] const PeerIdentity* peer() const noexcept;
    [[nodiscard]] std::string_view alpn() const noexcept;

    struct Impl;

  private:
    std::unique_ptr<Impl> impl_;
};

}  // namespace assay::http
