#include "gateway/api/member_json.hpp"

#include "host/base/text_encoding.hpp"

namespace assay::gateway {

namespace json = boost::json;

json::array roles_of(std::uint32_t roles) {
    json::array names;
    for (const std::string_view name : ledger::role_names(roles)) {
        names.push_back(json::string(name));
    }
    return names;
}

json::object describe_change(const ledger::RegistryChange& change,
                             const std::function<std::string(ledger::Slot)>& name_of) {
    json::object out;
    out["kind"] = ledger::to_string(change.kind);
    switch (change.kind) {
        case ledger::ChangeKind::kAddMember:
            if (const auto member = ledger::decode_member_card(change.card)) {
                out["member"] = member->name;
                out["roles"] = roles_of(member->roles);
                out["key"] = to_hex(crypto::key_id(member->root));
            }
            break;
        case ledger::ChangeKind::kSetParam:
            out["param"] = static_cast<std::uint64_t>(change.param);
            out["value"] = change.value;
            break;
        default:
            out["member"] = name_of(change.slot);
            if (change.kind == ledger::ChangeKind::kSetRoles) out["roles"] = roles_of(change.roles);
            if (change.kind == ledger::ChangeKind::kRotateKey) {
                out["purpose"] = ledger::to_string(change.purpose);
            }
            if (change.key) out["key"] = to_hex(crypto::key_id(*change.key));
            if (change.tls_spki) out["key"] = to_hex(change.tls_spki->view());
    }
    return out;
}

}  // namespace assay::gateway
