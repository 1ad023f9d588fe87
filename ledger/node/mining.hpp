// The mining loop of one chain: takes a template when the rules leave this member something to
// mine, searches it on the engine, seals what it finds and puts it into the chain. Idle otherwise.
//
// A template is made anew with each second and each change of the tip, and every search begins at an
// extranonce that none before it has used. On the node's executor; only the search itself runs on
// threads of its own.

#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include "host/base/clock.hpp"
#include "host/compute/miner.hpp"
#include "host/compute/pow_engine.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/chain.hpp"

namespace assay::ledger {

struct MiningOptions {
    compute::PowEngine* engine = nullptr;
    double share = 1.0;
};

struct MiningStatus {
    std::string engine;
    std::string last_error;  // of the engine or the chain; empty: none so far
    bool searching = false;
    std::uint64_t blocks = 0;  // that entered our chain
    std::uint64_t hashes = 0;
    double hashes_per_second = 0;
};

class Mining {
  public:
    // All references must outlive the object. Precondition: options.engine is set.
    Mining(boost::asio::any_io_executor executor,
           Chain& chain,
           Slot slot,
           const crypto::PrivateKey& seal,
           MiningOptions options,
           const Clock& clock);
    Mining(const Mining&) = delete;
    Mining& operator=(const Mining&) = delete;
    // Waits for the search to stop. Precondition: run() has ended, or will never be resumed.
    ~Mining();

    // Mines until cancelled. `on_block` is called after a block of ours has become the tip; it is
    // on disk by then.
    [[nodiscard]] boost::asio::awaitable<void> run(std::function<void()> on_block);
    // Ends the search under way and all later ones.
    void request_stop();

    // A search for a block that builds on another tip is given up.
    void on_tip_changed();
    // A search for a block without it is given up.
    void on_certificate_added() { on_tip_changed(); }
    // A search for an empty block is given up; a fuller one follows within a second anyway.
    void on_transaction_added();

    [[nodiscard]] MiningStatus status() const;

  private:
    // The block with a nonce, version and extranonce that meet its target; none if the search was
    // given up.
    using Found = std::optional<BlockTemplate>;

    boost::asio::awaitable<Result<Found>> search(const BlockTemplate& block);
    // Whether the block became the tip.
    [[nodiscard]] Result<bool> finish(const BlockTemplate& block);

    Chain& chain_;
    const Slot slot_;
    const crypto::PrivateKey& seal_;
    const Clock& clock_;
    compute::Miner miner_;
    boost::asio::steady_timer idle_;
    boost::asio::steady_timer refresh_;
    std::stop_source search_;
    bool searching_ = false;
    bool searching_empty_ = false;
    bool stopping_ = false;
    std::uint64_t blocks_ = 0;
    std::uint64_t extranonce_ = 0;  // the next that no search has begun: none is searched twice
    std::string last_error_;
    boost::asio::thread_pool thread_{1};
};

}  // namespace assay::ledger
