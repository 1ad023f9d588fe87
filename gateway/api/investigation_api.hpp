// What auditors ask a gateway, on the operator listener.
//
//   GET /v1/devices/{id}/history   what this gateway knows of one device, in order
//   GET /v1/case?device=ID | ?release=LEAF | &from=T | &to=T   a case file, to be checked offline

#pragma once

#include <string>

#include "gateway/api/api_support.hpp"
#include "gateway/investigation/case_builder.hpp"
#include "host/http/router.hpp"

namespace assay::gateway {

struct InvestigationParts {
    CaseSources sources;
    const ledger::Node& consortium;
    const ledger::Node& gateway;
    std::string name;  // of this gateway in the registry
    const Clock& clock;
};
// What the parts refer to outlives the router.
void add_investigation_routes(http::Router& router, const InvestigationParts& parts);

}  // namespace assay::gateway
