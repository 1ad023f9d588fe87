// Where the agent gets its releases from: a gateway over HTTPS (gateway_client.hpp) or a site bundle
// on a medium (site_bundle.hpp). Nothing that comes from there is believed without proof.
//
// An error says that the source could not be had or did not keep to the protocol; it never carries a
// refusal word, which would be a judgement on a release. One thread; blocks.

#pragma once

#include "device/protocol/messages.hpp"

namespace assay::device {

class Gateway {
  public:
    Gateway() = default;
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    virtual ~Gateway() = default;

    [[nodiscard]] virtual Result<protocol::PollAnswer> poll(
        const protocol::PollRequest& request) = 0;
    [[nodiscard]] virtual Result<Bytes> proof(const ledger::LeafHash& release) = 0;
    // Exactly `count` digests, unchecked.
    [[nodiscard]] virtual Result<std::vector<Sha256Digest>> chunk_digests(
        const ledger::LeafHash& release, std::uint64_t count) = 0;
    // Exactly `bytes` bytes from `offset`, unchecked.
    [[nodiscard]] virtual Result<Bytes> image_range(const ledger::LeafHash& release,
                                                    std::uint64_t offset,
                                                    std::size_t bytes) = 0;
    // Success means that the receipt is on the gateway's disk. The one word it may fail with is
    // kReceiptReplayed: it will never be.
    [[nodiscard]] virtual Result<void> send_receipt(ByteView receipt) = 0;
};

}  // namespace assay::device
