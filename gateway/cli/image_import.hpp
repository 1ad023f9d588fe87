// What the verbs of `assay image`, and those that begin a release, share: the store of a member's
// folder, its hash engine, the profile that was asked for, and failures in words for people.

#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/image_verbs.hpp"
#include "host/compute/engine_registry.hpp"
#include "host/ipfs/importer.hpp"

namespace assay::gateway::cli {

// A store and, once asked for, the engine that hashes for it.
class ImageStore {
  public:
    // Fails with kNoStore if there is none.
    [[nodiscard]] static Answer<ImageStore> open(const ImageOptions& options);

    [[nodiscard]] ipfs::BlockStore& blocks() noexcept { return store_; }
    // What [compute] engine of the folder names; `auto` without a folder.
    [[nodiscard]] Answer<compute::HashEngine*> engine();
    // [content] publish; empty: there is none.
    [[nodiscard]] const std::string& kubo_url() const noexcept { return kubo_url_; }

  private:
    explicit ImageStore(ipfs::BlockStore store) : store_{std::move(store)} {}

    ipfs::BlockStore store_;
    std::string engine_name_ = "auto";
    std::string kubo_url_;
    std::unique_ptr<compute::Engines> engines_;
};

[[nodiscard]] Answer<ipfs::ImportProfile> choose_profile(const ImportOptions& options);

struct ImportedImage {
    ipfs::ImportProfile profile;
    ipfs::ImportResult result;
    std::string kubo_url;  // the Kubo node that pins it, too; may be empty
};
// For a release: kept until `keep_until` (Unix seconds). If the copy for Kubo fails, the image stays.
[[nodiscard]] Answer<ImportedImage> import_image(const ImageOptions& options,
                                                 std::optional<std::uint64_t> keep_until);

// The failure with what to do next, where that is known: a full disk, a folder, a missing block.
[[nodiscard]] tl::unexpected<Failure> give_up_image(const Error& error);
// kUsage if `out` cannot be written because its folder is not there.
[[nodiscard]] Answer<void> require_folder_of(const std::filesystem::path& out);
// kUsage if the text is no CID.
[[nodiscard]] Answer<ipfs::Cid> read_cid(const std::string& text);
// CID, or CID/path through directories.
[[nodiscard]] Answer<ipfs::Cid> find_image(const ipfs::BlockStore& store, const std::string& text);

[[nodiscard]] std::uint64_t unix_now();

}  // namespace assay::gateway::cli
