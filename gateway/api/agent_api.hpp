// What devices talk to (docs/formats.md, section 12): poll, proof, chunks, image, receipts. The
// listener has checked the client certificate; here the device must be enrolled with that very key.
// The image is sent from the block files, any range of it, without being put together first, to those
// devices it is assigned to, and no further once it is recalled or its rollout aborted. A poll may
// wait until there is something to say.

#pragma once

#include <boost/asio/thread_pool.hpp>

#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/poll_waiters.hpp"
#include "gateway/dispatch/send_pacer.hpp"
#include "gateway/group_commit.hpp"
#include "gateway/receipt/attestation_desk.hpp"
#include "gateway/receipt/receipt_desk.hpp"
#include "gateway/receipt/receipt_recorder.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/release/release_catalog.hpp"
#include "host/base/clock.hpp"
#include "host/http/router.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

struct AgentApiParts {
    GroupCommit& store;  // what the devices, rollouts and receipts below are kept in
    DeviceRegistry& devices;
    DispatchRules rules;
    RolloutBook& rollouts;
    ReceiptDesk& receipts;
    const ReceiptStore& stored_receipts;
    const ReceiptRecorder& recorder;
    AttestationDesk& attestations;
    PollWaiters& waiters;
    PollWaiters& overdrawn;  // devices that have asked too much wait here
    SendPacer& pacer;
    RequestBudget budget;
    const ledger::Node& consortium;
    RefusalLog& refusals;
    const Clock& clock;
    boost::asio::thread_pool& pool;  // checks signatures
};
// The parts outlive the router.
void add_agent_routes(http::Router& router, const AgentApiParts& parts);

}  // namespace assay::gateway
