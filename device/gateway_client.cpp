#include "device/gateway_client.hpp"

#include <algorithm>

#include "device/protocol/paths.hpp"
#include "host/base/parse_number.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kDigestBytes = sizeof(Sha256Digest);
constexpr std::uint64_t kRetryAfterMax = 300;  // seconds, whatever the gateway says

// What the HTTP client or a parser calls malformed is a broken gateway here, not a bad release.
tl::unexpected<Error> source_trouble(const Error& error) {
    if (is_source_trouble(error)) return fail(error);
    return fail(std::errc::protocol_error, error.to_string());
}

// Only receipts are judged by a gateway.
std::error_code code_of(std::string_view problem, bool is_receipt) {
    for (const Refusal word :
         {Refusal::kReceiptReplayed, Refusal::kSignatureInvalid, Refusal::kMalformed}) {
        if (is_receipt && problem.starts_with(to_word(word))) return make_error_code(word);
    }
    if (problem.starts_with("overtaken")) return std::make_error_code(std::errc::operation_canceled);
    return std::make_error_code(std::errc::resource_unavailable_try_again);
}

// In seconds; a date is not taken.
std::optional<std::chrono::seconds> retry_after(const http::Response& response) {
    const auto text = response.headers.find("Retry-After");
    if (!text) return std::nullopt;
    const auto seconds = parse_number(*text);
    if (!seconds) return std::nullopt;
    return std::chrono::seconds(std::min(*seconds, kRetryAfterMax));
}

tl::unexpected<Error> unexpected_size(std::string_view what, std::size_t have, std::size_t wanted) {
    return fail(std::errc::protocol_error, std::string(what) + ": " + std::to_string(have) +
                                               " bytes instead of " + std::to_string(wanted));
}

}  // namespace

GatewayClient::GatewayClient(std::string url,
                             std::shared_ptr<const http::TlsContext> tls,
                             Limits limits)
    : url_{std::move(url)},
      limits_{limits},
      pacer_{limits.bytes_per_s},
      client_{std::move(tls)} {
    while (url_.ends_with('/')) url_.pop_back();
}

Result<http::Response> GatewayClient::exchange(http::ClientRequest request,
                                               const http::BodySink& sink,
                                               std::chrono::milliseconds silence) {
    busy_for_.reset();
    const std::string what = request.method + " " + request.url;
    const bool is_receipt = request.url.starts_with(protocol::kReceiptsPath);
    request.url.insert(0, url_);
    request.total_timeout = limits_.timeout + silence;
    request.idle_timeout = std::min(request.idle_timeout, limits_.timeout) + silence;
    auto response = sink ? client_.download(std::move(request), sink)
                         : client_.request(std::move(request));
    if (!response) return source_trouble(std::move(response).error().within(what));
    if (!response->ok()) {
        if (response->status == 503) busy_for_ = retry_after(*response);
        const std::string problem = protocol::describe_problem(response->text());
        return fail(code_of(problem, is_receipt), what + ": status " + std::to_string(response->status) +
                              (problem.empty() ? "" : " (" + problem + ")"));
    }
    return response;
}

Result<protocol::PollAnswer> GatewayClient::poll(const protocol::PollRequest& poll_request) {
    http::ClientRequest request("POST", protocol::poll_path(poll_request));
    request.headers.set("Content-Type", std::string(protocol::kJsonType));
    request.body = to_bytes(protocol::to_json(poll_request));
    request.body_bytes_max = protocol::kMessageBytesMax;
    auto response =
        exchange(std::move(request), {}, std::chrono::milliseconds(poll_request.wait_ms));
    if (!response) return fail(std::move(response).error());
    auto answer = protocol::parse_poll_answer(response->text());
    if (!answer) return source_trouble(answer.error());
    return answer;
}

Result<Bytes> GatewayClient::proof(const ledger::LeafHash& release) {
    http::ClientRequest request("GET", protocol::proof_path(release));
    request.body_bytes_max = ledger::kDeviceProofBytesMax;
    auto response = exchange(std::move(request));
    if (!response) return fail(std::move(response).error());
    return std::move(response->body);
}

Result<std::vector<Sha256Digest>> GatewayClient::chunk_digests(const ledger::LeafHash& release,
                                                               std::uint64_t count) {
    http::ClientRequest request("GET", protocol::chunks_path(release));
    request.body_bytes_max = count * kDigestBytes;
    auto response = exchange(std::move(request));
    if (!response) return fail(std::move(response).error());
    if (response->body.size() != count * kDigestBytes) {
        return unexpected_size("chunk list", response->body.size(), count * kDigestBytes);
    }
    return split_digests(response->body);
}

Result<Bytes> GatewayClient::image_range(const ledger::LeafHash& release,
                                         std::uint64_t offset,
                                         std::size_t bytes) {
    http::ClientRequest request("GET", protocol::image_path(release));
    request.headers.set(
        "Range", "bytes=" + std::to_string(offset) + "-" + std::to_string(offset + bytes - 1));
    request.body_bytes_max = bytes;
    Bytes body;
    body.reserve(bytes);
    const auto response = exchange(std::move(request), [&](ByteView piece) -> Result<void> {
        if (piece.size() > bytes - body.size()) {
            return unexpected_size("image range", body.size() + piece.size(), bytes);
        }
        append(body, piece);
        pacer_.took(piece.size());
        return {};
    });
    if (!response) return fail(response.error());
    if (body.size() != bytes) return unexpected_size("image range", body.size(), bytes);
    return body;
}

Result<Gateway::ReceiptAnswer> GatewayClient::send_receipt(
    ByteView receipt,
    const std::optional<protocol::ReceiptName>& after) {
    http::ClientRequest request("POST", protocol::receipts_path(after));
    request.headers.set("Content-Type", std::string(protocol::kReceiptType));
    request.body = to_bytes(receipt);
    request.body_bytes_max = protocol::kMessageBytesMax;
    auto response = exchange(std::move(request));
    if (!response) return fail(std::move(response).error());
    const auto taken = protocol::parse_receipt_acknowledgement(response->text());
    if (!taken) return source_trouble(taken.error());
    if (!*taken && !after) return fail(std::errc::protocol_error, "the receipt was not acknowledged");
    return *taken ? ReceiptAnswer::kTaken : ReceiptAnswer::kOthersFirst;
}

}  // namespace assay::device
