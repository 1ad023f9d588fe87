// Enrolment: a device's certificate request goes to its gateway's operator; certificate, CA, anchor
// and ledger id come back and are put into the device's folder. The messages of POST /v1/devices,
// and the one function that puts the answer where assay-device looks for it.

#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::protocol {

inline constexpr std::size_t kEnrolmentBytesMax = 256 * 1024;

// Files of a device's folder.
inline constexpr std::string_view kConfigFile = "device.json";
inline constexpr std::string_view kKeyFile = "device.key";
inline constexpr std::string_view kRequestFile = "device.csr";
inline constexpr std::string_view kCertificateFile = "device.crt";
inline constexpr std::string_view kCaFile = "site-ca.crt";
inline constexpr std::string_view kAnchorFile = "anchor.cbor";

struct EnrolmentRequest {
    std::string id;
    std::string csr;     // PEM
    std::string vendor;  // name or 32 hexadecimal digits: whose anchor the device gets
    bool replace_key = false;  // of a device that is enrolled with another one
    friend bool operator==(const EnrolmentRequest&, const EnrolmentRequest&) = default;
};

// POST kFactoryPath, at the listener for blank devices. With a token the device is enrolled at once;
// without one it waits for the operator, and asks again.
struct FactoryRequest {
    std::string id;
    std::string csr;  // PEM
    std::string vendor, device_class, component;
    std::string hardware;  // revision; may be empty
    std::string token;     // its secret; may be empty
    friend bool operator==(const FactoryRequest&, const FactoryRequest&) = default;
};

// A token as it is handed out, "SECRET.PIN": what makes it good once, and the SHA-256 of the public key
// of the gateway it is for, by which a blank device knows it. 32 and 64 hexadecimal digits.
struct FactoryToken {
    std::string secret;
    Sha256Digest pin;
    friend bool operator==(const FactoryToken&, const FactoryToken&) = default;
};
[[nodiscard]] std::string to_string(const FactoryToken& token);
[[nodiscard]] Result<FactoryToken> parse_factory_token(std::string_view text);

struct EnrolmentAnswer {
    std::string certificate;  // PEM, as is ca
    std::string ca;
    Bytes anchor;  // encoded; base64 in JSON
    ledger::LedgerDeviceId ledger_id{};
    std::string gateway;  // URL of the device listener; may be empty
    friend bool operator==(const EnrolmentAnswer&, const EnrolmentAnswer&) = default;
};

[[nodiscard]] std::string to_json(const FactoryRequest& request);
[[nodiscard]] std::string to_json(const EnrolmentRequest& request);
[[nodiscard]] std::string to_json(const EnrolmentAnswer& answer);
[[nodiscard]] Result<FactoryRequest> parse_factory_request(std::string_view text);
[[nodiscard]] Result<EnrolmentRequest> parse_enrolment_request(std::string_view json);
[[nodiscard]] Result<EnrolmentAnswer> parse_enrolment_answer(std::string_view json);

// Writes certificate, CA and anchor, and then completes device.json, all durably. A gateway URL
// that device.json has already is kept.
[[nodiscard]] Result<void> store_enrolment(const std::filesystem::path& folder,
                                           const EnrolmentAnswer& answer);

}  // namespace assay::protocol
