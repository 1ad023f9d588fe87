// The record of a release, made of what the command line says and of the image, which is imported on
// the way. Used by the verbs that begin a release: publish and draft.

#pragma once

#include <boost/json/object.hpp>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "ledger/core/release_record.hpp"

namespace assay::gateway::cli {

[[nodiscard]] Answer<ledger::ReleaseRecord> compose_release(const MemberFolder& folder,
                                                            const PublishOptions& options);

// vendor, class, component, sequence, version, and cid, bytes and sha256 of the first image.
[[nodiscard]] boost::json::object describe_release(const ledger::ReleaseRecord& record);

}  // namespace assay::gateway::cli
