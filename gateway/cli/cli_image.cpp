// assay image add, ls, stat, get: what is in the content store, and how it gets in and out.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/image_import.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/stored_file.hpp"

namespace assay::gateway::cli {
namespace {

// What a record says of an import, so that anyone can repeat it.
Output describe_names(const ipfs::FileNames& names, const ipfs::ImportProfile& profile) {
    Output output;
    output.json["cid"] = names.cid.to_string();
    output.json["bytes"] = names.bytes;
    output.json["chunks"] = names.chunk_digests.size();
    output.json["chunk_root"] = to_hex(names.chunk_root.view());
    output.json["profile"] = profile.name;
    output.json["chunk_bytes"] = profile.chunk_bytes;
    output.json["width"] = profile.width;
    return output;
}

Outcome name_only(const ImageOptions& options) {
    const auto profile = choose_profile(options.import);
    if (!profile) return tl::unexpected(profile.error());
    compute::Engines engines;
    const auto engine = engines.find_hash("auto");
    if (!engine) return give_up(Error(engine.error()));
    Progress progress("hash " + options.file.filename().string());
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    const auto names = ipfs::name_file(options.file, *profile, *engine->engine, show);
    if (!names) return give_up_image(names.error());
    Output output = describe_names(*names, *profile);
    output.text = fmt::format("{}  {} bytes\n", names->cid.to_string(), names->bytes);
    return output;
}

std::string why_pinned(const ipfs::Pin& pin) {
    std::string why = pin.by_hand ? "by hand" : "";
    if (pin.keep_until != 0) {
        if (!why.empty()) why += ", ";
        const std::uint64_t now = unix_now();
        why += pin.keep_until > now
                   ? fmt::format("for a release, {} days more", (pin.keep_until - now) / 86'400)
                   : "for a release, whose date has passed";
    }
    return why;
}

}  // namespace

Outcome add_image(const ImageOptions& options) {
    if (options.only_names) return name_only(options);
    const auto image = import_image(options, std::nullopt);
    if (!image) return tl::unexpected(image.error());
    const ipfs::ImportResult& result = image->result;
    Output output = describe_names(result, image->profile);
    output.json["sha256"] = to_hex(result.sha256.view());
    output.text = fmt::format("{}  {} bytes  sha256 {}\n", result.cid.to_string(), result.bytes,
                              to_hex(result.sha256.view()));
    if (!image->kubo_url.empty()) {
        output.json["kubo"] = image->kubo_url;
        output.text += "pinned by Kubo at " + image->kubo_url + "\n";
    }
    return output;
}

Outcome list_images(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto pins = store->blocks().pins();
    if (!pins) return give_up(pins.error());
    const auto stat = store->blocks().stat();
    if (!stat) return give_up(stat.error());
    Output output;
    boost::json::array images;
    for (const ipfs::Cid& cid : *pins) {
        boost::json::object image;
        image["cid"] = cid.to_string();
        std::string why = "its pin cannot be read";
        if (const auto pin = store->blocks().find_pin(cid)) {
            image["by_hand"] = pin->by_hand;
            if (pin->keep_until != 0) image["keep_until"] = pin->keep_until;
            why = why_pinned(*pin);
        }
        images.emplace_back(std::move(image));
        output.text += fmt::format("{}  {}\n", cid.to_string(), why);
    }
    output.json["images"] = std::move(images);
    output.json["blocks"] = stat->blocks;
    output.json["bytes"] = stat->bytes;
    output.text +=
        fmt::format("{} images, {} blocks, {} bytes\n", pins->size(), stat->blocks, stat->bytes);
    return output;
}

Outcome show_image(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto cid = find_image(store->blocks(), options.cid);
    if (!cid) return tl::unexpected(cid.error());
    const auto dag = ipfs::inspect_dag(store->blocks(), *cid, nullptr);
    if (!dag) return give_up_image(dag.error());
    Output output;
    output.json["cid"] = cid->to_string();
    output.json["kind"] = dag->kind;
    if (dag->kind == "file") output.json["bytes"] = dag->file_bytes;
    output.json["blocks"] = dag->blocks;
    output.json["block_bytes"] = dag->block_bytes;
    output.json["missing"] = dag->missing.size();
    output.json["damaged"] = dag->damaged.size();
    output.json["pinned"] = store->blocks().is_pinned(*cid);
    output.text = fmt::format(
        "{}  {}, {} bytes in {} blocks, {}\n", cid->to_string(), dag->kind, dag->block_bytes,
        dag->blocks,
        dag->whole() ? "whole" : fmt::format("{} missing, {} damaged", dag->missing.size(),
                                             dag->damaged.size()));
    return output;
}

Outcome get_image(const ImageOptions& options) {
    if (auto fine = require_folder_of(options.out); !fine) return tl::unexpected(fine.error());
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto cid = find_image(store->blocks(), options.cid);
    if (!cid) return tl::unexpected(cid.error());
    const auto engine = store->engine();
    if (!engine) return tl::unexpected(engine.error());
    Progress progress("get " + cid->to_string().substr(0, 16));
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    const auto bytes =
        ipfs::write_stored_file(store->blocks(), *cid, **engine, options.out, show);
    if (!bytes) return give_up_image(bytes.error());
    Output output;
    output.json["cid"] = cid->to_string();
    output.json["bytes"] = *bytes;
    output.json["file"] = options.out.string();
    output.text = fmt::format("{}  {} bytes, verified\n", options.out.string(), *bytes);
    return output;
}

}  // namespace assay::gateway::cli
