// How far the two ledgers bind each other, for /v1/status and `assay ledger status`: on the consortium
// ledger the newest anchor of each gateway ledger, on the gateway ledger the consortium's block that
// each gateway named last.

#pragma once

#include <boost/json/array.hpp>

#include "ledger/node/node.hpp"

namespace assay::gateway {

// [{"ledger","gateway","height","log_size","log_index","leaf","final"}], one for each ledger. `own`, the
// ledger of this gateway if it is one, adds "agrees": whether it has that log.
[[nodiscard]] boost::json::array describe_anchors(const ledger::Node& consortium,
                                                  const ledger::Chain* own);

// [{"gateway","batch","height","log_size"}], one for each gateway that has written a batch.
[[nodiscard]] boost::json::array describe_consortium_heads(const ledger::Chain& gateways);

}  // namespace assay::gateway
