// Rollouts on the operator listener (docs/rollouts.md). Gateways only.
//
//   GET  /v1/rollouts                 all, with how far their devices are that have begun
//   POST /v1/rollouts                 a new one; the same again is no error; operator token
//   GET  /v1/rollouts/{id}            one: its plan as well
//   GET  /v1/rollouts/{id}/devices    each device: whether it would be offered the release now
//   POST /v1/rollouts/dry-run         the same for a plan that is not to begin yet
//   POST /v1/rollouts/{id}/{action}   pause, resume, abort, approve, advance, delete; operator token

#pragma once

#include <functional>

#include "gateway/api/api_support.hpp"
#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct RolloutApiParts {
    RolloutBook& rollouts;
    const DeviceRegistry& devices;
    DispatchRules rules;
    const ledger::Node& consortium;
    const Clock& clock;
    const OperatorToken& token;
    std::function<void()> on_change;  // there may be something new to offer, or no longer
};
// What the parts refer to outlives the router.
void add_rollout_routes(http::Router& router, const RolloutApiParts& parts);

}  // namespace assay::gateway
