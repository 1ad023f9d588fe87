#include "gateway/transport.hpp"

#include "host/base/file.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kPemBytesMax = 64 * 1024;

// load_key() refuses a file that others can read; its PEM is what TLS wants.
Result<Bytes> load_key_pem(const std::filesystem::path& path) {
    const auto key = crypto::load_key(path);
    if (!key) return fail(Error(key.error()));
    return key->to_pem();
}

std::function<bool(const http::PeerIdentity&)> is_active_member(const ledger::Chain& chain) {
    return [&chain](const http::PeerIdentity& peer) {  // of the members as they are then
        const ledger::Member* const member = chain.registry().find_by_spki(peer.spki_sha256);
        return member != nullptr && member->is_active();
    };
}

Result<http::TlsOptions> devices_tls_options(const MemberFolder& folder) {
    auto certificate = read_file(folder.devices_certificate(), kPemBytesMax);
    if (!certificate) return fail(std::move(certificate).error().within("devices certificate"));
    auto key = load_key_pem(folder.key("devices"));
    if (!key) return fail(std::move(key).error().within("devices key"));
    return http::TlsOptions(http::TlsRole::kServer, std::move(*certificate), std::move(*key));
}

}  // namespace

Result<crypto::TlsIdentity> load_member_identity(const MemberFolder& folder) {
    auto certificate = read_file(folder.tls_certificate(), kPemBytesMax);
    if (!certificate) return fail(std::move(certificate).error().within("TLS certificate"));
    auto key = load_key_pem(folder.key("tls"));
    if (!key) return fail(std::move(key).error().within("TLS key"));
    crypto::TlsIdentity identity;
    identity.certificate_pem = std::move(*certificate);
    identity.key_pem = std::move(*key);
    return identity;
}

Result<TlsPointer> content_server_tls(const crypto::TlsIdentity& identity,
                                      const ContentAccess& access) {
    http::TlsOptions options(http::TlsRole::kServer, identity.certificate_pem, identity.key_pem);
    options.accept = [&access](const http::PeerIdentity& peer) { return access.may_read(peer); };
    return http::TlsContext::make(options);
}

Result<TlsPointer> content_client_tls(const crypto::TlsIdentity& identity,
                                      const ledger::Chain& chain) {
    http::TlsOptions options(http::TlsRole::kClient, identity.certificate_pem, identity.key_pem);
    options.accept = is_active_member(chain);
    return http::TlsContext::make(options);
}

Result<TlsPointer> devices_server_tls(const MemberFolder& folder, DeviceRegistry* devices) {
    auto options = devices_tls_options(folder);
    if (!options) return fail(std::move(options).error());
    auto ca = read_file(folder.site_ca(), kPemBytesMax);
    if (!ca) return fail(std::move(ca).error().within("site CA"));
    options->ca_pem = std::move(*ca);
    if (devices != nullptr) {
        options->accept = [blocked = devices->blocked()](const http::PeerIdentity& peer) {
            return !blocked->contains(peer.common_name);  // who is unknown is told so
        };
    }
    return http::TlsContext::make(*options);
}

Result<TlsPointer> factory_server_tls(const MemberFolder& folder) {
    auto options = devices_tls_options(folder);
    if (!options) return fail(std::move(options).error());
    options->client_certificate = http::ClientCertificate::kIgnored;
    return http::TlsContext::make(*options);
}

Result<Sha256Digest> devices_key_pin(const MemberFolder& folder) {
    const auto certificate = read_file(folder.devices_certificate(), kPemBytesMax);
    if (!certificate) return fail(Error(certificate.error()).within("devices certificate"));
    return crypto::spki_sha256(*certificate);
}

}  // namespace assay::gateway
