#include "gateway/app.hpp"

#include <algorithm>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/api/content_admin_api.hpp"
#include "gateway/api/ledger_api.hpp"
#include "gateway/api/member_api.hpp"
#include "gateway/api/release_api.hpp"
#include "gateway/api/status_api.hpp"
#include "gateway/transport.hpp"
#include "host/base_daemon/log.hpp"
#include "host/base_daemon/sd_notify.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/net/bundle.hpp"

namespace assay::gateway {
namespace {

constexpr std::chrono::seconds kStopGrace{2};

}  // namespace

Result<std::unique_ptr<App>> App::create(const MemberFolder& folder) {
    std::unique_ptr<App> app(new App(folder));
    if (auto built = app->build(); !built) return fail(std::move(built).error());
    return app;
}

// The architecture, part by part.
Result<void> App::build() {
    auto config = read_config(folder_.dir());
    if (!config) return fail(std::move(config).error());
    config_ = std::move(*config);
    if (auto made = create_directories_durable(folder_.run(), 0700); !made) return made;
    auto lock = FileLock::acquire(folder_.lock());
    if (!lock) return fail(std::move(lock).error().within("another daemon runs in this folder"));
    lock_.emplace(std::move(*lock));

    // host/compute: what hashes and mines.
    engines_.emplace(engine_options(config_));
    auto chosen = choose_engines(*engines_, config_);
    if (!chosen) return fail(std::move(chosen).error());
    chosen_ = std::move(*chosen);

    // host/ipfs: image blocks, each under its CID.
    auto content = ipfs::BlockStore::open(folder_.content());
    if (!content) return fail(std::move(content).error().within("content store"));
    content_.emplace(std::move(*content));

    // ledger/node: releases and policies, shared by all members.
    const NodeParts node_parts{folder_, config_, chosen_, clock_};
    auto consortium = open_node(io_.get_executor(), ledger::LedgerKind::kConsortium, node_parts);
    if (!consortium) return fail(std::move(consortium).error());
    consortium_ = std::move(*consortium);

    // gateway/: the gateways' ledger, update flow, dispatch, receipts, the devices' listener.
    if (config_.gateway_genesis) {
        auto gateway = GatewayRole::create(
            {io_.get_executor(), pool_, node_parts, *consortium_, *content_, refusals_});
        if (!gateway) return fail(std::move(gateway).error());
        gateway_ = std::move(*gateway);
    }

    statuses_.emplace(*consortium_, config_.name, clock_);
    if (auto built = build_peer_listener(); !built) return built;
    if (auto built = build_content_listeners(); !built) return built;
    if (auto built = build_content_care(); !built) return built;
    return build_operator_server();
}

// ledger/net: the other members' nodes, for both ledgers.
Result<void> App::build_peer_listener() {
    const auto identity = load_member_identity(folder_);
    if (!identity) return fail(Error(identity.error()));
    std::vector<ledger::PeerRoute> routes = {consortium_->peer_route()};
    if (gateway_) routes.push_back(gateway_->node().peer_route());
    auto peers = ledger::PeerListener::listen(io_.get_executor(), config_.peer_listen, *identity,
                                              std::move(routes));
    if (!peers) return fail(std::move(peers).error().within("[peer] listen"));
    peers_ = std::move(*peers);
    return {};
}

// host/ipfs: blocks for members and devices over mutual TLS, and for anyone where that is wanted.
Result<void> App::build_content_listeners() {
    auto listeners = ContentListeners::create(
        {io_.get_executor(), folder_, config_, consortium_->chain(),
         gateway_ ? &gateway_->devices() : nullptr, *content_, pool_});
    if (!listeners) return fail(std::move(listeners).error());
    content_listeners_ = std::move(*listeners);
    return {};
}

// gateway/content_care: what nothing keeps goes, what the disk damages is fetched again.
Result<void> App::build_content_care() {
    const auto identity = load_member_identity(folder_);
    if (!identity) return fail(Error(identity.error()));
    auto tls = content_client_tls(*identity, consortium_->chain());
    if (!tls) return fail(std::move(tls).error());
    content_care_ = std::make_unique<ContentCare>(ContentCareParts{
        io_.get_executor(), config_, clock_, *content_, *chosen_.hash, std::move(*tls), refusals_,
        [this] { return images_in_use(); },
        [this] { return Timestamp{std::chrono::seconds{consortium_->chain().tip().time}}; }});
    return {};
}

// Of releases that are on their way to devices, or offered to them.
std::vector<ipfs::Cid> App::images_in_use() {
    std::vector<ipfs::Cid> roots;
    if (!gateway_) return roots;
    const GatewayStatusParts gateway = gateway_->status_parts();
    for (const auto& [leaf, entry] : gateway.catalog.entries()) {
        const ledger::ReleaseImage* const image = entry.release.full_image();
        if (entry.stage == ReleaseStage::kRefused || image == nullptr) continue;
        if (auto root = ipfs::decode_cid(image->cid)) roots.push_back(std::move(*root));
    }
    return roots;
}

// gateway/api: status, ledgers, releases and devices for the operator, on loopback.
Result<void> App::build_operator_server() {
    auto token = read_operator_token(folder_);
    if (!token) return fail(std::move(token).error());
    token_.emplace(std::move(*token));
    ledger::Node* const gateway_node = gateway_ ? &gateway_->node() : nullptr;
    std::optional<GatewayStatusParts> gateway_status;
    if (gateway_) gateway_status.emplace(gateway_->status_parts());
    add_status_routes(operator_routes_, {config_.name, chosen_.status, *engines_, *consortium_, refusals_,
                                         *content_care_, gateway_status, ready_});
    add_ledger_routes(operator_routes_, {*consortium_, gateway_node, refusals_, *token_});
    add_member_routes(operator_routes_, {*consortium_, gateway_node, refusals_, *token_});
    add_content_admin_routes(operator_routes_, {*content_care_, *token_});
    add_release_routes(operator_routes_,
                       {*consortium_, gateway_status ? &gateway_status->catalog : nullptr});
    if (gateway_) {
        add_device_admin_routes(operator_routes_, gateway_->admin_parts(*token_));
        add_investigation_routes(operator_routes_, gateway_->investigation_parts());
        add_rollout_routes(operator_routes_, gateway_->rollout_parts(*token_));
        add_enrolment_routes(operator_routes_, gateway_->enrolment_parts(*token_));
    }
    http::ServerOptions options;
    options.listen = config_.operator_listen;
    options.body_bytes_max = std::max(options.body_bytes_max, ledger::kBundlePartBytesMax);
    auto server = http::Server::listen(io_.get_executor(), options, std::cref(operator_routes_));
    if (!server) return fail(std::move(server).error().within("[operator] listen"));
    operator_server_ = std::move(*server);
    return {};
}

App::~App() { pool_.join(); }

Result<void> App::run() {
    boost::asio::signal_set signals(io_, SIGTERM, SIGINT);
    signals.async_wait([this](const boost::system::error_code& error, int) {
        if (!error) stop();
    });
    consortium_->start();
    if (gateway_) gateway_->start();
    peers_->start();
    content_listeners_->start();
    content_care_->start();
    operator_server_->start();
    ready_ = true;
    if (auto announced = announce(); !announced) return announced;
    io_.run();
    return {};
}

// Tells scripts where to find us, and systemd that we are there.
Result<void> App::announce() {
    boost::json::object addresses;
    addresses["operator"] = operator_server_->address();
    addresses["peer"] = peers_->address();
    addresses["content"] = content_listeners_->address();
    const std::string public_content = content_listeners_->public_address();
    if (!public_content.empty()) addresses["public_content"] = public_content;
    if (gateway_) addresses["devices"] = gateway_->devices_address();
    if (gateway_ && !gateway_->factory_address().empty()) {
        addresses["factory"] = gateway_->factory_address();
    }
    const std::string text = boost::json::serialize(addresses) + "\n";
    if (auto done = write_file_durable(folder_.addresses(), as_bytes(text)); !done) return done;
    log::info("ready", {{"member", config_.name},
                        {"operator", operator_server_->address()},
                        {"mine", chosen_.status.mine},
                        {"hash", chosen_.status.hash}});
    notify_ready();
    return {};
}

void App::stop() {
    boost::asio::post(io_, [this] {
        if (stopping_) return;
        stopping_ = true;
        boost::asio::co_spawn(io_, shut_down(), boost::asio::detached);
    });
}

boost::asio::awaitable<void> App::shut_down() {
    log::info("stopping");
    notify_stopping();
    ready_ = false;
    content_care_->begin_stop();  // the operator may wait for a collection
    co_await operator_server_->stop(kStopGrace);
    co_await content_listeners_->stop(kStopGrace);
    co_await content_care_->stop();
    co_await peers_->stop();
    if (gateway_) co_await gateway_->stop();
    co_await consortium_->stop();
    std::error_code ignored;
    std::filesystem::remove(folder_.addresses(), ignored);
    io_.stop();
}

}  // namespace assay::gateway
