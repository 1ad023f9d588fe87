// How a release comes to this gateway's devices. Read update_flow.cpp first of all: it is the
// sentence "release -> consortium ledger -> lookup -> IPFS retrieval -> bulk verification ->
// parallel dispatch -> device install -> receipt -> gateway ledger" as code.
//
// Several releases are carried at once. What fails for a reason that may pass (no source, no disk)
// is tried again with growing pauses; what is refused for good is remembered with its word. After a
// restart everything goes on where it stopped. Io thread only.

#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <tuple>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/config.hpp"
#include "gateway/dispatch/poll_waiters.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/release/release_catalog.hpp"
#include "gateway/verify/bulk_verifier.hpp"
#include "gateway/verify/verdict_store.hpp"
#include "gateway/wakeup.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/retriever.hpp"
#include "ledger/net/task_group.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// What the flow is built of; all of it outlives the flow.
struct UpdateFlowParts {
    ledger::Node& consortium;
    ipfs::Retriever& retriever;
    ipfs::BlockStore& content;
    const Config& config;  // sources and routers
    BulkVerifier& verifier;
    VerdictStore& verdicts;
    ReleaseCatalog& catalog;
    const RolloutBook& rollouts;
    PollWaiters& waiters;
    RefusalLog& refusals;
};

class UpdateFlow {
  public:
    UpdateFlow(boost::asio::any_io_executor executor, UpdateFlowParts parts);

    // Looks for releases until cancelled: when woken, and every second.
    [[nodiscard]] boost::asio::awaitable<void> run();
    void wake() { wakeup_.wake(); }
    // Ends the deliveries under way; to be awaited after run() was cancelled.
    [[nodiscard]] boost::asio::awaitable<void> stop() { return deliveries_.stop(); }

  private:
    using SteadyTime = std::chrono::steady_clock::time_point;
    using Step = boost::asio::awaitable<Result<void>>;

    // A release on its way to the devices.
    struct Delivery {
        explicit Delivery(CatalogEntry& catalog_entry) : entry{catalog_entry} {}
        CatalogEntry& entry;
        const ledger::ReleaseImage* record = nullptr;
        std::shared_ptr<const ipfs::ImageReader> image;  // once retrieved
        std::shared_ptr<StreamedVerification> verification;  // null: verified before
    };
    struct Attempt {
        SteadyTime due{};
        std::chrono::milliseconds pause{0};
        bool running = false;
        bool reported = false;  // its failure is in the refusal log already
    };

    void look_up_releases();
    void withdraw_releases(const ConsortiumView& view);
    void start_what_is_due(SteadyTime now);
    boost::asio::awaitable<void> attempt(ledger::LeafHash leaf);

    // The sentence, and its steps.
    Step carry(CatalogEntry& entry);
    Step recall_verdict(Delivery& delivery);
    Step choose_image(Delivery& delivery);
    Step retrieve_from_ipfs(Delivery& delivery);
    Step verify_in_bulk(Delivery& delivery);
    Step remember_verified(Delivery& delivery);
    Step prepare_proof(Delivery& delivery);
    Step offer_to_devices(Delivery& delivery);

    void settle(const ledger::LeafHash& leaf, const Result<void>& carried);
    void refuse_for_good(CatalogEntry& entry, const Error& error);

    UpdateFlowParts parts_;
    Wakeup wakeup_;
    // Tip and final size of the ledger, and the rollouts' generation, when releases were last looked up.
    std::optional<std::tuple<ledger::BlockId, std::uint64_t, std::uint64_t>> looked_up_at_;
    ledger::TaskGroup deliveries_;
    std::map<ledger::LeafHash, Attempt> attempts_;
};

}  // namespace assay::gateway
