#include "device/protocol/paths.hpp"

#include "host/base/text_encoding.hpp"

namespace assay::protocol {
namespace {

std::string path_of(std::string_view pattern, const ledger::LeafHash& release) {
    constexpr std::string_view kLeaf = "{leaf}";
    std::string path(pattern);
    return path.replace(path.find(kLeaf), kLeaf.size(), to_hex(release.view()));
}

}  // namespace

std::string poll_path(std::uint32_t wait_ms) {
    std::string path(kPollPath);
    if (wait_ms != 0) path += "?" + std::string(kWaitParameter) + "=" + std::to_string(wait_ms);
    return path;
}
std::string proof_path(const ledger::LeafHash& release) { return path_of(kProofPattern, release); }
std::string chunks_path(const ledger::LeafHash& release) {
    return path_of(kChunksPattern, release);
}
std::string image_path(const ledger::LeafHash& release) { return path_of(kImagePattern, release); }

}  // namespace assay::protocol
