// The verbs of `assay image`: the content store of a member, or any store in Kubo's layout. None
// needs a running daemon; all may run beside one, which is asked to collect.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "gateway/cli/output.hpp"

namespace CLI {
class App;
}

namespace assay::gateway::cli {

// How a file is cut; 0 where the profile says it.
struct ImportOptions {
    std::string profile = "unixfs-v1-2025";
    std::uint64_t chunk_bytes = 0;
    std::uint32_t width = 0;
};

// Whether an image that was imported also goes to the Kubo node of [content] publish.
enum class KuboCopy { kNo, kIfConfigured, kYes };

struct ImageOptions {
    std::filesystem::path dir = ".";
    std::filesystem::path store;  // empty: content/ of the member's folder
    std::filesystem::path file;
    std::filesystem::path out;
    std::string cid;  // CID or CID/path, where one is asked for
    ImportOptions import;
    bool only_names = false;  // add: compute, store nothing
    KuboCopy kubo_copy = KuboCopy::kNo;
    bool remove = false;      // pin: take back
    bool dry_run = false;     // gc
};

// cli_image.cpp
[[nodiscard]] Outcome add_image(const ImageOptions& options);
[[nodiscard]] Outcome list_images(const ImageOptions& options);
[[nodiscard]] Outcome show_image(const ImageOptions& options);
[[nodiscard]] Outcome get_image(const ImageOptions& options);
// cli_image_care.cpp
[[nodiscard]] Outcome verify_images(const ImageOptions& options);
[[nodiscard]] Outcome pin_image(const ImageOptions& options);
[[nodiscard]] Outcome collect_images(const ImageOptions& options);
// cli_image_car.cpp
[[nodiscard]] Outcome export_image(const ImageOptions& options);
[[nodiscard]] Outcome import_images(const ImageOptions& options);

// Describes them to the command line; the one that is chosen goes to `verb`. `options` outlives it.
void add_image_verbs(CLI::App& app, ImageOptions& options, std::function<Outcome()>& verb);
void add_import_options(CLI::App& verb, ImportOptions& options);

}  // namespace assay::gateway::cli
