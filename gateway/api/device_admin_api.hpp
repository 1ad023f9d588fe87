// Devices and their receipts on the operator listener. Gateways only.
//
//   GET  /v1/devices          what each reported, is assigned and has confirmed
//   POST /v1/devices          enrols one: {"id","csr","vendor"}; operator token
//   POST /v1/devices/{id}/labels   its site and tags, for rollouts; operator token
//   POST /v1/devices/{id}/retry    offers it again at once what failed on it; operator token
//   GET  /v1/receipts/audit   whether each receipt is on the gateway ledger exactly once

#pragma once

#include <string>

#include "gateway/api/api_support.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/poll_waiters.hpp"
#include "gateway/dispatch/site_authority.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "gateway/release/release_catalog.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct DeviceAdminParts {
    DeviceRegistry& devices;
    const SiteAuthority& authority;
    DispatchRules rules;
    RolloutBook& rollouts;
    PollWaiters& waiters;
    const ReceiptStore& receipts;
    const ledger::Node& consortium;
    const ledger::Node& gateway;
    const Clock& clock;
    const OperatorToken& token;
    std::string devices_url;  // what enrolled devices are told, "https://..."
};
// What the parts refer to outlives the router.
void add_device_admin_routes(http::Router& router, const DeviceAdminParts& parts);

}  // namespace assay::gateway
