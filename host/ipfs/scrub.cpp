#include "host/ipfs/scrub.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "host/base/assert.hpp"
#include "host/ipfs/block_check.hpp"

namespace assay::ipfs {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::uint64_t kBatchBytes = std::uint64_t{8} << 20;
constexpr std::size_t kPlaceBytesMax = 16;

// What the disk cannot read is as good as damaged; that there is no descriptor left, say, is not.
bool is_damage(const Error& error) {
    return error.is(std::errc::io_error) || error.is(Refusal::kLimitExceeded);
}

class Scrub {
  public:
    Scrub(BlockStore& store, compute::HashEngine& engine, const ScrubOptions& options)
        : store_{store}, engine_{engine}, options_{options} {}

    [[nodiscard]] Result<ScrubReport> run() {
        const auto shards = store_.shards();
        if (!shards) return fail(shards.error());
        const auto place_file = store_.root() / "scrubbed-to";
        std::string done;
        if (!options_.from_start) {
            if (auto place = read_file(place_file, kPlaceBytesMax)) done = as_text(*place);
        }
        for (const std::string& shard : *shards) {
            if (shard <= done) continue;
            if (auto scrubbed = scrub_shard(shard); !scrubbed) {
                return fail(std::move(scrubbed).error());
            }
            if (options_.stop.stop_requested()) return std::move(report_);
            if (auto kept = write_file_durable(place_file, as_bytes(shard)); !kept) {
                return fail(std::move(kept).error());
            }
        }
        std::error_code ignored;
        std::filesystem::remove(place_file, ignored);
        report_.finished = true;
        return std::move(report_);
    }

  private:
    [[nodiscard]] Result<void> scrub_shard(const std::string& shard) {
        const auto blocks = store_.blocks_in(shard);
        if (!blocks) return fail(blocks.error());
        for (std::size_t at = 0; at < blocks->size() && !options_.stop.stop_requested();) {
            const auto start = SteadyClock::now();
            std::vector<Cid> cids;
            std::vector<Bytes> contents;
            for (std::uint64_t bytes = 0; at < blocks->size() && bytes < kBatchBytes; ++at) {
                auto content = store_.get((*blocks)[at].cid, kBlockBytesMax * 2);
                if (!content && content.error().is(std::errc::no_such_file_or_directory)) continue;
                if (!content && !is_damage(content.error())) return fail(content.error());
                if (!content) content = Bytes();
                bytes += content->size();
                cids.push_back((*blocks)[at].cid);
                contents.push_back(std::move(*content));
            }
            if (auto checked = check(cids, contents); !checked) return checked;
            rest(SteadyClock::now() - start);
        }
        return {};
    }

    [[nodiscard]] Result<void> check(const std::vector<Cid>& cids,
                                     const std::vector<Bytes>& contents) {
        std::vector<Block> blocks;
        for (std::size_t i = 0; i < cids.size(); ++i) blocks.emplace_back(cids[i], contents[i]);
        const auto right = check_blocks(blocks, engine_);
        if (!right) return fail(right.error());
        for (std::size_t i = 0; i < cids.size(); ++i) {
            ++report_.blocks;
            report_.bytes += contents[i].size();
            if ((*right)[i]) continue;
            if (auto settled = set_aside(cids[i]); !settled) return settled;
        }
        if (options_.on_progress) options_.on_progress(report_.bytes);
        return {};
    }

    // Unless it has been replaced in the meantime.
    [[nodiscard]] Result<void> set_aside(const Cid& cid) {
        const auto again = store_.get(cid, kBlockBytesMax * 2);
        if (again && is_block_of(cid, *again)) return {};
        if (!again && again.error().is(std::errc::no_such_file_or_directory)) return {};
        if (!again && !is_damage(again.error())) return fail(again.error());
        if (auto moved = store_.set_aside(cid); !moved) return moved;
        report_.damaged.push_back(cid);
        if (options_.on_damaged) options_.on_damaged(cid);
        return {};
    }

    void rest(SteadyClock::duration worked) {
        if (options_.share >= 1.0) return;
        std::mutex mutex;
        std::unique_lock lock(mutex);
        std::condition_variable_any wake;
        const auto pause = std::chrono::duration_cast<SteadyClock::duration>(
            worked * (1.0 / options_.share - 1.0));
        (void)wake.wait_for(lock, options_.stop, pause, [] { return false; });
    }

    BlockStore& store_;
    compute::HashEngine& engine_;
    const ScrubOptions& options_;
    ScrubReport report_;
};

}  // namespace

Result<ScrubReport> scrub_blocks(BlockStore& store,
                                 compute::HashEngine& engine,
                                 const ScrubOptions& options) {
    ASSAY_ASSERT(options.share > 0.0 && options.share <= 1.0);
    return Scrub(store, engine, options).run();
}

}  // namespace assay::ipfs
