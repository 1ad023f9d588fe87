#include "gateway/cli/image_import.hpp"

#include <algorithm>

#include "gateway/config.hpp"
#include "host/base/clock.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/kubo_publish.hpp"
#include "host/ipfs/path_walk.hpp"

namespace assay::gateway::cli {

std::uint64_t unix_now() {
    return static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count());
}

tl::unexpected<Failure> give_up_image(const Error& error) {
    Failure failure(error);
    if (error.is(std::errc::no_space_on_device)) {
        failure.advice = "The disk is full; nothing of this stays. `assay image gc` removes what no pin "
                         "keeps.";
    } else if (error.is(std::errc::is_a_directory)) {
        failure.code = ExitCode::kUsage;
        failure.advice = "An image is one file. Pack the folder first, or name a file: CID/path.";
    } else if (error.is(std::errc::invalid_argument)) {
        failure.code = ExitCode::kUsage;
        failure.advice = "An image is one file: write it to a disk first.";
    } else if (error.is(std::errc::not_a_directory)) {
        failure.code = ExitCode::kUsage;
        failure.advice = "A path goes through directories to a file.";
    } else if (error.is(Refusal::kBlockHashMismatch)) {
        failure.code = ExitCode::kVerificationFailed;
        failure.advice =
            "`assay image verify` sets damaged blocks aside; then add or fetch the image again.";
    } else if (error.is(std::errc::no_such_file_or_directory) ||
               error.is(Refusal::kContentIncomplete)) {
        failure.advice = "`assay image ls` shows what is here whole; add or import the image first.";
    } else if (error.is(std::errc::resource_unavailable_try_again)) {
        failure.advice = "Try again once it has ended.";
    } else if (error.is(Refusal::kCidUnsupported)) {
        failure.advice = "Blocks are named by sha2-256 here; import the file itself instead.";
    }
    return tl::unexpected<Failure>(std::move(failure));
}

Answer<ImageStore> ImageStore::open(const ImageOptions& options) {
    if (!options.store.empty()) {
        std::error_code ignored;
        if (!std::filesystem::exists(options.store / "blocks", ignored)) {
            return give_up(ExitCode::kNoStore,
                           options.store.string() + " has no folder named blocks",
                           "Give the folder of a store: content/ of a member, or a Kubo repository.");
        }
        auto store = ipfs::BlockStore::open(options.store);
        if (!store) return give_up(Error(store.error()));
        return ImageStore(std::move(*store));
    }
    const MemberFolder folder(options.dir);
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    const auto config = read_config(folder.dir());
    if (!config) return give_up(config.error());
    auto store = ipfs::BlockStore::open(folder.content());
    if (!store) return give_up(Error(store.error()).within("content store"));
    ImageStore out(std::move(*store));
    out.engine_name_ = config->compute_engine;
    out.kubo_url_ = config->content_publish;
    return out;
}

Answer<compute::HashEngine*> ImageStore::engine() {
    if (!engines_) engines_ = std::make_unique<compute::Engines>();
    const auto found = engines_->find_hash(engine_name_);
    if (!found) return give_up(Error(found.error()).within("[compute] engine"));
    return found->engine;
}

Answer<ipfs::ImportProfile> choose_profile(const ImportOptions& options) {
    auto profile = ipfs::find_profile(options.profile);
    if (!profile) return give_up(ExitCode::kUsage, profile.error().to_string());
    // The record names the profile and the parameters; those win.
    if (options.chunk_bytes != 0) profile->chunk_bytes = options.chunk_bytes;
    if (options.width != 0) profile->width = options.width;
    if (const auto fine = ipfs::check_profile(*profile); !fine) {
        return give_up(ExitCode::kUsage, fine.error().to_string());
    }
    return std::move(*profile);
}

namespace {

Answer<void> give_to_kubo(ImageStore& store, const ipfs::ImportResult& image) {
    Progress progress("publish " + image.cid.to_string().substr(0, 16));
    const auto show = [&progress, &image](std::uint64_t done) {
        progress.show(std::min(done, image.bytes), image.bytes);
    };
    const auto given = ipfs::publish_to_kubo(store.blocks(), image.cid, store.kubo_url(), show);
    if (given) return {};
    Failure failure(Error(given.error()).within("publish to Kubo"));
    const std::string here = "The image is stored here as " + image.cid.to_string() + ". ";
    failure.advice = failure.code == ExitCode::kUnreachable
                         ? here + "Start Kubo (`ipfs daemon`), or change [content] publish in "
                                  "assay.toml, and do this again."
                         : here + "See to the Kubo node, and do this again.";
    return tl::unexpected<Failure>(std::move(failure));
}

}  // namespace

Answer<ImportedImage> import_image(const ImageOptions& options,
                                   std::optional<std::uint64_t> keep_until) {
    auto profile = choose_profile(options.import);
    if (!profile) return tl::unexpected(profile.error());
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const bool configured = !store->kubo_url().empty();
    if (options.kubo_copy == KuboCopy::kYes && !configured) {
        return give_up(ExitCode::kUsage, "no Kubo node is configured to publish to",
                       "Write publish = \"http://127.0.0.1:5001\" into [content] of assay.toml.");
    }
    const bool copies = options.kubo_copy != KuboCopy::kNo && configured;
    const auto engine = store->engine();
    if (!engine) return tl::unexpected(engine.error());
    Progress progress("import " + options.file.filename().string());
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    auto imported =
        ipfs::import_file(options.file, *profile, **engine, store->blocks(), show, keep_until);
    if (!imported) return give_up_image(Error(imported.error()).within("import"));
    ImportedImage image{std::move(*profile), std::move(*imported), ""};
    if (copies) {
        if (auto given = give_to_kubo(*store, image.result); !given) {
            return tl::unexpected(given.error());
        }
        image.kubo_url = store->kubo_url();
    }
    return image;
}

Answer<void> require_folder_of(const std::filesystem::path& out) {
    const std::filesystem::path folder = std::filesystem::absolute(out).parent_path();
    std::error_code ignored;
    if (std::filesystem::is_directory(folder, ignored)) return {};
    return give_up(ExitCode::kUsage, "there is no folder " + folder.string(),
                   "Make it, or give another --out.");
}

Answer<ipfs::Cid> read_cid(const std::string& text) {
    auto cid = ipfs::parse_cid(text);
    if (cid) return std::move(*cid);
    return give_up(ExitCode::kUsage, cid.error().to_string(),
                   "A CID looks like bafkrei... or Qm...; `assay image ls` shows those that are here.");
}

Answer<ipfs::Cid> find_image(const ipfs::BlockStore& store, const std::string& text) {
    std::string_view rest = text;
    if (rest.starts_with("/ipfs/")) rest.remove_prefix(sizeof("/ipfs/") - 1);
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    auto root = read_cid(std::string(rest.substr(0, slash)));
    if (!root) return root;
    auto names = ipfs::split_path(rest.substr(slash));
    if (!names) return give_up(ExitCode::kUsage, names.error().to_string());
    ipfs::PathWalk walk(std::move(*root), std::move(*names));
    while (!walk.complete()) {
        const auto block = store.get(walk.wanted());
        if (!block) {
            return give_up_image(Error(block.error()).within("block " + walk.wanted().to_string()));
        }
        if (!ipfs::is_block_of(walk.wanted(), *block)) {
            return give_up_image(Error(make_error_code(Refusal::kBlockHashMismatch),
                                       "block " + walk.wanted().to_string()));
        }
        if (auto taken = walk.add(*block); !taken) return give_up_image(taken.error());
    }
    return walk.target();
}

}  // namespace assay::gateway::cli
