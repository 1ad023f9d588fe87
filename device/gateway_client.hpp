// The agent's side of the agent protocol (docs/formats.md, section 12) over HTTPS with both
// certificates.

#pragma once

#include <memory>
#include <string>

#include "device/gateway.hpp"
#include "device/pacer.hpp"
#include "host/http/client.hpp"

namespace assay::device {

class GatewayClient final : public Gateway {
  public:
    struct Limits {
        std::chrono::milliseconds timeout = std::chrono::minutes(10);  // a chunk must be there by then
        std::uint64_t bytes_per_s = 0;                                 // of images; 0: no limit
    };

    // `url` without a path: "https://gateway.example:7443".
    GatewayClient(std::string url, std::shared_ptr<const http::TlsContext> tls)
        : GatewayClient(std::move(url), std::move(tls), Limits{}) {}
    GatewayClient(std::string url, std::shared_ptr<const http::TlsContext> tls, Limits limits);

    [[nodiscard]] std::optional<std::chrono::seconds> busy_for() const override { return busy_for_; }
    [[nodiscard]] Result<protocol::PollAnswer> poll(const protocol::PollRequest& request) override;
    [[nodiscard]] Result<Bytes> proof(const ledger::LeafHash& release) override;
    [[nodiscard]] Result<std::vector<Sha256Digest>> chunk_digests(const ledger::LeafHash& release,
                                                                  std::uint64_t count) override;
    [[nodiscard]] Result<Bytes> image_range(const ledger::LeafHash& release,
                                            std::uint64_t offset,
                                            std::size_t bytes) override;
    [[nodiscard]] Result<ReceiptAnswer> send_receipt(
        ByteView receipt,
        const std::optional<protocol::ReceiptName>& after) override;

  private:
    // With `sink`, a good answer's body goes there. The gateway may be silent for `silence`.
    [[nodiscard]] Result<http::Response> exchange(http::ClientRequest request,
                                                  const http::BodySink& sink = {},
                                                  std::chrono::milliseconds silence = {});

    std::string url_;
    Limits limits_;
    Pacer pacer_;
    std::optional<std::chrono::seconds> busy_for_;
    http::BlockingClient client_;
};

}  // namespace assay::device
