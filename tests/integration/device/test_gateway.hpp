// A gateway reduced to the agent protocol: a real HTTP server under mutual TLS on loopback, run by
// a thread of its own, serving what the test puts into it. What a lying gateway would do is a
// field.

#pragma once

#include <atomic>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "device/protocol/messages.hpp"
#include "device/protocol/paths.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "host/http/range.hpp"
#include "host/http/router.hpp"
#include "host/http/server.hpp"
#include "ledger/core/receipt.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::test {

struct OfferedRelease {
    Bytes proof;
    std::vector<Sha256Digest> chunks;
    Bytes image;
    std::uint64_t sequence = 0;
    std::map<std::uint64_t, Bytes> proofs = {};  // by the epoch that a poll names; else `proof`
};

class TestGateway {
  public:
    TestGateway()
        : ca_key_{crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value()},
          ca_{crypto::make_ca(ca_key_, "test-site").value()},
          device_key{crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value()} {
        const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
        crypto::CertificateOptions certificate;
        certificate.common_name = "gateway";
        certificate.alt_names = {"127.0.0.1"};
        certificate.use = crypto::CertificateUse::kServer;
        http::TlsOptions tls(http::TlsRole::kServer,
                             crypto::issue(ca_, ca_key_, key.public_key(), certificate).value(),
                             key.to_pem().value());
        tls.ca_pem = ca_;
        http::ServerOptions options;
        options.tls = http::TlsContext::make(tls).value();
        server_ = http::Server::listen(io_.get_executor(), options, router()).value();
        server_->start();
        thread_ = std::thread([this] { io_.run(); });
    }
    TestGateway(const TestGateway&) = delete;
    TestGateway& operator=(const TestGateway&) = delete;
    ~TestGateway() {
        io_.stop();
        thread_.join();
    }

    [[nodiscard]] std::string url() const { return "https://" + server_->address(); }
    [[nodiscard]] const Bytes& ca() const { return ca_; }
    [[nodiscard]] Bytes device_certificate() const {
        crypto::CertificateOptions certificate;
        certificate.common_name = "device-01";
        certificate.use = crypto::CertificateUse::kClient;
        return crypto::issue(ca_, ca_key_, device_key.public_key(), certificate).value();
    }
    [[nodiscard]] std::shared_ptr<const http::TlsContext> device_tls() const {
        http::TlsOptions tls(http::TlsRole::kClient, device_certificate(),
                             device_key.to_pem().value());
        tls.ca_pem = ca_;
        tls.server_name = "127.0.0.1";
        return http::TlsContext::make(tls).value();
    }

    // From now on every poll is answered with this one, under the given leaf.
    void offer(const ledger::LeafHash& leaf, OfferedRelease release) {
        const std::lock_guard lock(mutex_);
        assigned_ = leaf;
        releases_[leaf] = std::move(release);
    }
    void offer_nothing() {
        const std::lock_guard lock(mutex_);
        assigned_.reset();
    }
    // Says so to a poll that names it, and offers nothing any more.
    void withdraw(const ledger::LeafHash& leaf) {
        const std::lock_guard lock(mutex_);
        assigned_.reset();
        withdrawn_ = leaf;
    }
    // Its store is an older copy, in which that many are.
    void lose_receipts_but(std::size_t count) {
        const std::lock_guard lock(mutex_);
        while (receipts_.size() > count) {
            receipt_bytes_.erase(receipts_.back().counter);
            receipts_.pop_back();
        }
    }
    void forget_receipt(std::uint32_t counter) {
        const std::lock_guard lock(mutex_);
        receipt_bytes_.erase(counter);
        std::erase_if(receipts_, [&](const auto& receipt) { return receipt.counter == counter; });
    }
    // In the order in which they came.
    [[nodiscard]] std::vector<ledger::ReceiptBody> receipts() {
        const std::lock_guard lock(mutex_);
        return receipts_;
    }
    [[nodiscard]] std::vector<ledger::ReceiptEvent> events() {
        std::vector<ledger::ReceiptEvent> out;
        for (const auto& receipt : receipts()) out.push_back(receipt.event);
        return out;
    }
    [[nodiscard]] std::vector<protocol::PollRequest> polls() {
        const std::lock_guard lock(mutex_);
        return polls_;
    }

