// The ledgers on the operator listener: blocks and transactions to read, transactions to submit,
// inclusion proofs. `{ledger}` is "consortium" or "gateway".
//
//   GET  /v1/ledgers/{ledger}/blocks/{height}
//   GET  /v1/ledgers/{ledger}/events                        what the operator should hear
//   GET  /v1/ledgers/{ledger}/transactions/{leaf}           or a txid
//   GET  /v1/ledgers/{ledger}/transactions/{leaf}/proof     tlog-proof, text; ?entry=1: with the entry
//   GET  /v1/ledgers/{ledger}/policy                        tlog-policy of the epoch in force, text
//   GET  /v1/ledgers/{ledger}/bundle                        ?since=HEIGHT: a part of a bundle
//   POST /v1/ledgers/{ledger}/bundle                        such a part; operator token
//   POST /v1/ledgers/{ledger}/transactions                  a signed transaction; operator token

#pragma once

#include "gateway/api/api_support.hpp"
#include "gateway/refusal_log.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct LedgerApiParts {
    ledger::Node& consortium;
    ledger::Node* gateway;  // null: this member is no gateway
    RefusalLog& refusals;
    const OperatorToken& token;
};
// The node that the path's {ledger} names; null if there is none, which unknown_ledger() answers.
[[nodiscard]] ledger::Node* ledger_of(const LedgerApiParts& parts, const http::Request& request);
[[nodiscard]] http::Response unknown_ledger();

// The parts outlive the router.
void add_ledger_routes(http::Router& router, const LedgerApiParts& parts);

}  // namespace assay::gateway
