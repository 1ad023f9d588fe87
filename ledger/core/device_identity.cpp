#include "ledger/core/device_identity.hpp"

#include <algorithm>

#include "host/crypto/random.hpp"

namespace assay::ledger {
namespace {

constexpr std::string_view kSaltDomain{"ASSAY1-device-salt\0", 19};

}  // namespace

DeviceSalt device_salt(ByteView operator_salt, std::string_view serial) {
    return crypto::hmac_sha256(operator_salt,
                               as_bytes(std::string(kSaltDomain) + std::string(serial)))
        .as<DeviceSalt>();
}

LedgerDeviceId ledger_device_id(const DeviceSalt& salt, std::string_view serial) {
    const Sha256Digest mac = crypto::hmac_sha256(salt.view(), as_bytes(serial));
    LedgerDeviceId id{};
    std::copy_n(mac.bytes.begin(), id.size(), id.begin());
    return id;
}

LedgerDeviceId ledger_device_id(ByteView operator_salt, std::string_view serial) {
    return ledger_device_id(device_salt(operator_salt, serial), serial);
}

}  // namespace assay::ledger
