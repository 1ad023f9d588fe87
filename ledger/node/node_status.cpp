#include "ledger/node/node_status.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "host/base/text_encoding.hpp"
#include "ledger/core/evidence.hpp"

namespace assay::ledger {
namespace {

namespace json = boost::json;

json::object storage_view(const Chain& chain) {
    json::object out;
    out["ok"] = !chain.has_failed();
    if (chain.has_failed()) out["error"] = chain.failure();
    out["first_block"] = chain.first_block();
    out["keep_blocks"] = chain.options().keep_blocks;
    out["checks_ended"] = chain.checks_ended();
    out["checked_height"] = chain.checked_height();
    if (const auto& repair = chain.repair()) {
        json::object view;
        view["damage"] = repair->damage;
        view["blocks"] = repair->blocks;
        view["transactions"] = repair->transactions;
        view["old_store"] = repair->old_store;
        if (repair->pruned_below > 0) view["pruned_below"] = repair->pruned_below;
        out["repair"] = std::move(view);
    }
    return out;
}

json::array peers_view(const PeerManager& manager) {
    json::array out;
    for (const PeerStatus& peer : manager.peers()) {
        json::object entry;
        entry["name"] = peer.name;
        entry["slot"] = peer.slot;
        entry["connected"] = peer.connected;
        entry["height"] = peer.height;
        if (peer.connected) {
            entry["address"] = peer.address;
            entry["outbound"] = peer.outbound;
            if (peer.first_block > 0) entry["first_block"] = peer.first_block;
        }
        if (peer.score > 0) entry["score"] = peer.score;
        if (peer.left_alone) entry["left_alone"] = true;
        if (!peer.connected && !peer.last_error.empty()) entry["last_error"] = peer.last_error;
        out.push_back(std::move(entry));
    }
    return out;
}

json::object mining_view(const MiningStatus& mining) {
    json::object out;
    out["engine"] = mining.engine;
    out["searching"] = mining.searching;
    out["blocks"] = mining.blocks;
    out["hashes"] = mining.hashes;
    out["hashes_per_second"] = mining.hashes_per_second;
    if (!mining.last_error.empty()) out["last_error"] = mining.last_error;
    return out;
}

json::object count_view(std::uint64_t count, const std::string& last) {
    json::object out;
    out["count"] = count;
    if (!last.empty()) out["last"] = last;
    return out;
}

std::string_view to_string(VotingState state) noexcept {
    switch (state) {
        case VotingState::kOn:
            return "on";
        case VotingState::kNew:
            return "waiting";
        case VotingState::kOff:
            return "off";
    }
    return "off";
}

json::object finality_view(const Chain& chain, const DutyStatus& duties, Slot self) {
    const Epoch& epoch = chain.epoch();
    json::object out;
    out["final_height"] = chain.final_block().height;
    out["final"] = to_hex(chain.final_block().id.view());
    out["justified_height"] = chain.justified_block().height;
    out["epoch"] = epoch.number();
    out["faults_tolerated"] = epoch.faults_tolerated();
    if (epoch.faults_tolerated() == 0) {
        out["note"] = "with " + std::to_string(epoch.node_count()) +
                      " nodes finality tolerates no fault: every one of them must vote";
    }
    if (epoch.find_node(self) == nullptr) {
        out["voting"] = "not a node";
    } else {
        const bool listens = duties.voting == VotingState::kOn && !duties.why_not.empty();
        out["voting"] = listens ? "waiting" : to_string(duties.voting);
        if (!chain.conflict().empty()) out["voting"] = "off";
        if (!duties.why_not.empty()) out["why_not_voting"] = duties.why_not;
    }
    out["last_vote_height"] = duties.last_vote;
    out["votes_held"] = duties.votes_held;
    if (!chain.conflict().empty()) out["alarm"] = chain.conflict();
    json::array evidence;
    for (const EvidenceEntry& entry : all_evidence(chain.state())) {
        json::object item;
        item["slot"] = entry.evidence.first.slot;
        item["epoch"] = entry.evidence.first.epoch;
        item["leaf"] = to_hex(entry.leaf.view());
        evidence.push_back(std::move(item));
    }
    if (!evidence.empty()) out["evidence"] = std::move(evidence);
    if (!duties.last_error.empty()) out["last_error"] = duties.last_error;
    return out;
}

}  // namespace

std::string missing_blocks(const Chain& chain, std::span<const PeerStatus> peers) {
    const BlockHeight next = chain.tip().height + 1;
    std::string who;
    for (const PeerStatus& peer : peers) {
        if (!peer.connected || peer.height < next) continue;
        if (peer.first_block <= next) return "";
        who += (who.empty() ? "" : ", ") + peer.name + " keeps blocks from " +
               std::to_string(peer.first_block) + " on";
    }
    if (who.empty()) return "";
    return "block " + std::to_string(next) + " is kept by no member that is connected (" + who +
           "): connect one that keeps all blocks (without keep_blocks), or read a bundle that it "
           "writes: assay ledger bundle write --since " + std::to_string(next);
}

json::object node_status(const NodeStatusParts& parts) {
    const ChainTip& tip = parts.chain.tip();
    const auto& newest = parts.checkpoints.newest();
    const Registry& registry = parts.chain.registry();
    const PeerCounters& counters = parts.peers.counters();

    json::object out;
    out["chain_id"] = to_hex(parts.chain.chain_id().view());
    out["height"] = tip.height;
    out["tip"] = to_hex(tip.id.view());
    out["log_size"] = tip.log_size;
    out["final_size"] = newest ? newest->size : 0;
    if (newest) out["final_time"] = newest->time.time_since_epoch().count();
    out["finality"] = finality_view(parts.chain, parts.duties, parts.slot);
    out["members"] = registry.members().size();
    out["nodes"] = registry.node_count();
    out["quorum"] = registry.quorum();
    out["mempool"] = parts.chain.mempool_size();
    out["reorgs"] = parts.reorgs;
    out["storage"] = storage_view(parts.chain);
    out["peers"] = peers_view(parts.peers);
    if (auto missing = missing_blocks(parts.chain, parts.peers.peers()); !missing.empty()) {
        out["missing_blocks"] = std::move(missing);
    }
    if (parts.mining) out["mining"] = mining_view(*parts.mining);
    out["refused_peers"] = count_view(counters.refused, counters.last_refused);
    out["misbehaviour"] = count_view(counters.misbehaviours, counters.last_misbehaviour);
    if (!parts.peers.dial_errors().empty()) {
        json::object unreachable;
        for (const auto& [address, why] : parts.peers.dial_errors()) unreachable[address] = why;
        out["unreachable"] = std::move(unreachable);
    }
    if (!parts.checkpoints.conflict().empty()) out["conflict"] = parts.checkpoints.conflict();
    if (!parts.last_error.empty()) out["last_error"] = parts.last_error;
    return out;
}

}  // namespace assay::ledger
