#include "device/protocol/paths.hpp"

#include <utility>

#include "host/base/text_encoding.hpp"

namespace assay::protocol {
namespace {

std::string path_of(std::string_view pattern, const ledger::LeafHash& release) {
    constexpr std::string_view kLeaf = "{leaf}";
    std::string path(pattern);
    return path.replace(path.find(kLeaf), kLeaf.size(), to_hex(release.view()));
}

}  // namespace

std::string poll_path(const PollRequest& request) {
    std::string path(kPollPath);
    char mark = '?';
    const auto add = [&](std::string_view name, std::string_view value) {
        path += std::exchange(mark, '&');
        path.append(name).append("=").append(value);
    };
    if (request.wait_ms != 0) add(kWaitParameter, std::to_string(request.wait_ms));
    if (request.pending) add(kPendingParameter, to_hex(request.pending->view()));
    if (request.receipt) add(kReceiptParameter, to_string(*request.receipt));
    return path;
}
std::string receipts_path(const std::optional<ReceiptName>& after) {
    std::string path(kReceiptsPath);
    if (after) path.append("?").append(kAfterParameter).append("=").append(to_string(*after));
    return path;
}
std::string proof_path(const ledger::LeafHash& release) { return path_of(kProofPattern, release); }
std::string chunks_path(const ledger::LeafHash& release) {
    return path_of(kChunksPattern, release);
}
std::string image_path(const ledger::LeafHash& release) { return path_of(kImagePattern, release); }

}  // namespace assay::protocol
