// Puts together what a device needs to believe a release by itself: the release, its vendor's
// newest policy, and a proof for each under the checkpoint this node holds (docs/formats.md,
// section 10). Reads the node's state; io thread only.

#pragma once

#include "host/base/result.hpp"
#include "ledger/core/anchor.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// The encoded device proof. Fails with Refusal::kReleaseUnknown, or with
// std::errc::resource_unavailable_try_again if the release or the policy is not final yet.
[[nodiscard]] Result<Bytes> build_device_proof(const ledger::Node& consortium,
                                               const ledger::LeafHash& release);

// What a device of `vendor` trusts from the factory on. The OEM is the one that owns the vendor's
// policy or, before there is one, the only OEM of the consortium; fails with
// Refusal::kVendorPolicyMissing if that leaves it open.
[[nodiscard]] Result<ledger::Anchor> make_anchor(const ledger::Node& consortium,
                                                 const ledger::Uuid& vendor);

}  // namespace assay::gateway
