#include "gateway/api/member_api.hpp"

#include <boost/json/array.hpp>

#include "gateway/api/member_json.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/governance_state.hpp"

namespace assay::gateway {
namespace {

namespace json = boost::json;

std::string name_of(const ledger::Registry& registry, ledger::Slot slot) {
    const ledger::Member* const member = registry.find(slot);
    return member != nullptr ? member->name : "slot " + std::to_string(slot);
}

json::object describe_member(const ledger::Member& member) {
    json::object out;
    out["slot"] = member.slot;
    out["name"] = member.name;
    out["roles"] = roles_of(member.roles);
    out["state"] = member.is_active() ? "active" : "left";
    if (member.contact) out["contact"] = *member.contact;
    json::object keys;  // by id: enough to tell whose key signed what
    for (const auto& [purpose, key] :
         {std::pair{"root", &member.root}, std::pair{"tx", &member.tx},
          std::pair{"seal", &member.seal}, std::pair{"vote", &member.vote},
          std::pair{"cosign", &member.cosign}, std::pair{"log", &member.log}}) {
        keys[purpose] = to_hex(crypto::key_id(*key));
    }
    keys["tls"] = to_hex(member.tls_spki.view());
    out["keys"] = std::move(keys);
    return out;
}

json::object describe(const ledger::RegistryChange& change, const ledger::Registry& registry) {
    return describe_change(change, [&](ledger::Slot slot) { return name_of(registry, slot); });
}

http::Response members_of(const ledger::Node& node) {
    const ledger::Chain& chain = node.chain();
    const ledger::Registry& registry = chain.registry();
    json::array members;
    for (const ledger::Member& member : registry.members()) {
        members.push_back(describe_member(member));
    }
    json::array pending;
    for (const auto& waiting : ledger::pending_changes(chain.state())) {
        json::object entry = describe(waiting.change, registry);
        entry["leaf"] = to_hex(waiting.leaf.view());
        pending.push_back(std::move(entry));
    }
    json::object out;
    out["epoch"] = chain.epoch().number();
    out["nodes"] = chain.epoch().node_count();
    out["quorum"] = chain.epoch().quorum();
    out["registry_root"] = to_hex(registry.root().view());
    out["members"] = std::move(members);
    out["pending"] = std::move(pending);
    return json_response(200, out);
}

http::Response registry_of(const ledger::Node& node) {
    return http::Response(200, "application/cbor",
                          ledger::encode_members(node.chain().registry().members()));
}

http::Response proposals_of(const ledger::Node& node) {
    const ledger::Chain& chain = node.chain();
    const ledger::Registry& registry = chain.registry();
    json::array proposals;
    for (const auto& entry : ledger::all_proposals(chain.state())) {
        json::object out = describe(entry.proposal.change, registry);
        out["leaf"] = to_hex(entry.leaf.view());
        out["proposer"] = name_of(registry, entry.proposer);
        json::array approvals;
        for (const ledger::Slot slot : entry.approvals) {
            approvals.push_back(json::string(name_of(registry, slot)));
        }
        out["approvals"] = std::move(approvals);
        out["expires"] = entry.proposal.expires;
        const bool ended = entry.proposal.expires <= chain.tip().height + 1;
        out["state"] = ended ? "expired" : "open";
        proposals.push_back(std::move(out));
    }
    json::object out;
    out["height"] = chain.tip().height;
    out["quorum"] = registry.quorum();
    out["proposals"] = std::move(proposals);
    return json_response(200, out);
}

http::Response epoch_of(const ledger::Node& node) {
    const auto due = ledger::due_epoch(node.chain().state());
    if (!due) {
        return http::problem(404, Refusal::kEpochUnknown, "no change of members waits for an epoch");
    }
    return http::Response(200, "application/cbor", ledger::encode_epoch_record(due->record));
}

http::Response post_epoch(const LedgerApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    const auto transition = ledger::decode_epoch_transition(request.body);
    if (!transition) return problem_of(transition.error());
    for (const ledger::EpochSignature& signature : transition->signatures) {
        if (auto added = node->add_epoch_signature(signature); !added) {
            return problem_of(added.error());
        }
    }
    json::object out;
    out["epoch"] = transition->record.epoch;
    return json_response(202, out);
}

http::Response post_resume(const LedgerApiParts& parts, const http::Request& request) {
    if (auto refusal = parts.token.refuse(request)) return std::move(*refusal);
    ledger::Node* const node = ledger_of(parts, request);
    if (node == nullptr) return unknown_ledger();
    // It would silence a member that has all its votes for a thousand blocks.
    const json::object status = node->status();
    const json::value& voting = status.at("finality").at("voting");
    if (voting.as_string() != "off") {
        return http::problem(409, "not-now",
                             "there is nothing to resume: this member's voting is \"" +
                                 std::string(voting.as_string()) + "\", not \"off\"");
    }
    const auto height = node->resume_voting();
    if (!height) return problem_of(height.error());
    json::object out;
    out["votes_above"] = *height;
    return json_response(200, out);
}

}  // namespace

void add_member_routes(http::Router& router, const LedgerApiParts& parts) {
    const auto of_any = [&parts](auto answer) {
        return [parts, answer](const http::Request& request) {
            const ledger::Node* const node = ledger_of(parts, request);
            return node == nullptr ? unknown_ledger() : answer(*node);
        };
    };
    const auto bind = [&parts](auto handler) {
        return [parts, handler](const http::Request& request) { return handler(parts, request); };
    };
    const auto of_consortium = [&parts](auto answer) {
        return [parts, answer](const http::Request&) { return answer(parts.consortium); };
    };
    add_plain(router, "GET", "/v1/ledgers/{ledger}/members", of_any(members_of));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/registry", of_any(registry_of));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/proposals", of_any(proposals_of));
    add_plain(router, "GET", "/v1/ledgers/{ledger}/epoch", of_any(epoch_of));
    add_plain(router, "POST", "/v1/ledgers/{ledger}/epoch", bind(post_epoch));
    add_plain(router, "POST", "/v1/ledgers/{ledger}/resume", bind(post_resume));
    add_plain(router, "GET", "/v1/members", of_consortium(members_of));
    add_plain(router, "GET", "/v1/proposals", of_consortium(proposals_of));
}

}  // namespace assay::gateway
