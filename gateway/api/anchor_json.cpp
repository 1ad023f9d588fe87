#include "gateway/api/anchor_json.hpp"

#include <map>

#include <boost/json/object.hpp>

#include "gateway/receipt/anchor_writer.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/gateway_rules.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

std::string gateway_name(const ledger::Registry& registry, ledger::Slot slot) {
    const ledger::Member* const member = registry.find(slot);
    return member != nullptr ? member->name : "slot " + std::to_string(slot);
}

std::string_view word_for(AnchorVerdict verdict) {
    if (verdict == AnchorVerdict::kAgrees) return "yes";
    return verdict == AnchorVerdict::kAhead ? "not known yet" : "NO";
}

}  // namespace

json::array describe_anchors(const ledger::Node& consortium, const ledger::Chain* own) {
    const ledger::Chain& chain = consortium.chain();
    std::map<ledger::ChainId, ledger::AnchorEntry> newest;
    ledger::for_each_anchor(chain.state(), [&](const ledger::AnchorEntry& entry) {
        const auto [known, is_first] = newest.emplace(entry.anchor.chain_id, entry);
        if (!is_first && known->second.log_index < entry.log_index) known->second = entry;
        return true;
    });
    json::array out;
    for (const auto& [ledger_id, entry] : newest) {
        json::object row;
        row["ledger"] = to_hex(ledger_id.view());
        row["gateway"] = gateway_name(chain.registry(), entry.slot);
        row["height"] = entry.anchor.height;
        row["log_size"] = entry.anchor.log.size;
        row["log_index"] = entry.log_index;
        row["leaf"] = to_hex(entry.leaf.view());
        row["final"] = consortium.checkpoint() && entry.log_index < consortium.checkpoint()->size;
        if (own != nullptr && own->chain_id() == ledger_id) {
            row["agrees"] = word_for(judge_anchor(entry.anchor, *own));
        }
        out.push_back(std::move(row));
    }
    return out;
}

json::array describe_consortium_heads(const ledger::Chain& gateways) {
    json::array out;
    for (const ledger::Member& member : gateways.registry().members()) {
        const auto last = ledger::last_batch(gateways.state(), member.slot);
        if (!last) continue;
        json::object row;
        row["gateway"] = member.name;
        row["batch"] = last->batch_no;
        row["height"] = last->consortium.height;
        row["log_size"] = last->consortium.log_size;
        out.push_back(std::move(row));
    }
    return out;
}

}  // namespace assay::gateway
