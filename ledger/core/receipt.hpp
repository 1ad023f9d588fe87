// The receipt (docs/formats.md, section 8): a device's signed word on what it did with a release.
// Made by the device agent, checked and stored by the gateway, recorded in batches on the gateway
// ledger. Pure.

#pragma once

#include <array>
#include <optional>
#include <string>

#include "host/base/cbor.hpp"
#include "host/crypto/cose.hpp"
#include "ledger/core/device_identity.hpp"
#include "ledger/core/ids.hpp"

namespace assay::ledger {

enum class ReceiptEvent : std::uint8_t {
    kOffered,     // by the gateway
    kDownloaded,  // by the gateway
    kVerified,
    kInstalled,
    kConfirmed,
    kFailed,
    kRolledBack,
    kRefused,
};
inline constexpr std::size_t kReceiptEvents = 8;
[[nodiscard]] std::string_view to_string(ReceiptEvent event) noexcept;  // "rolled-back"

inline constexpr std::size_t kReceiptBytesMax = 2048;

struct ReceiptBody {
    LedgerDeviceId device{};
    LeafHash release;
    ReceiptEvent event = ReceiptEvent::kVerified;
    std::uint32_t counter = 0;  // of the device key, strictly increasing
    std::uint16_t result = 0;   // 0, or the number of a refusal word
    Sha256Digest running;       // SHA-256 of the running image, zero on a blank device
    std::array<std::byte, 8> nonce{};
    std::uint8_t slot = 0;  // the release goes to: 0 A, 1 B
    std::optional<std::uint64_t> time;
    bool attested_by_gateway = false;
    std::optional<std::array<std::byte, 16>> salt;  // with attested_by_gateway
    std::optional<std::string> detail;
    Bytes extensions;  // an encoded CBOR map with text keys, or empty

    friend bool operator==(const ReceiptBody&, const ReceiptBody&) = default;
};

[[nodiscard]] Bytes encode_receipt_body(const ReceiptBody& body);
[[nodiscard]] Result<Bytes> sign_receipt(const ReceiptBody& body, const crypto::PrivateKey& key);

struct Receipt {
    ReceiptBody body;
    crypto::CoseSignature signature;
};

// Checks the layout, not the signature. The result points into `input`.
[[nodiscard]] Result<Receipt> decode_receipt(ByteView input);
[[nodiscard]] inline bool verify(const Receipt& receipt, const crypto::PublicKey& key) {
    return crypto::verify(receipt.signature, key);
}

}  // namespace assay::ledger
