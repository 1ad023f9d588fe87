// All that only a gateway has: its ledger, its store, the update flow, the devices' listener and
// the receipts. App builds one if the configuration names a gateway ledger. Parts are listed in the
// order in which they are built; each may use those above it.

#pragma once

#include <memory>

#include <boost/asio/thread_pool.hpp>

#include "gateway/api/agent_api.hpp"
#include "gateway/api/device_admin_api.hpp"
#include "gateway/api/enrolment_api.hpp"
#include "gateway/api/investigation_api.hpp"
#include "gateway/api/rollout_api.hpp"
#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/dispatch/site_authority.hpp"
#include "gateway/group_commit.hpp"
#include "gateway/ledger_nodes.hpp"
#include "gateway/receipt/anchor_writer.hpp"
#include "gateway/receipt/attestation_desk.hpp"
#include "gateway/receipt/blob_copier.hpp"
#include "gateway/receipt/receipt_desk.hpp"
#include "gateway/receipt/receipt_recorder.hpp"
#include "gateway/receipt/receipt_restorer.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/release/release_catalog.hpp"
#include "gateway/update_flow.hpp"
#include "gateway/verify/bulk_verifier.hpp"
#include "gateway/verify/verdict_store.hpp"
#include "host/http/client.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/retriever.hpp"

namespace assay::gateway {

// What App has built before; outlives the role.
struct GatewayNeeds {
    boost::asio::any_io_executor executor;
    boost::asio::thread_pool& pool;
    NodeParts node_parts;
    ledger::Node& consortium;
    ipfs::BlockStore& content;
    RefusalLog& refusals;
};

class GatewayRole {
  public:
    [[nodiscard]] static Result<std::unique_ptr<GatewayRole>> create(const GatewayNeeds& needs);
    GatewayRole(const GatewayRole&) = delete;
    GatewayRole& operator=(const GatewayRole&) = delete;

    void start();
    [[nodiscard]] boost::asio::awaitable<void> stop();

    [[nodiscard]] ledger::Node& node() noexcept { return *node_; }
    [[nodiscard]] DeviceRegistry& devices() noexcept { return devices_; }
    [[nodiscard]] std::string devices_address() const { return agents_->address(); }
    // Of the listener for blank devices; empty without one.
    [[nodiscard]] std::string factory_address() const {
        return factory_ ? factory_->address() : std::string();
    }
    [[nodiscard]] GatewayStatusParts status_parts() const;
    [[nodiscard]] DeviceAdminParts admin_parts(const OperatorToken& token);
    [[nodiscard]] InvestigationParts investigation_parts() const;
    [[nodiscard]] RolloutApiParts rollout_parts(const OperatorToken& token);
    [[nodiscard]] EnrolmentApiParts enrolment_parts(const OperatorToken& token);

  private:
    GatewayRole(const GatewayNeeds& needs,
                std::unique_ptr<ledger::Node> node,
                std::unique_ptr<GroupCommit> store,
                SiteAuthority authority,
                DeviceRegistry devices,
                TokenBook tokens,
                RequestBook requests,
                ReceiptStore receipts,
                BlobFiles blobs,
                std::shared_ptr<const http::TlsContext> content_tls);
    [[nodiscard]] Result<void> listen_for_devices(const GatewayNeeds& needs);
    [[nodiscard]] Result<void> listen_for_blank_devices(const GatewayNeeds& needs);
    [[nodiscard]] std::string devices_url() const;
    [[nodiscard]] FactoryParts factory_parts();
    [[nodiscard]] RecorderLedger recorder_ledger();
    [[nodiscard]] BatchSigner batch_signer() const;
    [[nodiscard]] FetchBlob fetch_blob();
    [[nodiscard]] RestorerParts restorer_parts(boost::asio::any_io_executor executor);
    [[nodiscard]] CopierParts copier_parts(const GatewayNeeds& needs);
    [[nodiscard]] AttestationParts attestation_parts(boost::asio::any_io_executor executor);
    [[nodiscard]] DispatchRules dispatch_rules() const;
    [[nodiscard]] boost::asio::awaitable<void> run_clockwork();

    ledger::Node& consortium_;
    RefusalLog& refusals_;
    const Config& config_;
    const Clock& clock_;

    std::unique_ptr<ledger::Node> node_;            // the gateways' ledger
    std::unique_ptr<GroupCommit> store_;            // devices, receipts, verdicts, rollouts
    SiteAuthority authority_;
    DeviceRegistry devices_;
    TokenBook tokens_;
    RequestBook requests_;
    ReceiptStore receipts_;
    BlobFiles blobs_;
    VerdictStore verdicts_;
    ReleaseCatalog catalog_;
    RolloutBook rollouts_;
    Wakeup rollouts_wakeup_;
    PollWaiters waiters_;
    PollWaiters overdrawn_;

    http::Client content_client_;
    ipfs::Retriever retriever_;
    BulkVerifier verifier_;
    UpdateFlow flow_;

    ReceiptRecorder recorder_;
    Wakeup recorder_wakeup_;
    AnchorWriter anchors_;
    ReceiptDesk desk_;
    AttestationDesk attestations_;
    ReceiptRestorer restorer_;
    BlobCopier copier_;

    SendPacer pacer_;
    http::Router agent_routes_;
    boost::asio::thread_pool handshakes_{1};  // its own: a storm of them delays nothing else
    std::unique_ptr<http::Server> agents_;
    AddressBudget factory_budget_;
    http::Router factory_routes_;
    std::unique_ptr<http::Server> factory_;  // none: no production line here
    Sha256Digest factory_pin_;               // of the key of both listeners
    ledger::TaskGroup tasks_;
};

}  // namespace assay::gateway
