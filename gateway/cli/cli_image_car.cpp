// assay image export, import: images as CAR files.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/image_import.hpp"
#include "host/ipfs/car_file.hpp"

namespace assay::gateway::cli {
namespace {

Output describe_car(const ipfs::CarFileReport& report, const std::string& what) {
    Output output;
    boost::json::array roots;
    for (const ipfs::Cid& root : report.roots) {
        roots.emplace_back(root.to_string());
        output.text += root.to_string() + "\n";
    }
    output.json["roots"] = std::move(roots);
    output.json["blocks"] = report.blocks;
    output.json["bytes"] = report.bytes;
    output.text += fmt::format("{}: {} blocks, {} bytes\n", what, report.blocks, report.bytes);
    return output;
}

}  // namespace

Outcome export_image(const ImageOptions& options) {
    if (auto fine = require_folder_of(options.out); !fine) return tl::unexpected(fine.error());
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto cid = find_image(store->blocks(), options.cid);
    if (!cid) return tl::unexpected(cid.error());
    const auto report = ipfs::export_car(store->blocks(), *cid, options.out);
    if (!report) return give_up_image(report.error());
    Output output = describe_car(*report, "written to " + options.out.string());
    output.json["file"] = options.out.string();
    return output;
}

Outcome import_images(const ImageOptions& options) {
    auto store = ImageStore::open(options);
    if (!store) return tl::unexpected(store.error());
    const auto engine = store->engine();
    if (!engine) return tl::unexpected(engine.error());
    Progress progress("import " + options.file.filename().string());
    const auto show = [&progress](std::uint64_t done, std::uint64_t total) {
        progress.show(done, total);
    };
    const auto report = ipfs::import_car(options.file, **engine, store->blocks(), show);
    // Any other file looks like a CAR whose first length is whatever its first bytes happen to be.
    if (!report && (report.error().is(Refusal::kMalformed) || report.error().is(Refusal::kLimitExceeded) ||
                    report.error().is(Refusal::kUnknownVersion))) {
        Failure failure(Error(report.error()).within("import"));
        failure.advice = "This is no CAR file, or a damaged one. `assay image add` takes any other file.";
        return tl::unexpected<Failure>(std::move(failure));
    }
    if (!report) return give_up_image(Error(report.error()).within("import"));
    return describe_car(*report, "taken and pinned");
}

}  // namespace assay::gateway::cli
