// Puts together what a device needs to believe a release by itself: the release, its vendor's
// newest policy, and a proof for each under the checkpoint this node holds (docs/formats.md,
// section 10). Reads the node's state; io thread only.

#pragma once

#include "host/base/result.hpp"
#include "ledger/core/anchor.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/ids.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// Who is to read a proof: an auditor, unless told otherwise.
struct ProofReader {
    std::uint64_t epoch = 0;  // the newest one that it says it knows
    std::size_t bytes_max = ledger::kAuditProofBytesMax;
};

// The encoded device proof, or as many of the steps to its epoch as have room, if all of it has not.
// Fails with Refusal::kReleaseUnknown, or with std::errc::resource_unavailable_try_again if the
// release or the policy is not final yet.
[[nodiscard]] Result<Bytes> build_device_proof(const ledger::Node& consortium,
                                               const ledger::LeafHash& release,
                                               const ProofReader& reader);

// `proof` with the steps from the reader's epoch to `newest`, encoded; without room for that, steps
// alone. The archive of steps is part of `state`.
[[nodiscard]] Result<Bytes> encode_with_steps(ledger::DeviceProof proof,
                                              const ledger::StateView& state,
                                              std::uint64_t newest,
                                              const ProofReader& reader);

// What a device of `vendor` trusts from the factory on. The OEM is the one that owns the vendor's
// policy or, before there is one, the only OEM of the consortium; fails with
// Refusal::kVendorPolicyMissing if that leaves it open.
[[nodiscard]] Result<ledger::Anchor> make_anchor(const ledger::Node& consortium,
                                                 const ledger::Uuid& vendor);

}  // namespace assay::gateway
