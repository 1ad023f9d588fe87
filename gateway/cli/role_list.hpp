// Roles as they stand on the command line.

#pragma once

#include <string>
#include <vector>

#include "gateway/cli/daemon_client.hpp"

namespace assay::gateway::cli {

// The bit set; at least one role.
[[nodiscard]] Answer<std::uint32_t> parse_roles(const std::vector<std::string>& names);

}  // namespace assay::gateway::cli
