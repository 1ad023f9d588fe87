#include "gateway/cli/role_list.hpp"

#include "ledger/core/member.hpp"

namespace assay::gateway::cli {

Answer<std::uint32_t> parse_roles(const std::vector<std::string>& names) {
    std::uint32_t roles = 0;
    for (const std::string& name : names) {
        const auto role = ledger::parse_role(name);
        if (!role) {
            return give_up(ExitCode::kUsage, "there is no role \"" + name + "\"",
                           "Roles are oem, supplier, node, gateway and auditor.");
        }
        roles |= static_cast<std::uint32_t>(*role);
    }
    if (roles == 0) return give_up(ExitCode::kUsage, "a member needs at least one role");
    return roles;
}

}  // namespace assay::gateway::cli
