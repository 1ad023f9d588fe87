// What `assay-device status --json` prints. Plain values.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/base/bytes.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::protocol {

struct DeviceStatus {
    std::string id;
    std::uint64_t slot = 0;  // active: 0 A, 1 B
    std::string state;
    std::optional<std::uint64_t> sequence;  // confirmed; none on a blank device
    std::string version;
    Sha256Digest running;
    std::optional<ledger::LeafHash> pending;
    std::uint64_t sequence_floor = 0;
    std::optional<ledger::TrustedCheckpoint> checkpoint;
    std::uint64_t policy_version = 0;
    std::uint64_t receipts_made = 0;
    std::uint64_t receipts_waiting = 0;
    std::uint64_t receipts_kept = 0;  // acknowledged, and not known to be final
    struct Refused {
        ledger::LeafHash release;
        std::string word;
        std::uint64_t attempts = 0;
    };
    std::vector<Refused> refused;
};

[[nodiscard]] std::string to_json(const DeviceStatus& status);
[[nodiscard]] std::string to_text(const DeviceStatus& status);  // for people, several lines

}  // namespace assay::protocol
