#include "gateway/gateway_role.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

#include "gateway/open_files.hpp"
#include "gateway/transport.hpp"
#include "host/base/file.hpp"
#include "host/base/thread_priority.hpp"
#include "host/base_daemon/log.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/chain/leveldb_store.hpp"

namespace assay::gateway {
namespace {

constexpr std::size_t kDeviceConnectionsMax = 16'000;
constexpr std::size_t kConnectionsOfDeviceMax = 4;  // an agent has one, and leaves some that broke
constexpr std::size_t kAgentBodyBytesMax = 16 * 1024;
constexpr std::size_t kFactoryConnectionsMax = 1'000;
constexpr std::size_t kFactoryBodyBytesMax = 64 * 1024;
constexpr std::chrono::seconds kAgentsStopGrace{2};

// A third of the share of the io thread, which answers those that are connected. A newcomer waits.
constexpr int kHandshakesNiceness = 5;

UpdateFlowParts flow_parts(const GatewayNeeds& needs,
                           ipfs::Retriever& retriever,
                           BulkVerifier& verifier,
                           VerdictStore& verdicts,
                           ReleaseCatalog& catalog,
                           const RolloutBook& rollouts,
                           PollWaiters& waiters) {
    return {needs.consortium, retriever, needs.content, needs.node_parts.config,
            verifier,         verdicts,  catalog,       rollouts,
            waiters,          needs.refusals};
}

RecorderOptions recorder_options(const Config& config) {
    RecorderOptions options;
    options.flush_age = config.receipts_flush_age;
    options.flush_count = config.receipts_flush_count;
    return options;
}

}  // namespace

Result<std::unique_ptr<GatewayRole>> GatewayRole::create(const GatewayNeeds& needs) {
    const MemberFolder& folder = needs.node_parts.folder;
    auto node = open_node(needs.executor, ledger::LedgerKind::kGateway, needs.node_parts);
    if (!node) return fail(std::move(node).error());
    const auto made = create_directories_durable(folder.store(), 0700);
    if (!made) return fail(Error(made.error()));
    auto disk = ledger::open_leveldb(folder.store());
    if (!disk) return fail(std::move(disk).error().within("store of devices and receipts"));
    auto store = std::make_unique<GroupCommit>(needs.executor, std::move(*disk));
    auto authority = SiteAuthority::load(folder);
    if (!authority) return fail(std::move(authority).error());
    auto devices = DeviceRegistry::open(*store);
    if (!devices) return fail(std::move(devices).error());
    auto tokens = TokenBook::open(*store);
    if (!tokens) return fail(std::move(tokens).error());
    auto requests = RequestBook::open(*store);
    if (!requests) return fail(std::move(requests).error());
    auto receipts = ReceiptStore::open(*store);
    if (!receipts) return fail(std::move(receipts).error());
    auto blobs = BlobFiles::open(folder.receipt_blobs());
    if (!blobs) return fail(std::move(blobs).error());
    const auto identity = load_member_identity(folder);
    if (!identity) return fail(Error(identity.error()));
    auto content_tls = content_client_tls(*identity, needs.consortium.chain());
    if (!content_tls) return fail(std::move(content_tls).error());

    std::unique_ptr<GatewayRole> role(
        new GatewayRole(needs, std::move(*node), std::move(store), std::move(*authority),
                        std::move(*devices), std::move(*tokens), std::move(*requests),
                        std::move(*receipts), std::move(*blobs), std::move(*content_tls)));
    if (auto loaded = role->rollouts_.load(); !loaded) return fail(std::move(loaded).error());
    if (auto listening = role->listen_for_devices(needs); !listening) {
        return fail(std::move(listening).error().within("[devices] listen"));
    }
    if (auto listening = role->listen_for_blank_devices(needs); !listening) {
        return fail(std::move(listening).error().within("[factory] listen"));
    }
    return role;
}

GatewayRole::GatewayRole(const GatewayNeeds& needs,
                         std::unique_ptr<ledger::Node> node,
                         std::unique_ptr<GroupCommit> store,
                         SiteAuthority authority,
                         DeviceRegistry devices,
                         TokenBook tokens,
                         RequestBook requests,
                         ReceiptStore receipts,
                         BlobFiles blobs,
                         std::shared_ptr<const http::TlsContext> content_tls)
    : consortium_{needs.consortium},
      refusals_{needs.refusals},
      config_{needs.node_parts.config},
      clock_{needs.node_parts.clock},
      node_{std::move(node)},
      store_{std::move(store)},
      authority_{std::move(authority)},
      devices_{std::move(devices)},
      tokens_{std::move(tokens)},
      requests_{std::move(requests)},
      receipts_{std::move(receipts)},
      blobs_{std::move(blobs)},
      verdicts_{*store_},
      rollouts_{*store_, devices_, catalog_},
      rollouts_wakeup_{needs.executor},
      waiters_{needs.executor},
      overdrawn_{needs.executor},
      content_client_{needs.executor, std::move(content_tls)},
      retriever_{needs.executor, content_client_, needs.content, *needs.node_parts.engines.hash,
                 needs.pool},
      verifier_{*needs.node_parts.engines.hash, needs.content, needs.pool},
      flow_{needs.executor,
            flow_parts(needs, retriever_, verifier_, verdicts_, catalog_, rollouts_, waiters_)},
      recorder_{receipts_, recorder_ledger(), batch_signer(), recorder_options(config_)},
      recorder_wakeup_{needs.executor},
      anchors_{needs.executor, consortium_, *node_, config_.name, config_.anchors, clock_},
      desk_{receipts_, devices_, rollouts_, catalog_, consortium_, refusals_},
      attestations_{attestation_parts(needs.executor)},
      restorer_{restorer_parts(needs.executor)},
      copier_{copier_parts(needs)},
      pacer_{needs.executor, config_.pace},
      factory_budget_{config_.factory_requests_per_s},
      tasks_{needs.executor} {}

Result<void> GatewayRole::listen_for_devices(const GatewayNeeds& needs) {
    const AgentApiParts parts{*store_,  devices_, dispatch_rules(), rollouts_,
                              desk_,    receipts_, recorder_, attestations_, waiters_, overdrawn_, pacer_,
                              RequestBudget(config_.device_requests_per_s), consortium_, refusals_,
                              clock_, needs.pool};
    add_agent_routes(agent_routes_, parts);
    const auto tls = devices_server_tls(needs.node_parts.folder, &devices_);
    if (!tls) return fail(Error(tls.error()));
    http::ServerOptions options;
    options.listen = config_.devices_listen;
    options.tls = *tls;
    // Half of the files stay for everything else.
    options.connections_max = std::min(kDeviceConnectionsMax, raise_open_files_limit() / 2);
    options.connections_of_key_max = kConnectionsOfDeviceMax;
    waiters_.limit(options.connections_max / 4 * 3);  // the rest is for those that have to work
    options.body_bytes_max = kAgentBodyBytesMax;
    options.handshake_pool = &handshakes_;
    boost::asio::post(handshakes_, [] { lower_thread_priority(kHandshakesNiceness); });
    auto server = http::Server::listen(needs.executor, options, std::cref(agent_routes_));
    if (!server) return fail(std::move(server).error());
    agents_ = std::move(*server);
    return {};
}

// The same certificate as for enrolled devices; blank ones have none to show.
Result<void> GatewayRole::listen_for_blank_devices(const GatewayNeeds& needs) {
    const auto pin = devices_key_pin(needs.node_parts.folder);
    if (!pin) return fail(Error(pin.error()));
    factory_pin_ = *pin;
    if (config_.factory_listen.empty()) return {};
    add_factory_routes(factory_routes_, factory_parts(), factory_budget_);
    const auto tls = factory_server_tls(needs.node_parts.folder);
    if (!tls) return fail(Error(tls.error()));
    http::ServerOptions options;
    options.listen = config_.factory_listen;
    options.tls = *tls;
    options.connections_max = kFactoryConnectionsMax;
    options.body_bytes_max = kFactoryBodyBytesMax;
    auto server = http::Server::listen(needs.executor, options, std::cref(factory_routes_));
    if (!server) return fail(std::move(server).error());
    factory_ = std::move(*server);
    return {};
}

std::string GatewayRole::devices_url() const {
    return config_.devices_url.empty() ? "https://" + agents_->address() : config_.devices_url;
}

FactoryParts GatewayRole::factory_parts() {
    return {devices_, tokens_, requests_, authority_, consortium_, clock_, devices_url()};
}

RecorderLedger GatewayRole::recorder_ledger() {
    const auto submit = [node = node_.get()](ByteView transaction) -> Result<void> {
        const auto accepted = node->submit(transaction);
        if (!accepted) return fail(Error(accepted.error()));
        return {};
    };
    const auto final_size = [node = node_.get()]() -> std::uint64_t {
        return node->checkpoint() ? node->checkpoint()->size : 0;
    };
    const auto consortium_head = [&chain = consortium_.chain()] {
        ledger::ConsortiumHead head;
        head.height = chain.final_block().height;
        head.id = chain.final_block().id;
        head.log_size = chain.at_height(head.height).log_size;
        return head;
    };
    return {node_->chain(), submit, final_size, consortium_head};
}

BatchSigner GatewayRole::batch_signer() const {
    const ledger::Member* const self = node_->chain().registry().find_by_name(config_.name);
    return {self->slot, self->name, node_->tx_key()};
}

AttestationParts GatewayRole::attestation_parts(boost::asio::any_io_executor executor) {
    const auto key = [node = node_.get()]() -> const crypto::PrivateKey& { return node->tx_key(); };
    return {std::move(executor), *store_, receipts_, devices_, key, clock_};
}

FetchBlob GatewayRole::fetch_blob() {
    return [node = node_.get()](Sha256Digest hash, std::size_t bytes) {
        return node->fetch_blob(hash, bytes);
    };
}

RestorerParts GatewayRole::restorer_parts(boost::asio::any_io_executor executor) {
    const auto attest_again = [this](std::vector<ledger::ReceiptBody> bodies) {
        attestations_.again(std::move(bodies));
    };
    return {std::move(executor), receipts_, node_->chain(), node_->slot(),
            recorder_ledger().final_size, blobs_, fetch_blob(), attest_again};
}

CopierParts GatewayRole::copier_parts(const GatewayNeeds& needs) {
    return {needs.executor, needs.pool, receipts_, node_->chain(), node_->slot(),
            recorder_ledger().final_size, blobs_, fetch_blob()};
}

void GatewayRole::start() {
    node_->serve_blobs([this](const Sha256Digest& hash) { return blobs_.read(hash); });
    restorer_.look();
    consortium_.on_change([this](ledger::NodeEvent event) {
        flow_.wake();
        if (event == ledger::NodeEvent::kTip) anchors_.wake();
    });
    node_->on_change([this](ledger::NodeEvent event) {
        restorer_.look();
        recorder_wakeup_.wake();
        copier_.wake();
        if (event == ledger::NodeEvent::kCheckpoint) anchors_.wake();
    });
    node_->start();
    tasks_.spawn(flow_.run());
    tasks_.spawn(run_clockwork());
    tasks_.spawn(recorder_.run(recorder_wakeup_, clock_));
    tasks_.spawn(anchors_.run());
    tasks_.spawn(attestations_.run());
    tasks_.spawn(restorer_.run());
    tasks_.spawn(copier_.run());
    agents_->start();
    if (factory_) factory_->start();
}

// What the mere passing of time brings about.
boost::asio::awaitable<void> GatewayRole::run_clockwork() {
    for (;;) {
        const auto stepped = [this] {  // with one fsync, however many devices are overdue
            const GroupCommit::Deferral together(*store_);
            return rollouts_.step(clock_.now());
        }();
        if (!stepped) log::warning("rollouts-not-kept", {{"reason", stepped.error().to_string()}});
        if (stepped && *stepped) waiters_.wake_all();
        const auto forgotten = requests_.forget_expired(clock_.now());
        if (!forgotten) log::warning("requests-not-kept", {{"reason", forgotten.error().to_string()}});
        co_await rollouts_wakeup_.sleep(std::chrono::seconds(1));
    }
}

DispatchRules GatewayRole::dispatch_rules() const {
    return {catalog_, rollouts_, config_.offer_outside_rollouts};
}

boost::asio::awaitable<void> GatewayRole::stop() {
    waiters_.close();
    overdrawn_.close();
    pacer_.close();
    if (factory_) co_await factory_->stop(kAgentsStopGrace);
    co_await agents_->stop(kAgentsStopGrace);
    co_await tasks_.stop();
    co_await flow_.stop();
    co_await node_->stop();
}

GatewayStatusParts GatewayRole::status_parts() const {
    return {*node_, *store_, devices_, catalog_, receipts_, copier_, recorder_};
}

DeviceAdminParts GatewayRole::admin_parts(const OperatorToken& token) {
    return {devices_, authority_, dispatch_rules(), rollouts_, waiters_, receipts_,
            consortium_, *node_, clock_, token, devices_url()};
}

EnrolmentApiParts GatewayRole::enrolment_parts(const OperatorToken& token) {
    const std::string address = factory_address();
    return {factory_parts(), rollouts_, token, address.empty() ? "" : "https://" + address, factory_pin_};
}

InvestigationParts GatewayRole::investigation_parts() const {
    return {{receipts_, devices_, authority_}, consortium_, *node_, config_.name, clock_};
}

RolloutApiParts GatewayRole::rollout_parts(const OperatorToken& token) {
    const auto look_again = [this] {
        rollouts_wakeup_.wake();  // opens the first phase
        waiters_.wake_all();      // one that was paused may go on
        flow_.wake();             // fetches a release that is not the newest
    };
    return {rollouts_, devices_, dispatch_rules(), consortium_, clock_, token, look_again};
}

}  // namespace assay::gateway
