// Releases and vendor policies on the operator listener.
//
//   GET /v1/releases                  all on the ledger; on a gateway with how far each is
//   GET /v1/releases/{leaf}/proof     device proof, application/cbor
//   GET /v1/policies/{vendor}         the newest policy; {vendor} is a name or 32 hexadecimal
//   digits

#pragma once

#include "gateway/release/release_catalog.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct ReleaseApiParts {
    const ledger::Node& consortium;
    const ReleaseCatalog* catalog;  // null: this member is no gateway
};
// The parts outlive the router.
void add_release_routes(http::Router& router, const ReleaseApiParts& parts);

}  // namespace assay::gateway
