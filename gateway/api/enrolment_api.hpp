// Enrolment on the production line: the one request of blank devices, at a listener of their own, and what
// the operator does about it on the operator listener.
//
//   GET  /v1/enrolments           who waits or is blocked, counts of tokens
//   POST /v1/enrolments/tokens    {"count","vendor","class","expires_s"}: {"tokens":[...]}; operator token
//   POST /v1/devices/{id}/accept  operator token
//   POST /v1/devices/{id}/refuse  operator token
//   POST /v1/devices/{id}/block   operator token

#pragma once

#include "gateway/api/api_support.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/enrolment/address_budget.hpp"
#include "gateway/enrolment/factory_desk.hpp"
#include "host/http/router.hpp"

namespace assay::gateway {

struct EnrolmentApiParts {
    FactoryParts factory;
    RolloutBook& rollouts;
    const OperatorToken& token;
    std::string factory_url;  // of the listener for blank devices; empty: there is none
    Sha256Digest pin;         // of its key
};

// What the parts refer to outlives the router.
void add_factory_routes(http::Router& router, const FactoryParts& parts, AddressBudget& budget);
void add_enrolment_routes(http::Router& router, const EnrolmentApiParts& parts);

}  // namespace assay::gateway
