// Engines as JSON, the same in the status of a daemon and on the command line.

#pragma once

#include <boost/json/object.hpp>

#include "host/compute/engine_registry.hpp"

namespace assay::gateway {

// name, description, state ("untested", "ready", "dropped"), self_test, mine, hash; what became
// known of it: rates; if it ever failed: failures, problem; while it is dropped: retry_in_ms.
[[nodiscard]] boost::json::object describe_engine(const compute::EngineReport& report);

// Why "auto" does what it does: reasons, and for each batch where it would go.
[[nodiscard]] boost::json::object describe_choice(const compute::Explanation& explanation);

}  // namespace assay::gateway
