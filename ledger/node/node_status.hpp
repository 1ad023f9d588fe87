// The JSON view of one chain for /v1/status. Pure.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <boost/json/fwd.hpp>

#include "ledger/chain/chain.hpp"
#include "ledger/net/peer_manager.hpp"
#include "ledger/node/checkpoint_store.hpp"
#include "ledger/node/member_duties.hpp"
#include "ledger/node/mining.hpp"

namespace assay::ledger {

struct NodeStatusParts {
    const Chain& chain;
    const PeerManager& peers;
    const CheckpointStore& checkpoints;
    DutyStatus duties;
    Slot slot = 0;  // our own
    std::optional<MiningStatus> mining{};  // none: this member does not mine
    std::uint64_t reorgs = 0;
    std::string last_error{};
};

// What is to be done when every connected member has let go of the block that comes next here; else
// empty.
[[nodiscard]] std::string missing_blocks(const Chain& chain, std::span<const PeerStatus> peers);

[[nodiscard]] boost::json::object node_status(const NodeStatusParts& parts);

}  // namespace assay::ledger
