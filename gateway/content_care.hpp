// Looks after the content store while the daemon runs: collects what nothing keeps any more, scrubs
// (every block is read and hashed again, at a small share of the time), and fetches what the disk has
// lost from the sources of the configuration, each block checked before it is stored. What cannot be
// fetched now is tried again later, after a restart too: the store's damaged/ folder remembers it.
//
// Reading and hashing have threads of their own, so that releases never wait for them. Io thread only.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/json/fwd.hpp>

#include "gateway/config.hpp"
#include "gateway/refusal_log.hpp"
#include "gateway/wakeup.hpp"
#include "host/base/clock.hpp"
#include "host/compute/hash_engine.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/collect.hpp"
#include "host/ipfs/scrub.hpp"
#include "ledger/net/task_group.hpp"

namespace assay::gateway {

// All of it outlives the care.
struct ContentCareParts {
    boost::asio::any_io_executor executor;
    const Config& config;
    const Clock& clock;
    ipfs::BlockStore& store;
    compute::HashEngine& engine;
    std::shared_ptr<const http::TlsContext> tls;  // shown to members that are asked for blocks
    RefusalLog& refusals;
    // Roots that devices may ask for, or that are on their way here: kept whatever their pins say.
    std::function<std::vector<ipfs::Cid>()> in_use;
    // Of the ledger's newest block: a clock that is ahead of it must not let pins end.
    std::function<Timestamp()> ledger_time;
};

// For the operator: {"pins_expired": [...], "blocks_kept": n, ...}.
[[nodiscard]] boost::json::object describe_collection(const ipfs::CollectReport& report);

class ContentCare {
  public:
    explicit ContentCare(ContentCareParts parts);
    ContentCare(const ContentCare&) = delete;
    ContentCare& operator=(const ContentCare&) = delete;
    ~ContentCare();

    void start();
    // Collects at once, but nothing that devices may still ask for; with `try_only` says what would go.
    // Fails with std::errc::resource_unavailable_try_again while a collection, an import or a download
    // is under way. The care outlives it.
    [[nodiscard]] boost::asio::awaitable<Result<ipfs::CollectReport>> collect(bool try_only);

    // What is under way ends within a moment.
    void begin_stop();
    // To be awaited before the parts go.
    [[nodiscard]] boost::asio::awaitable<void> stop();

    // {"scrub": {...}, "collect": {...}, "damaged": n, "repaired": n}: what was done since the start.
    [[nodiscard]] boost::json::object status() const;

  private:
    struct Collected {
        std::int64_t at;  // Unix seconds
        ipfs::CollectReport report;
    };
    struct Scrubbed {
        std::int64_t at;
        ipfs::ScrubReport report;
    };

    boost::asio::awaitable<void> collect_now_and_then();
    boost::asio::awaitable<void> scrub_now_and_then();
    boost::asio::awaitable<void> repair_what_is_damaged();
    void note_repair(const ipfs::Cid& cid, bool repaired);
    boost::asio::awaitable<void> sleep(std::chrono::steady_clock::duration time);
    [[nodiscard]] std::int64_t now() const;

    ContentCareParts parts_;
    http::Client client_;
    std::stop_source stop_;
    Wakeup damage_found_;
    std::optional<Collected> collected_;
    std::optional<Scrubbed> scrubbed_;
    std::string collect_problem_;
    bool scrubbing_ = false;
    std::uint64_t damaged_ = 0;   // found since the start
    std::uint64_t repaired_ = 0;  // since the start
    std::set<ipfs::Cid> outstanding_;  // not here, and no source gave it
    // One each: what is repaired waits for a collection that removes, a scrub may rest for days.
    boost::asio::thread_pool disk_{1};
    boost::asio::thread_pool collect_{1};
    boost::asio::thread_pool scrub_{1};
    ledger::TaskGroup tasks_;
};

}  // namespace assay::gateway
