// Importing a file into the content store of a member folder, with progress on a terminal.

#pragma once

#include <filesystem>
#include <string>

#include "gateway/cli/daemon_client.hpp"
#include "host/ipfs/importer.hpp"

namespace assay::gateway::cli {

struct ImportedImage {
    ipfs::ImportProfile profile;
    ipfs::ImportResult result;
};
[[nodiscard]] Answer<ImportedImage> import_image(const MemberFolder& folder,
                                                 const std::filesystem::path& file,
                                                 const std::string& profile_name);

}  // namespace assay::gateway::cli
