// An OEM and a gateway, founded, configured and run by the product's own verbs and classes, each
// daemon on a thread of its own; and a device that speaks the agent protocol to the gateway.
// Ports are free ones, addresses come from run/addresses.json.

#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>

#include "device/protocol/enrolment.hpp"
#include "device/protocol/messages.hpp"
#include "device/protocol/paths.hpp"
#include "gateway/app.hpp"
#include "gateway/cli/daemon_client.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "host/http/client.hpp"
#include "ledger/core/device_proof.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway::test {

using assay::test::TempDir;

inline constexpr std::chrono::seconds kPatience{180};

template <typename Condition>
[[nodiscard]] bool eventually(Condition holds) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return true;
}

// One member's folder and, while it is started, its daemon.
class Daemon {
  public:
    explicit Daemon(std::filesystem::path dir) : folder_{std::move(dir)} {}
    Daemon(const Daemon&) = delete;
    Daemon& operator=(const Daemon&) = delete;
    ~Daemon() { stop(); }

    void init(const std::string& name, std::vector<std::string> roles) {
        cli::InitMemberOptions options;
        options.dir = folder_.dir();
        options.name = name;
        options.roles = std::move(roles);
        options.base_port = 0;
        const auto made = cli::init_member(options);
        ASSERT_TRUE(made) << made.error().message;
        name_ = name;
    }
    void configure(const std::string& more) {
        const std::string text = "name = \"" + name_ + "\"\n" +
                                 "[operator]\nlisten = \"127.0.0.1:0\"\n"
                                 "[content]\nlisten = \"127.0.0.1:0\"\n" +
                                 more +
                                 "[mining]\nengine = \"cpu\"\nshare = 1.0\n"
                                 "[compute]\nengine = \"cpu\"\n";
        ASSERT_TRUE(write_file_durable(folder_.config(), as_bytes(text)));
    }
    void start() {
        auto app = App::create(folder_);
        ASSERT_TRUE(app) << app.error().to_string();
        app_ = std::move(*app);
        thread_ = std::thread([this] { EXPECT_TRUE(app_->run()); });
        ASSERT_TRUE(eventually([&] { return std::filesystem::exists(folder_.addresses()); }));
    }
    void stop() {
        if (!app_) return;
        app_->stop();
        thread_.join();
        app_.reset();
    }

    [[nodiscard]] const MemberFolder& folder() const { return folder_; }
    [[nodiscard]] std::filesystem::path card() const { return folder_.card(name_); }
    [[nodiscard]] std::string address(std::string_view listener) const {
        const Bytes text = read_file(folder_.addresses(), 4096).value();
        return std::string(boost::json::parse(as_text(text)).at(listener).as_string());
    }
    [[nodiscard]] boost::json::object get(const std::string& path) const {
        const auto client = cli::DaemonClient::open(folder_);
        EXPECT_TRUE(client) << client.error().message;
        auto answer = client->get(path);
        EXPECT_TRUE(answer) << path << ": " << answer.error().message;
        return answer.value_or(boost::json::object{});
    }
    // Refusals of that word since the start.
    [[nodiscard]] std::int64_t refusals(std::string_view word) const {
        const auto status = get("/v1/status");
        for (const auto& row : status.at("refusals").as_array()) {
            if (row.at("word").as_string() == word)
                return row.at("count").to_number<std::int64_t>();
        }
        return 0;
    }

  private:
    MemberFolder folder_;
    std::string name_;
    std::unique_ptr<App> app_;
    std::thread thread_;
};

