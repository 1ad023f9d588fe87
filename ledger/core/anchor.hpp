// The anchor (docs/formats.md, section 10): all that a device trusts from the factory on. The
// ledger, the OEM's root key and the members of the first epoch. Pure.

#pragma once

#include <string>

#include "ledger/core/epoch_record.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::ledger {

inline constexpr std::size_t kAnchorBytesMax = 64 * 1024;

struct Anchor {
    ChainId chain_id;
    std::string origin;
    Uuid vendor{};
    Slot oem_slot = 0;
    crypto::PublicKey oem_root;
    EpochRecord epoch;
    friend bool operator==(const Anchor&, const Anchor&) = default;
};

[[nodiscard]] Bytes encode_anchor(const Anchor& anchor);
// Refuses an epoch record of another chain.
[[nodiscard]] Result<Anchor> decode_anchor(ByteView input);

}  // namespace assay::ledger
