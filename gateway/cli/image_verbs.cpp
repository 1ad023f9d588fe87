#include "gateway/cli/image_verbs.hpp"

#include "gateway/cli/cli11_support.hpp"

namespace assay::gateway::cli {
namespace {

void add_store(CLI::App& verb, ImageOptions& options) {
    add_dir(verb, options.dir);
    verb.add_option("--store", options.store,
                    "Another store in Kubo's layout, such as ~/.ipfs, instead");
}

void add_cid(CLI::App& verb, ImageOptions& options, bool required) {
    CLI::Option* const cid = verb.add_option("cid", options.cid, "CID, or CID/path of a file");
    if (required) cid->required();
}

}  // namespace

void add_import_options(CLI::App& verb, ImportOptions& options) {
    verb.add_option("--profile", options.profile,
                    "unixfs-v1-2025, or unixfs-v0-2015 for CIDs of version 0")
        ->capture_default_str();
    verb.add_option("--chunk-bytes", options.chunk_bytes, "Bytes of each block (default: profile)")
        ->check(above_zero());
    verb.add_option("--width", options.width, "Links of each node (default: profile)")
        ->check(above_zero());
}

void add_image_verbs(CLI::App& app, ImageOptions& options, std::function<Outcome()>& verb) {
    CLI::App* const image = add_group(app, "image", "The content store: IPFS blocks, whole images");
    const auto run = [&options, &verb](Outcome (*what)(const ImageOptions&)) {
        return [&options, &verb, what] { verb = [&options, what] { return what(options); }; };
    };
    CLI::App* const add = add_verb(*image, "add", "Import a file as IPFS blocks",
                                   "assay image add fw.bin --dir oem", run(add_image));
    add->add_option("file", options.file, "The image: one file")
        ->required()
        ->check(CLI::ExistingPath);
    add_store(*add, options);
    add_import_options(*add, options.import);
    add->add_flag("--only-hash", options.only_names,
                  "Compute the CID and store nothing: to check a release record");
    add->add_flag_callback(
           "--publish", [&options] { options.kubo_copy = KuboCopy::kYes; },
           "Give it to the Kubo node of [content] publish, too, and pin it there")
        ->excludes("--only-hash");

    CLI::App* const get = add_verb(*image, "get", "Write an image's bytes to a file, verified",
                                   "assay image get bafybei... --out fw.bin --dir gw",
                                   run(get_image));
    add_cid(*get, options, true);
    get->add_option("--out", options.out, "File to write")->required();
    add_store(*get, options);

    add_store(*add_verb(*image, "ls", "List the images that are here whole, and why they are kept",
                        "assay image ls --dir gw", run(list_images)),
              options);

    CLI::App* const stat = add_verb(*image, "stat", "Show what is below a CID, and what is missing",
                                    "assay image stat bafybei... --dir gw", run(show_image));
    add_cid(*stat, options, true);
    add_store(*stat, options);

    CLI::App* const verify =
        add_verb(*image, "verify", "Hash an image's blocks again, or without a CID the whole store",
                 "assay image verify --dir gw", run(verify_images));
    add_cid(*verify, options, false);
    add_store(*verify, options);

    CLI::App* const pin =
        add_verb(*image, "pin", "Keep an image, or with --remove no longer",
                 "assay image pin bafybei... --dir gw\n  assay image pin --remove bafybei... --dir gw",
                 run(pin_image));
    add_cid(*pin, options, true);
    pin->add_flag("--remove", options.remove, "Take a pin back; releases keep theirs");
    add_store(*pin, options);

    CLI::App* const collect =
        add_verb(*image, "gc", "Remove blocks that neither a pin nor a release keeps",
                 "assay image gc --dry-run --dir gw", run(collect_images));
    collect->add_flag("--dry-run", options.dry_run, "Say what would go, and change nothing");
    add_store(*collect, options);

    CLI::App* const out = add_verb(*image, "export", "Write an image as a CAR file",
                                   "assay image export bafybei... --out fw.car --dir oem",
                                   run(export_image));
    add_cid(*out, options, true);
    out->add_option("--out", options.out, "File to write")->required();
    add_store(*out, options);

    CLI::App* const in = add_verb(*image, "import", "Take the images of a CAR file, and pin them",
                                  "assay image import fw.car --dir gw", run(import_images));
    in->add_option("file", options.file, "The CAR file, version 1 or 2")
        ->required()
        ->check(CLI::ExistingFile);
    add_store(*in, options);
}

}  // namespace assay::gateway::cli
