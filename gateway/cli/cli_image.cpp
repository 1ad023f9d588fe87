// assay image add, assay image ls: the content store of a member.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/image_import.hpp"
#include "gateway/cli/verbs.hpp"
#include "gateway/config.hpp"
#include "host/base/text_encoding.hpp"
#include "host/compute/engine_registry.hpp"
#include "host/ipfs/block_store.hpp"

namespace assay::gateway::cli {

Answer<ImportedImage> import_image(const MemberFolder& folder,
                                   const std::filesystem::path& file,
                                   const std::string& profile_name) {
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    const auto config = read_config(folder.dir());
    if (!config) return give_up(config.error());
    auto profile = ipfs::find_profile(profile_name);
    if (!profile) return give_up(ExitCode::kUsage, profile.error().to_string());
    compute::Engines engines;
    const auto engine = engines.find_hash(config->compute_engine);
    if (!engine) return give_up(Error(engine.error()).within("[compute] engine"));
    auto store = ipfs::BlockStore::open(folder.content());
    if (!store) return give_up(Error(store.error()).within("content store"));
    Progress progress("import " + file.filename().string());
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    auto imported = ipfs::import_file(file, *profile, *engine->engine, *store, show);
    if (!imported) return give_up(Error(imported.error()).within("import " + file.string()));
    return ImportedImage{std::move(*profile), std::move(*imported)};
}

Outcome add_image(const ImageAddOptions& options) {
    const auto image = import_image(MemberFolder(options.dir), options.file, options.profile);
    if (!image) return tl::unexpected(image.error());
    const ipfs::ImportResult& result = image->result;
    Output output;
    output.json["cid"] = result.cid.to_string();
    output.json["bytes"] = result.bytes;
    output.json["sha256"] = to_hex(result.sha256.view());
    output.json["chunks"] = result.chunk_digests.size();
    output.json["profile"] = image->profile.name;
    output.text = fmt::format("{}  {} bytes  sha256 {}\n", result.cid.to_string(), result.bytes,
                              to_hex(result.sha256.view()));
    return output;
}

Outcome list_images(const FolderOptions& options) {
    const MemberFolder folder(options.dir);
    if (auto found = require_member_folder(folder); !found) return tl::unexpected(found.error());
    const auto store = ipfs::BlockStore::open(folder.content());
    if (!store) return give_up(Error(store.error()).within("content store"));
    const auto pins = store->pins();
    if (!pins) return give_up(pins.error());
    const auto stat = store->stat();
    if (!stat) return give_up(stat.error());
    Output output;
    boost::json::array images;
    for (const ipfs::Cid& cid : *pins) {
        images.push_back(boost::json::value(cid.to_string()));
        output.text += cid.to_string() + "\n";
    }
    output.json["images"] = std::move(images);
    output.json["blocks"] = stat->blocks;
    output.json["bytes"] = stat->bytes;
    output.text +=
        fmt::format("{} images, {} blocks, {} bytes\n", pins->size(), stat->blocks, stat->bytes);
    return output;
}

}  // namespace assay::gateway::cli
