#include "ledger/node/mining.hpp"

#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/base/assert.hpp"
#include "host/base_daemon/log.hpp"
#include "host/compute/async.hpp"
#include "ledger/core/extranonce.hpp"
#include "ledger/core/pow.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;

constexpr auto kAsTuple = asio::as_tuple(asio::use_awaitable);

constexpr std::chrono::seconds kRefresh{1};
constexpr std::chrono::seconds kAfterError{5};

// Header times are whole seconds: with each of them the template is made anew, and with nothing to
// mine the rules are asked again (heartbeat, back-off, the parent's second).
std::chrono::nanoseconds until_next_second() {
    const auto now = std::chrono::system_clock::now();
    return std::chrono::floor<std::chrono::seconds>(now) + kRefresh - now;
}

compute::PowWork work_for(const BlockHeader& header) {
    compute::PowWork work;
    work.header = header.encode();
    const auto target = expand_target(header.bits);
    ASSAY_ASSERT(target.has_value());
    work.target = target->to_le();
    work.version_mask = kVersionRollMask;
    work.version_roll_count = std::uint64_t{1} << 16;  // the mask has 16 bits
    return work;
}

}  // namespace

Mining::Mining(asio::any_io_executor executor,
               Chain& chain,
               Slot slot,
               const crypto::PrivateKey& seal,
               MiningOptions options,
               const Clock& clock)
    : chain_{chain},
      slot_{slot},
      seal_{seal},
      clock_{clock},
      miner_{*options.engine, options.share},
      idle_{executor},
      refresh_{executor} {}

Mining::~Mining() {
    request_stop();
    thread_.join();
}

asio::awaitable<void> Mining::run(std::function<void()> on_block) {
    while (!stopping_) {
        std::optional<BlockTemplate> block = chain_.make_template(slot_, clock_.now());
        const EpochNode* const self = chain_.epoch().find_node(slot_);
        if (!block || self == nullptr || self->seal != seal_.public_key()) {
            idle_.expires_after(until_next_second());
            co_await idle_.async_wait(kAsTuple);
            continue;
        }
        const Result<Found> found = co_await search(*block);
        if (!found) {
            last_error_ = miner_.engine_info().name + ": " + found.error().to_string();
            log::warning("mining-engine-failed", {{"error", last_error_}});
        } else if (!*found || chain_.tip().id != block->header.previous) {
            continue;
        } else if (const auto mined = finish(**found)) {
            if (*mined) on_block();
            continue;
        } else {
            last_error_ = mined.error().to_string();
            log::error("own-block-refused", {{"error", last_error_}});
        }
        idle_.expires_after(kAfterError);
        co_await idle_.async_wait(kAsTuple);
    }
}

asio::awaitable<Result<Mining::Found>> Mining::search(const BlockTemplate& block) {
    search_ = std::stop_source();
    searching_ = true;
    searching_empty_ = block.txs.size() <= 1;  // the coinbase alone
    refresh_.expires_after(until_next_second());
    refresh_.async_wait([stop = search_](const boost::system::error_code& code) mutable {
        if (!code) stop.request_stop();
    });
    const ExtranonceRoll roll(block.header, block.txs);
    const compute::WorkSource source = [&roll](std::uint64_t extranonce) {
        return std::optional(work_for(roll.header(extranonce)));
    };
    auto call = [this, &source, stop = search_.get_token()] {
        return miner_.mine(source, extranonce_, stop);
    };
    auto result = co_await compute::run_blocking(thread_, std::move(call));
    refresh_.cancel();
    searching_ = false;
    if (!result) co_return fail(std::move(result).error());
    extranonce_ = result->next_extranonce;
    if (!result->hit) co_return std::nullopt;
    BlockTemplate mined = block;
    mined.header = roll.header(result->hit->extranonce);
    mined.header.version = result->hit->pow.version;
    mined.header.nonce = result->hit->pow.nonce;
    mined.txs.front() = roll.coinbase(result->hit->extranonce);
    co_return mined;
}

Result<bool> Mining::finish(const BlockTemplate& block) {
    const auto sealed = seal_block(block, seal_);
    if (!sealed) return fail(sealed.error());
    const BlockOutcome outcome = chain_.accept_block(*sealed, clock_.now());
    if (outcome.verdict != BlockVerdict::kValid) {
        return fail(Refusal::kBlockInvalid,
                    "own block: " + std::string(to_string(outcome.verdict)) + " " + outcome.detail);
    }
    if (outcome.tip_changed) ++blocks_;
    return outcome.tip_changed;
}

void Mining::request_stop() {
    stopping_ = true;
    search_.request_stop();
    idle_.cancel();
}

void Mining::on_tip_changed() {
    search_.request_stop();
    idle_.cancel();
}

void Mining::on_transaction_added() {
    if (searching_empty_) search_.request_stop();
    idle_.cancel();
}

MiningStatus Mining::status() const {
    MiningStatus status;
    status.engine = miner_.engine_info().name;
    status.last_error = last_error_;
    status.searching = searching_;
    status.blocks = blocks_;
    status.hashes = miner_.hashes_total();
    status.hashes_per_second = miner_.hashes_per_second();
    return status;
}

}  // namespace assay::ledger
