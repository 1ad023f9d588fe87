// One download of an image by one device, from its first byte to its last: whether it may go on, what is
// noted of it. Used by the agents' API. A download lasts, and while it waits everything may change: the
// release may be recalled, which takes its image out of the catalog, and the device may be blocked or get
// another key. Devices and entries of the catalog themselves are never taken away. Io thread only.

#pragma once

#include "gateway/dispatch/assignment.hpp"
#include "gateway/dispatch/poll_waiters.hpp"
#include "gateway/dispatch/send_pacer.hpp"
#include "gateway/group_commit.hpp"
#include "gateway/receipt/attestation_desk.hpp"

namespace assay::gateway {

// All outlive the downloads.
struct ImageDownloadParts {
    GroupCommit& store;  // what devices and rollouts are kept in
    DeviceRegistry& devices;
    DispatchRules rules;
    RolloutBook& rollouts;
    AttestationDesk& attestations;
    const PollWaiters& waiters;
    SendPacer& pacer;
    const Clock& clock;
};

class ImageDownload {
  public:
    // Precondition: the release is ready.
    ImageDownload(const ImageDownloadParts& parts, Device& device, const CatalogEntry& entry);

    // The device is not blocked and has the same key, the release is not recalled, its rollout not aborted,
    // and still the one that the device was given.
    [[nodiscard]] bool stands() const;
    // Something strictly more urgent is open to the device, and is the device's from now on: where only so
    // many devices may begin at a time, no more downloads are cut than begin. Decided anew when anything has
    // changed only.
    [[nodiscard]] bool is_overtaken();
    // So much of the image was handed to the connection.
    void sent(std::uint64_t begin, std::uint64_t end) const;
    // Of the chunks that a device asks for, the last one of an image apart; at most 64 KiB.
    [[nodiscard]] std::uint64_t chunk_bytes() const;

    [[nodiscard]] boost::asio::awaitable<SendPacer::Turn> begin(std::uint64_t length) {
        return pace_.begin(length);
    }
    // Waits for the turn of so many bytes; an error if they are not to be sent any more.
    [[nodiscard]] boost::asio::awaitable<Result<void>> may_send(std::uint64_t bytes);

  private:
    ImageDownloadParts parts_;
    Device& device_;
    const CatalogEntry& entry_;
    crypto::PublicKey key_;      // of the device, when it asked
    std::uint64_t image_bytes_;  // the entry forgets its image when it is recalled
    SendPacer::Download pace_;
};

}  // namespace assay::gateway
