// Whom this gateway's devices are: issues their certificates under the site's CA and derives the
// ids by which the ledger knows them. Made from the files of the member folder; io thread only.

#pragma once

#include <string>
#include <string_view>

#include "gateway/member_folder.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

class SiteAuthority {
  public:
    [[nodiscard]] static Result<SiteAuthority> load(const MemberFolder& folder);

    struct Identity {
        Bytes certificate_pem;
        crypto::PublicKey key;
        ledger::LedgerDeviceId ledger_id{};
    };
    // For the key in the request, whatever name the request carries. Fails with kMalformed if `id`
    // cannot be a common name, kSignatureInvalid if the requester does not hold the key.
    [[nodiscard]] Result<Identity> issue(std::string_view id, ByteView csr_pem) const;

    // What opens the name that the ledger has for that device, and no other's.
    [[nodiscard]] ledger::DeviceSalt salt_of(std::string_view id) const {
        return ledger::device_salt(salt_, id);
    }

    [[nodiscard]] const Bytes& certificate_pem() const noexcept { return ca_pem_; }

  private:
    SiteAuthority(Bytes ca_pem, crypto::PrivateKey key, Bytes salt)
        : ca_pem_{std::move(ca_pem)}, key_{std::move(key)}, salt_{std::move(salt)} {}

    Bytes ca_pem_;
    crypto::PrivateKey key_;
    Bytes salt_;
};

}  // namespace assay::gateway
