// A change of members as JSON: for the REST interface, and for those who sign one offline.

#pragma once

#include <functional>
#include <string>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "ledger/core/registry_change.hpp"

namespace assay::gateway {

[[nodiscard]] boost::json::array roles_of(std::uint32_t roles);

// `name_of` tells a member's name; a change of a member that joins names its card.
[[nodiscard]] boost::json::object describe_change(
    const ledger::RegistryChange& change, const std::function<std::string(ledger::Slot)>& name_of);

}  // namespace assay::gateway