// An OEM node "oem" and a gateway "gw" that dials it, running.
class Consortium {
  public:
    // `oem_content`: more lines of the OEM's [content].
    explicit Consortium(const std::string& oem_content = "") : oem{dir_ / "oem"}, gw{dir_ / "gw"} {
        oem.init("oem", {"oem", "node"});
        gw.init("gw", {"gateway", "node"});
        cli::FoundOptions founding;
        founding.cards = {oem.card(), gw.card()};
        founding.out = dir_ / "genesis";
        founding.origin = "test.example";
        founding.interval = "1s";
        founding.pow_limit = "207fffff";
        const auto founded = cli::found_consortium(founding);
        EXPECT_TRUE(founded) << founded.error().message;
        for (const Daemon* const member : {&oem, &gw}) {
            std::filesystem::copy_file(dir_ / "genesis/consortium.genesis",
                                       member->folder().dir() / "consortium.genesis");
        }
        std::filesystem::copy_file(dir_ / "genesis/gateway.genesis",
                                   gw.folder().dir() / "gateway.genesis");
        oem.configure(oem_content + "[peer]\nlisten = \"127.0.0.1:0\"\n");
        oem.start();
        start_gateway();
    }
    void start_gateway() {
        start_gateway("sources = [\"https://" + oem.address("content") + "\"]\n");
    }
    void start_gateway(const std::string& content) {
        gw.configure(content +
                     "[peer]\nlisten = \"127.0.0.1:0\"\nconnect = [\"" + oem.address("peer") +
                     "\"]\n[gateway]\n[devices]\nlisten = \"127.0.0.1:0\"\n"
                     "[receipts]\nflush_age = \"1s\"\n");
        gw.start();
    }

    // Releases that are published next need not wait for it to be final; a draft reads the ledger.
    void set_policy(bool wait = false, std::vector<std::string> status_keys = {}) {
        cli::PolicyOptions options;
        options.status_keys = std::move(status_keys);
        options.dir = oem.folder().dir();
        options.vendor = kVendor;
        options.wait = wait;
        const auto set = cli::set_policy(options);
        ASSERT_TRUE(set) << set.error().message;
    }
    // The leaf hash of the release, in hexadecimal.
    std::string publish(ByteView image,
                        std::uint64_t sequence,
                        unsigned retain_years = 10,
                        const std::string& urgency = "routine") {
        const auto file = dir_ / ("image-" + std::to_string(sequence));
        EXPECT_TRUE(write_file_durable(file, image));
        cli::PublishOptions options;
        options.dir = oem.folder().dir();
        options.file = file;
        options.vendor = kVendor;
        options.device_class = kClass;
        options.component = kComponent;
        options.sequence = sequence;
        options.version = "1." + std::to_string(sequence);
        options.retain_years = retain_years;
        options.urgency = urgency;
        options.wait = true;
        const auto published = cli::publish_release(options);
        EXPECT_TRUE(published) << published.error().message;
        return published ? std::string(published->json.at("leaf").as_string()) : std::string();
    }
    // "ready", "refused"..., empty while the gateway has not found it.
    [[nodiscard]] std::string stage(const std::string& leaf) const {
        const auto releases = gw.get("/v1/releases");
        for (const auto& release : releases.at("releases").as_array()) {
            const auto& in = release.as_object();
            if (in.at("leaf").as_string() == leaf && in.contains("stage")) {
                return std::string(in.at("stage").as_string());
            }
        }
        return "";
    }

    static constexpr const char* kVendor = "acme.example";
    static constexpr const char* kClass = "edge-x64";
    static constexpr const char* kComponent = "firmware";

  private:
    TempDir dir_;

  public:
    Daemon oem, gw;
};

