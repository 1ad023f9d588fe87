// How this node is, on the operator listener.
//
//   GET /livez       200 while the io thread answers
//   GET /readyz      200 when everything is started; 503 before that, while stopping, and when a
//                    database has failed: a ledger's is opened again every few seconds, that of
//                    devices and receipts at the next start
//   GET /v1/status   one document: roles, engines, ledgers, content, devices, receipts, refusals

#pragma once

#include <string>
#include <vector>

#include "gateway/content_care.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/receipt/blob_copier.hpp"
#include "gateway/receipt/receipt_recorder.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/release/release_catalog.hpp"
#include "host/compute/engine_registry.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct EngineStatus {
    std::string mine, mine_reason;
    std::string hash, hash_reason;
};

// What only a gateway has.
struct GatewayStatusParts {
    const ledger::Node& ledger;
    const ledger::KeyValueStore& store;
    const DeviceRegistry& devices;
    const ReleaseCatalog& catalog;
    const ReceiptStore& receipts;
    const BlobCopier& copies;
    const ReceiptRecorder& recorder;
};

struct StatusApiParts {
    std::string name;
    EngineStatus chosen;
    const compute::Engines& engines;
    const ledger::Node& consortium;
    const RefusalLog& refusals;
    const ContentCare& content;
    std::optional<GatewayStatusParts> gateway;
    const bool& ready;
};
// What the parts refer to outlives the router.
void add_status_routes(http::Router& router, const StatusApiParts& parts);

// The answer to /readyz. `store` may be null.
[[nodiscard]] http::Response readiness(bool ready,
                                       std::span<const ledger::Chain* const> ledgers,
                                       const ledger::KeyValueStore* store);

}  // namespace assay::gateway
