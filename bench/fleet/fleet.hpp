// A fleet of virtual devices: keys and certificates that a gateway's registry knows, made in one go and
// kept in a file, so that thousands need not be enrolled one by one.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "host/crypto/signature.hpp"
#include "host/http/tls.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::fleet {

struct FleetDevice {
    std::string id;
    std::shared_ptr<const crypto::PrivateKey> key;
    ledger::LedgerDeviceId ledger_id{};
    std::shared_ptr<const http::TlsContext> tls;
};

// Enrols `count` devices, "fleet-0" and so on, in the store of the gateway in `member`, whose daemon
// must not run, and writes what they need to be these devices.
[[nodiscard]] Result<void> seed_fleet(const std::filesystem::path& member,
                                      std::size_t count,
                                      const std::filesystem::path& out);

// The first `count` of them; fails if there are fewer.
[[nodiscard]] Result<std::vector<FleetDevice>> load_fleet(const std::filesystem::path& file,
                                                          std::size_t count);

}  // namespace assay::fleet