// A device as the gateway sees it: its key, its certificate, what it posts.
class TestDevice {
  public:
    TestDevice(const Consortium& world, const std::string& id, bool replace_key = false)
        : world_{world} {
        const Bytes csr = crypto::make_csr(key, id).value();
        const auto client = cli::DaemonClient::open(world.gw.folder());
        protocol::EnrolmentRequest request;
        request.id = id;
        request.csr = std::string(as_text(csr));
        request.vendor = Consortium::kVendor;
        request.replace_key = replace_key;
        const auto answer =
            client->post("/v1/devices", "application/json", as_bytes(protocol::to_json(request)));
        EXPECT_TRUE(answer) << answer.error().message;
        enrolment = protocol::parse_enrolment_answer(boost::json::serialize(*answer)).value();
        connect(as_bytes(enrolment.certificate), key);
    }
    void connect(ByteView certificate, const crypto::PrivateKey& with) {
        http::TlsOptions options(http::TlsRole::kClient, to_bytes(certificate),
                                 with.to_pem().value());
        options.ca_pem = to_bytes(enrolment.ca);
        tls_ = http::TlsContext::make(options).value();
        client_ = std::make_unique<http::BlockingClient>(tls_);
    }

    http::Response request(const std::string& method,
                           std::string_view path,
                           ByteView body = {},
                           const std::string& range = {}) {
        http::ClientRequest request(method,
                                    "https://" + world_.gw.address("devices") + std::string(path));
        request.body = to_bytes(body);
        request.body_bytes_max = 1U << 26U;
        if (!range.empty()) request.headers.set("Range", range);
        auto response = client_->request(std::move(request));
        EXPECT_TRUE(response) << response.error().to_string();
        return response.value_or(http::Response(599));
    }
    // Over a connection of its own, beside what another one waits for.
    http::Response request_apart(const std::string& method, std::string_view path, ByteView body) {
        http::BlockingClient client(tls_);
        http::ClientRequest request(method,
                                    "https://" + world_.gw.address("devices") + std::string(path));
        request.body = to_bytes(body);
        auto response = client.request(std::move(request));
        EXPECT_TRUE(response) << response.error().to_string();
        return response.value_or(http::Response(599));
    }
    // Of one connection, piece by piece.
    Result<http::Response> download(std::string_view path, const http::BodySink& sink) {
        http::ClientRequest request("GET", "https://" + world_.gw.address("devices") + std::string(path));
        request.body_bytes_max = 1U << 26U;
        return client_->download(std::move(request), sink);
    }
    protocol::PollAnswer poll(std::uint64_t sequence = 0,
                              const std::optional<ledger::LeafHash>& pending = {},
                              std::uint32_t wait_ms = 0,
                              const std::optional<protocol::ReceiptName>& newest = {}) {
        protocol::PollRequest poll;
        poll.vendor = ledger::vendor_id_of(Consortium::kVendor);
        poll.device_class = ledger::class_id_of(poll.vendor, Consortium::kClass);
        poll.component = Consortium::kComponent;
        poll.sequence = sequence;
        poll.state = "idle";
        poll.pending = pending;
        poll.wait_ms = wait_ms;
        poll.receipt = newest;
        const auto response =
            request("POST", protocol::poll_path(poll), as_bytes(protocol::to_json(poll)));
        EXPECT_EQ(response.status, 200U) << response.text();
        return protocol::parse_poll_answer(response.text()).value();
    }
    Bytes receipt(const protocol::Assignment& assignment,
                  ledger::ReceiptEvent event,
                  std::uint32_t counter,
                  std::uint16_t result = 0) {
        ledger::ReceiptBody body;
        body.device = enrolment.ledger_id;
        body.release = assignment.release;
        body.event = event;
        body.counter = counter;
        body.result = result;
        body.nonce = assignment.nonce;
        return ledger::sign_receipt(body, key).value();
    }
    http::Response post(ByteView receipt_bytes,
                        const std::optional<protocol::ReceiptName>& after = {}) {
        return request("POST", protocol::receipts_path(after), receipt_bytes);
    }
    [[nodiscard]] protocol::ReceiptName name(std::uint32_t counter) const {
        return {crypto::key_id(key.public_key()), counter};
    }

    crypto::PrivateKey key = crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    protocol::EnrolmentAnswer enrolment;

  private:
    const Consortium& world_;
    std::shared_ptr<const http::TlsContext> tls_;
    std::unique_ptr<http::BlockingClient> client_;
};

}  // namespace assay::gateway::test
