#include "gateway/api/image_download.hpp"

#include <algorithm>

#include "host/base_daemon/log.hpp"

namespace assay::gateway {

ImageDownload::ImageDownload(const ImageDownloadParts& parts, Device& device, const CatalogEntry& entry)
    : parts_{parts},
      device_{device},
      entry_{entry},
      key_{device.key},
      image_bytes_{entry.release.full_image()->bytes},
      pace_{parts.pacer, device.site, entry.release.record.urgency} {}

bool ImageDownload::stands() const {
    const ledger::LeafHash& release = entry_.release.leaf;
    return entry_.stage == ReleaseStage::kReady && !device_.is_blocked && device_.key == key_ &&
           device_.assignment && device_.assignment->release == release &&
           !parts_.rollouts.is_cancelled(device_, release);
}

bool ImageDownload::is_overtaken() {
    const std::uint64_t generation = parts_.waiters.generation();
    if (device_.looked_at_generation == generation || !device_.report) return false;
    const Timestamp now = parts_.clock.now();
    const auto decision = decide_assignment(device_, parts_.rules, now);
    const ledger::Urgency urgency = entry_.release.record.urgency;
    if (decision.release == nullptr || decision.release->release.record.urgency <= urgency) {
        device_.looked_at_generation = generation;
        return false;
    }
    // It takes its place in the rollout here, as a poll would, and the next poll gives it the release.
    if (parts_.rollouts.note_offered(device_, decision.rollout, now)) {
        const GroupCommit::Deferral together(parts_.store);
        if (const auto saved = parts_.devices.save(device_); !saved) {
            log::error("place-not-kept", {{"device", device_.id}, {"reason", saved.error().to_string()}});
        }
    }
    return true;
}

void ImageDownload::sent(std::uint64_t begin, std::uint64_t end) const {
    SentPart part;
    part.begin = begin;
    part.end = end;
    part.image_bytes = image_bytes_;
    if (stands()) parts_.attestations.sent(device_, part);
}

std::uint64_t ImageDownload::chunk_bytes() const {
    constexpr std::uint64_t kMost = 64 * 1024;
    return std::min(entry_.release.full_image()->import.chunk_bytes, kMost);
}

boost::asio::awaitable<Result<void>> ImageDownload::may_send(std::uint64_t bytes) {
    const bool in_turn = co_await pace_.pass(bytes);
    if (in_turn && stands() && !is_overtaken()) co_return Result<void>();
    co_return fail(std::errc::operation_canceled, "withdrawn or overtaken while it was sent");
}

}  // namespace assay::gateway
