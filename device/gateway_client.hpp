// The agent's side of the agent protocol (docs/formats.md, section 12) over HTTPS with both
// certificates. An error says that the gateway could not be had or did not keep to the protocol; it
// never carries a refusal word, which would be a judgement on a release. One thread; blocks.

#pragma once

#include <memory>
#include <string>

#include "device/protocol/messages.hpp"
#include "host/http/client.hpp"

namespace assay::device {

class GatewayClient {
  public:
    // `url` without a path: "https://gateway.example:7443".
    GatewayClient(std::string url, std::shared_ptr<const http::TlsContext> tls);

    [[nodiscard]] Result<protocol::PollAnswer> poll(const protocol::PollRequest& request);
    [[nodiscard]] Result<Bytes> proof(const ledger::LeafHash& release);
    // Exactly `count` digests, unchecked.
    [[nodiscard]] Result<std::vector<Sha256Digest>> chunk_digests(const ledger::LeafHash& release,
                                                                  std::uint64_t count);
    // Exactly `bytes` bytes from `offset`, unchecked.
    [[nodiscard]] Result<Bytes> image_range(const ledger::LeafHash& release,
                                            std::uint64_t offset,
                                            std::size_t bytes);
    // Success means that the receipt is on the gateway's disk. The one word it may fail with is
    // kReceiptReplayed: it will never be.
    [[nodiscard]] Result<void> send_receipt(ByteView receipt);

  private:
    [[nodiscard]] Result<http::Response> exchange(http::ClientRequest request);

    std::string url_;
    http::BlockingClient client_;
};

}  // namespace assay::device
