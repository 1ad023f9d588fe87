// Takes blank devices in: with a good token at once, without one when the operator has accepted them. What
// lets a device in is on disk before its certificate is given out, and a device whose answer was lost
// may ask again with the same key. Also what the operator says of devices: accept, refuse, block. Io thread
// only.

#pragma once

#include <string>
#include <string_view>

#include "device/protocol/enrolment.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/site_authority.hpp"
#include "gateway/enrolment/request_book.hpp"
#include "gateway/enrolment/token_book.hpp"
#include "host/base/clock.hpp"
#include "host/http/message.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct FactoryParts {
    DeviceRegistry& devices;
    TokenBook& tokens;
    RequestBook& requests;
    const SiteAuthority& authority;
    const ledger::Node& consortium;
    const Clock& clock;
    std::string devices_url;  // what enrolled devices are told
};

// 201 with the enrolment, 202 {"state":"pending"}, or why not: 403 token-unknown, token-expired,
// token-used, vendor-mismatch, class-mismatch, request-refused, device-blocked; 409 already-enrolled.
[[nodiscard]] http::Response admit(const FactoryParts& parts, std::string_view request);

// Of a device that is enrolled, waits, or is yet to come. True if there is anything to accept; to block,
// there always is.
[[nodiscard]] Result<bool> accept_device(const FactoryParts& parts, const std::string& id);
[[nodiscard]] Result<void> block_device(const FactoryParts& parts, const std::string& id);
// Of one that waits, was accepted and has not come yet, or was blocked with a key: from now on its name is free
// for any key but that one. False if there is none.
[[nodiscard]] Result<bool> refuse_request(const FactoryParts& parts, const std::string& id);

}  // namespace assay::gateway
