#include "device/factory.hpp"

#include <array>
#include <chrono>
#include <fstream>
#include <iostream>
#include <thread>

#include "device/device_folder.hpp"
#include "device/gateway.hpp"
#include "device/protocol/paths.hpp"
#include "device/retry.hpp"
#include "device/run.hpp"
#include "host/base/text_encoding.hpp"
#include "host/http/client.hpp"
#include "ledger/core/anchor.hpp"

namespace assay::device {
namespace {

namespace fs = std::filesystem;
using std::chrono::steady_clock;

constexpr std::size_t kCsrBytesMax = 16 * 1024;
constexpr Milliseconds kAskAgainFirst{500};
constexpr Milliseconds kAskAgainMax{15'000};
constexpr unsigned kPending = 202;

Result<std::string> first_line_of(const std::string& path) {
    std::ifstream file;
    if (path != "-") file.open(path);
    std::istream& in = path == "-" ? std::cin : file;
    std::array<char, 256> line{};
    if (!in.getline(line.data(), line.size())) {
        return fail(std::errc::no_such_file_or_directory, "no token in " + path);
    }
    return std::string(line.data());
}

// A token, or the pin of the gateway's key alone, behind a dot.
Result<protocol::FactoryToken> read_token(const FactoryOptions& options) {
    const auto line = options.token_file.empty() ? options.token : first_line_of(options.token_file);
    if (!line) return fail(line.error());
    if (!line->starts_with('.')) return protocol::parse_factory_token(*line);
    auto token = protocol::parse_factory_token(std::string(32, '0') + *line);
    if (token) token->secret.clear();
    return token;
}

Result<std::shared_ptr<const http::TlsContext>> tls_to(const Sha256Digest& pin) {
    http::TlsOptions options(http::TlsRole::kClient, {}, {});
    options.accept = [pin](const http::PeerIdentity& peer) { return peer.spki_sha256 == pin; };
    return http::TlsContext::make(options);
}

Result<http::ClientRequest> make_request(const FactoryOptions& options,
                                         const protocol::DeviceConfig& config,
                                         const std::string& secret) {
    const auto csr = read_file(options.folder / protocol::kRequestFile, kCsrBytesMax);
    if (!csr) return fail(csr.error());
    protocol::FactoryRequest wanted;
    wanted.id = config.id;
    wanted.csr = std::string(as_text(*csr));
    wanted.vendor = config.vendor;
    wanted.device_class = config.device_class;
    wanted.component = config.component;
    wanted.hardware = options.hardware;
    wanted.token = secret;
    std::string url = options.factory;
    while (url.ends_with('/')) url.pop_back();
    http::ClientRequest request("POST", url + std::string(protocol::kFactoryPath));
    request.headers.set("Content-Type", std::string(protocol::kJsonType));
    request.body = to_bytes(protocol::to_json(wanted));
    request.body_bytes_max = protocol::kEnrolmentBytesMax;
    request.total_timeout = std::chrono::seconds(60);
    return request;
}

// An anchor that was put into the device before, with its firmware, counts more than the gateway's.
Result<void> keep_own_anchor(const fs::path& folder, protocol::EnrolmentAnswer& answer) {
    const auto own_bytes = read_file(folder / protocol::kAnchorFile, ledger::kAnchorBytesMax);
    if (!own_bytes && own_bytes.error().is(std::errc::no_such_file_or_directory)) return {};
    if (!own_bytes) return fail(own_bytes.error());
    const auto own = ledger::decode_anchor(*own_bytes);
    if (!own) return fail(Error(own.error()).within("anchor.cbor"));
    const auto given = ledger::decode_anchor(answer.anchor);
    if (!given) return fail(Error(given.error()).within("the gateway's anchor"));
    if (own->chain_id != given->chain_id) {
        return fail(Refusal::kChainIdMismatch, "the gateway's anchor is not this device's");
    }
    if (own->vendor != given->vendor || !(own->oem_root == given->oem_root)) {
        return fail(Refusal::kVendorMismatch, "the gateway's anchor is not this device's");
    }
    answer.anchor = *own_bytes;
    return {};
}

Result<void> store_answer(const FactoryOptions& options, const http::Response& response) {
    auto answer = protocol::parse_enrolment_answer(response.text());
    if (!answer) return fail(std::move(answer).error());
    if (auto own = keep_own_anchor(options.folder, *answer); !own) return own;
    return protocol::store_enrolment(options.folder, *answer);
}

// Whether the answer of that status may become another one by asking again.
bool may_change(unsigned status) { return status == kPending || status == 429 || status >= 500; }

}  // namespace

Result<void> enrol_blank_device(const FactoryOptions& options, const EventLog& log) {
    if (auto made = create_directories_durable(options.folder, 0700); !made) return made;
    const auto lock = lock_folder(options.folder);
    if (!lock) return fail(lock.error());
    std::error_code error;
    if (!fs::exists(options.folder / protocol::kConfigFile, error)) {
        if (auto made = init_device(options.folder, options.config); !made) return made;
    }
    const auto config = read_config(options.folder);
    if (!config) return fail(config.error());
    if (config->ledger_id) return {};
    const auto token = read_token(options);
    if (!token) return fail(token.error());
    const auto tls = tls_to(token->pin);
    if (!tls) return fail(tls.error());
    const auto request = make_request(options, *config, token->secret);
    if (!request) return fail(request.error());

    http::BlockingClient client(*tls);
    const auto deadline = steady_clock::now() + options.patience;
    for (std::uint64_t asked = 1;; ++asked) {
        const auto response = client.request(*request);
        if (response && response->status == 201) {
            if (auto stored = store_answer(options, *response); !stored) return stored;
            log("enrolled", {{"device", config->id}});
            return {};
        }
        Error why(std::make_error_code(std::errc::permission_denied), "");
        if (response && response->status == kPending) {
            why = Error(std::make_error_code(std::errc::timed_out), "the operator has not accepted it");
            if (asked == 1) log("pending", {{"device", config->id}});
        } else if (response) {
            why = Error(why.code(), protocol::describe_problem(response->text()));
        } else {
            why = Error(response.error());
            log("gateway-failed", {{"word", std::string(source_trouble_word(why))},
                                   {"detail", why.to_string()}});
        }
        const bool goes_on = response ? may_change(response->status) : !why.is(Refusal::kPeerUnknown);
        const auto pause = with_jitter(backoff(asked, kAskAgainFirst, kAskAgainMax));
        if (!goes_on || steady_clock::now() + pause > deadline) return fail(std::move(why));
        std::this_thread::sleep_for(pause);
    }
}

}  // namespace assay::device
