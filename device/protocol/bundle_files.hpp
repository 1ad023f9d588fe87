// Files of a site bundle (docs/formats.md, section 18), which a gateway writes and a device reads.

#pragma once

#include <string>
#include <string_view>

namespace assay::protocol {

inline constexpr std::string_view kBundleProof = "release.proof";  // device proof, whole
inline constexpr std::string_view kBundleChunks = "chunks";        // 32 bytes for each chunk
inline constexpr std::string_view kBundleImage = "image";
inline constexpr std::string_view kBundleManifest = "manifest.json";  // for people and their tools

// "steps-1.proof", "steps-2.proof"...: steps between epochs alone, ascending, from before release.proof.
[[nodiscard]] inline std::string bundle_steps_name(std::size_t number) {
    return "steps-" + std::to_string(number) + ".proof";
}

}  // namespace assay::protocol
