// Who the members are and what they are deciding, on the operator listener. `{ledger}` is
// "consortium" or "gateway"; without one it is the consortium.
//
//   GET /v1/ledgers/{ledger}/members      members, epoch in force, changes that wait for the next
//   GET /v1/ledgers/{ledger}/registry     the CBOR array of members whose hash coinbases name
//   GET /v1/ledgers/{ledger}/proposals
//   GET /v1/members, GET /v1/proposals
//   GET  /v1/ledgers/{ledger}/epoch       record of the epoch that is due, CBOR
//   POST /v1/ledgers/{ledger}/epoch       that record with root signatures; operator token
//   POST /v1/ledgers/{ledger}/resume      vote again after a loss; operator token

#pragma once

#include "gateway/api/ledger_api.hpp"

namespace assay::gateway {

// The parts outlive the router.
void add_member_routes(http::Router& router, const LedgerApiParts& parts);

}  // namespace assay::gateway
