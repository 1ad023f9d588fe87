// Known answers that an engine must give before anything relies on it: the NIST SHA-256 examples in
// every lane, the Bitcoin genesis block found in every lane of nonces, and a Bitcoin block with a
// rolled version in every lane of versions. Takes well under half a second once kernels are built.
// Used by the engine registry.

#pragma once

#include "host/base/result.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::compute {

// Fails with a text that names the case that went wrong.
[[nodiscard]] Result<void> self_test(HashEngine& engine);
[[nodiscard]] Result<void> self_test(PowEngine& engine);

}  // namespace assay::compute
