#include "gateway/content_access.hpp"

#include <algorithm>

#include "host/crypto/certificate.hpp"

namespace assay::gateway {

bool ContentAccess::may_read(const http::PeerIdentity& peer) const {
    const ledger::Member* const member = chain_->registry().find_by_spki(peer.spki_sha256);
    if (member != nullptr && member->is_active()) return true;
    if (std::find(allowed_keys_.begin(), allowed_keys_.end(), peer.spki_sha256) !=
        allowed_keys_.end()) {
        return true;
    }
    if (devices_ == nullptr) return false;
    // The name leads to the device, the key says that it is this one.
    const Device* const device = devices_->find(peer.common_name);
    if (device == nullptr || device->is_blocked) return false;
    return crypto::spki_sha256(device->key) == peer.spki_sha256;
}

}  // namespace assay::gateway
