// The TLS of a member's listeners and connections: who is let in, and whom it trusts. Peers and
// content are pinned to the registry of the consortium; devices show a certificate of the site's
// CA.

#pragma once

#include <memory>

#include "gateway/content_access.hpp"
#include "gateway/member_folder.hpp"
#include "host/base/result.hpp"
#include "host/crypto/certificate.hpp"
#include "host/http/tls.hpp"
#include "ledger/chain/chain.hpp"

namespace assay::gateway {

using TlsPointer = std::shared_ptr<const http::TlsContext>;

// The certificate and key by which this member is known to the others.
[[nodiscard]] Result<crypto::TlsIdentity> load_member_identity(const MemberFolder& folder);

// For the content listener. `access` outlives the context.
[[nodiscard]] Result<TlsPointer> content_server_tls(const crypto::TlsIdentity& identity,
                                                    const ContentAccess& access);
// For fetching content: the server must be an active member.
[[nodiscard]] Result<TlsPointer> content_client_tls(const crypto::TlsIdentity& identity,
                                                    const ledger::Chain& chain);
// For the devices listener: certificates of the site's CA only, and none of a device that `devices`
// says is blocked; it outlives the context.
[[nodiscard]] Result<TlsPointer> devices_server_tls(const MemberFolder& folder,
                                                    DeviceRegistry* devices = nullptr);
// For the listener for blank devices, which have no certificate: the same key.
[[nodiscard]] Result<TlsPointer> factory_server_tls(const MemberFolder& folder);
// SHA-256 of that key's SubjectPublicKeyInfo.
[[nodiscard]] Result<Sha256Digest> devices_key_pin(const MemberFolder& folder);

}  // namespace assay::gateway
