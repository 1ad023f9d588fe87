// How the verbs talk to the daemon of a member folder: its operator REST interface, found through
// run/addresses.json, with the token of operator.token where something is to be changed.

#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "gateway/cli/output.hpp"
#include "gateway/member_folder.hpp"
#include "host/base/bytes.hpp"

namespace assay::gateway::cli {

template <typename T>
using Answer = tl::expected<T, Failure>;

class DaemonClient {
  public:
    // Fails with kNoStore if the folder is no member's, kUnreachable if no daemon has been ready
    // in it.
    [[nodiscard]] static Answer<DaemonClient> open(const MemberFolder& folder);

    [[nodiscard]] Answer<boost::json::object> get(std::string_view path) const;
    [[nodiscard]] Answer<Bytes> get_bytes(std::string_view path) const;
    // `patience`: for what takes the daemon longer to do.
    [[nodiscard]] Answer<boost::json::object> post(
        std::string_view path,
        std::string_view content_type,
        ByteView body,
        std::chrono::seconds patience = std::chrono::seconds(30)) const;

  private:
    DaemonClient(MemberFolder folder, std::string base_url)
        : folder_{std::move(folder)}, base_url_{std::move(base_url)} {}

    MemberFolder folder_;
    std::string base_url_;
};

// Fails with kNoStore, and says how to make one, unless `folder` has a configuration.
[[nodiscard]] Answer<void> require_member_folder(const MemberFolder& folder);

}  // namespace assay::gateway::cli
