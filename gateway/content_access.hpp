// Who may read content over mutual TLS: active members of the consortium, devices enrolled here, and
// keys on the allow-list of the configuration. Everyone else is turned away in the handshake. (What
// anyone may read is served on a listener of its own, if there is one.) Io thread only.

#pragma once

#include <vector>

#include "gateway/dispatch/device_registry.hpp"
#include "host/http/tls.hpp"
#include "ledger/chain/chain.hpp"

namespace assay::gateway {

class ContentAccess {
  public:
    // `chain`, and `devices` if not null, outlive this.
    ContentAccess(const ledger::Chain& chain,
                  DeviceRegistry* devices,
                  std::vector<Sha256Digest> allowed_keys)
        : chain_{&chain}, devices_{devices}, allowed_keys_{std::move(allowed_keys)} {}

    [[nodiscard]] bool may_read(const http::PeerIdentity& peer) const;

  private:
    const ledger::Chain* chain_;
    DeviceRegistry* devices_;
    std::vector<Sha256Digest> allowed_keys_;  // SHA-256 of SubjectPublicKeyInfo
};

}  // namespace assay::gateway