  private:
    const crypto::PrivateKey ca_key_;
    const Bytes ca_;

  public:
    const crypto::PrivateKey device_key;
    std::atomic<int> proofs_served = 0;
    std::atomic<int> ranges_served = 0;
    std::atomic<int> tampered_byte = -1;  // of the image: one bit of it is flipped
    std::atomic<int> ranges_until_failure = -1;
    std::atomic<int> retry_after_s = -1;  // of that failure
    std::atomic<bool> is_overtaken = false;
    std::atomic<int> ranges_until_withdrawal = -1;
    std::atomic<bool> images_stall = false;  // no byte of them ever comes
    std::atomic<bool> receipts_fail = false;
    std::atomic<bool> receipts_are_final = false;
    std::atomic<unsigned> sleep_ms = 10;
    std::atomic<bool> chunks_replayed = false;  // answers with a word that is for receipts only

  private:
    template <typename Answer>
    http::Handler locked(Answer answer) {
        return [this, answer](http::Request request) -> boost::asio::awaitable<http::Response> {
            const std::lock_guard lock(mutex_);
            if (request.peer == nullptr || request.peer->common_name != "device-01") {
                co_return http::problem(403, Refusal::kDeviceUnknown, "no device");
            }
            co_return answer(*this, request);
        };
    }

    http::Handler router() {
        http::Router routes;
        routes.post(protocol::kPollPath,
                    locked([](TestGateway& self, const http::Request& request) {
                        return self.poll(request);
                    }));
        routes.post(protocol::kReceiptsPath,
                    locked([](TestGateway& self, const http::Request& request) {
                        return self.receipt(request);
                    }));
        routes.get(protocol::kProofPattern,
                   locked([](TestGateway& self, const http::Request& request) {
                       const OfferedRelease* release = self.find(request);
                       if (release == nullptr) return not_found();
                       ++self.proofs_served;
                       const auto special = self.polls_.empty()
                                                ? release->proofs.end()
                                                : release->proofs.find(self.polls_.back().epoch);
                       return http::Response(200, protocol::kProofType,
                                             special == release->proofs.end() ? release->proof
                                                                              : special->second);
                   }));
        routes.get(protocol::kChunksPattern,
                   locked([](TestGateway& self, const http::Request& request) {
                       const OfferedRelease* release = self.find(request);
                       if (release == nullptr) return not_found();
                       if (self.chunks_replayed) {
                           return http::problem(409, Refusal::kReceiptReplayed, "of no sense");
                       }
                       Bytes list;
                       for (const auto& digest : release->chunks) append(list, digest.view());
                       return http::Response(200, protocol::kBytesType, std::move(list));
                   }));
        const auto image_now = locked(
            [](TestGateway& self, const http::Request& request) { return self.image(request); });
        routes.get(protocol::kImagePattern,
                   [this, image_now](
                       http::Request request) -> boost::asio::awaitable<http::Response> {
                       if (images_stall) co_await never();
                       co_return co_await image_now(std::move(request));
                   });
        return routes;
    }

