// Makes the nodes of this member from its folder: genesis, keys, engine and peers of one ledger.

#pragma once

#include <memory>

#include <boost/asio/any_io_executor.hpp>

#include "gateway/api/status_api.hpp"
#include "gateway/config.hpp"
#include "gateway/member_folder.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/compute/engine_registry.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// The engines this daemon works with, and why these.
struct ChosenEngines {
    compute::HashEngine* hash = nullptr;
    compute::PowEngine* mine = nullptr;
    EngineStatus status;
};
// What the configuration and the environment say of engines.
[[nodiscard]] compute::EngineOptions engine_options(const Config& config);
// Tests engines and builds kernels: may take seconds. `engines` owns what is chosen.
[[nodiscard]] Result<ChosenEngines> choose_engines(compute::Engines& engines, const Config& config);

struct NodeParts {
    const MemberFolder& folder;
    const Config& config;
    const ChosenEngines& engines;
    const Clock& clock;
};
// Fails, naming the remedy, if there is no genesis, if it is not of this kind, or if it does not
// name this member.
[[nodiscard]] Result<std::unique_ptr<ledger::Node>> open_node(boost::asio::any_io_executor executor,
                                                              ledger::LedgerKind kind,
                                                              const NodeParts& parts);

}  // namespace assay::gateway