    static boost::asio::awaitable<void> never() {
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
        timer.expires_after(std::chrono::hours(1));
        co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    static http::Response not_found() {
        return http::problem(404, Refusal::kReleaseUnknown, "not offered");
    }
    const OfferedRelease* find(const http::Request& request) {
        const auto leaf = hash_from_hex<ledger::LeafHash>(request.path_value("leaf"));
        const auto found = releases_.find(leaf.value_or(ledger::LeafHash{}));
        return found == releases_.end() ? nullptr : &found->second;
    }

    http::Response poll(const http::Request& request) {
        polls_.push_back(protocol::parse_poll_request(as_text(request.body)).value());
        const std::string_view wait = request.query_value(protocol::kWaitParameter).value_or("0");
        std::from_chars(wait.data(), wait.data() + wait.size(), polls_.back().wait_ms);
        polls_.back().pending = hash_from_hex<ledger::LeafHash>(
            request.query_value(protocol::kPendingParameter).value_or(""));
        polls_.back().receipt = name_in(request, protocol::kReceiptParameter);
        protocol::PollAnswer answer;
        answer.sleep_ms = sleep_ms;
        if (const auto& newest = polls_.back().receipt) {
            if (!receipt_bytes_.contains(newest->counter)) {
                answer.receipts = protocol::KeptReceipts::kSendAgain;
            } else if (receipts_are_final) {
                answer.receipts = protocol::KeptReceipts::kDrop;
            }
        }
        if (assigned_ && releases_.at(*assigned_).sequence > polls_.back().sequence) {
            protocol::Assignment assignment;
            assignment.release = *assigned_;
            assignment.nonce = {std::byte{7}};
            assignment.sequence = releases_.at(*assigned_).sequence;
            assignment.version = "x";
            answer.assignment = assignment;
        }
        if (withdrawn_ && polls_.back().pending == withdrawn_) answer.withdrawn = withdrawn_;
        return http::Response(200, protocol::kJsonType,
                              std::string_view(protocol::to_json(answer)));
    }

    static std::optional<protocol::ReceiptName> name_in(const http::Request& request,
                                                        std::string_view parameter) {
        return protocol::parse_receipt_name(request.query_value(parameter).value_or(""));
    }

    http::Response receipt(const http::Request& request) {
        if (receipts_fail) return http::problem(503, "unavailable", "try later");
        const auto decoded = ledger::decode_receipt(request.body);
        if (!decoded || !ledger::verify(*decoded, device_key.public_key())) {
            return http::problem(400, Refusal::kSignatureInvalid, "receipt");
        }
        const std::uint32_t counter = decoded->body.counter;
        const std::uint32_t highest = receipt_bytes_.empty() ? 0 : receipt_bytes_.rbegin()->first;
        const bool is_known = receipt_bytes_.contains(counter);
        const auto after = name_in(request, protocol::kAfterParameter);
        if (!is_known && counter < highest) {
            return http::problem(409, Refusal::kReceiptReplayed, "counter below another");
        }
        if (!is_known && after && highest < after->counter) {
            return http::Response(200, protocol::kJsonType,
                                  std::string_view(protocol::receipt_acknowledgement(false)));
        }
        const auto [known, is_new] = receipt_bytes_.emplace(counter, to_bytes(request.body));
        if (!is_new && known->second != request.body) {
            return http::problem(409, Refusal::kReceiptReplayed, "counter used twice");
        }
        if (is_new) receipts_.push_back(decoded->body);
        return http::Response(200, protocol::kJsonType,
                              std::string_view(protocol::receipt_acknowledgement()));
    }

    http::Response image(const http::Request& request) {
        const OfferedRelease* release = find(request);
        if (release == nullptr) return not_found();
        if (is_overtaken) return http::problem(409, "overtaken", "poll");
        if (ranges_until_failure == 0) {
            http::Response later = http::problem(503, "unavailable", "try later");
            if (retry_after_s >= 0) later.headers.set("Retry-After", std::to_string(retry_after_s));
            return later;
        }
        if (ranges_until_failure > 0) --ranges_until_failure;
        ++ranges_served;
        if (ranges_until_withdrawal >= 0 && ranges_until_withdrawal-- == 0) {
            withdrawn_ = std::exchange(assigned_, std::nullopt);
        }
        const auto range =
            http::decide_range(request.headers.find("Range"), release->image.size());
        if (range.verdict == http::RangeVerdict::kUnsatisfiable) return not_found();
        const bool whole = range.verdict == http::RangeVerdict::kWhole;
        Bytes bytes = to_bytes(whole ? ByteView(release->image)
                                     : ByteView(release->image).subspan(range.offset, range.length));
        const auto tampered = static_cast<std::uint64_t>(tampered_byte.load());
        if (tampered_byte >= 0 && tampered >= range.offset && tampered - range.offset < bytes.size())
            bytes[tampered - range.offset] ^= std::byte{1};
        return http::Response(whole ? 200 : 206, protocol::kBytesType, std::move(bytes));
    }

    std::mutex mutex_;
    std::optional<ledger::LeafHash> assigned_, withdrawn_;
    std::map<ledger::LeafHash, OfferedRelease> releases_;
    std::vector<ledger::ReceiptBody> receipts_;
    std::map<std::uint32_t, Bytes> receipt_bytes_;
    std::vector<protocol::PollRequest> polls_;

    boost::asio::io_context io_{1};
    boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
        io_.get_executor()};
    std::unique_ptr<http::Server> server_;
    std::thread thread_;
};

}  // namespace assay::test
