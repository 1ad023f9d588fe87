#include "host/ipfs/transfer.hpp"

#include <algorithm>
#include <unordered_map>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/compute/async.hpp"
#include "host/http/as_tuple.hpp"
#include "host/ipfs/block_check.hpp"

namespace assay::ipfs {
namespace asio = boost::asio;
namespace {

// So much is worth a visit to the disk while more is on its way.
constexpr std::uint64_t kStoreBytes = std::uint64_t{4} << 20;
// Asked for as one CAR, at most: each costs a server the way to it, so larger ones are faster (Helia: 0.13
// instead of 0.21 s of its processor for 64 MiB with 16 of 4 MiB), but what is under way is bounded, too.
constexpr std::uint64_t kPartBytesMax = kFetchWindowBytes / 2;
constexpr std::uint64_t kPartBytesMin = std::uint64_t{1} << 20;
// Of a slow source not more than it sends in this time, by what it did so far.
constexpr double kPartSecondsMax = 1;
// The nodes on the path to a part come with it each time.
constexpr std::uint64_t kPartOverhead = std::uint64_t{4} << 20;
// Looks around this often when nothing happens: for requests that take too long.
constexpr std::chrono::milliseconds kTick{20};
constexpr std::chrono::milliseconds kPatienceMin{100};

}  // namespace

Transfer::Transfer(FetchContext& context,
                   std::span<const WantedBlock> blocks,
                   Hooks hooks)
    : context_{context},
      queue_{blocks, kFetchWindowBytes},
      hooks_{std::move(hooks)},
      wakeup_{context.executor} {}

asio::awaitable<Result<void>> Transfer::run() {
    co_await asio::this_coro::throw_if_cancelled(false);
    Result<bool> finished = step();
    while (finished && !*finished) {
        co_await wait(kTick);
        const auto cancelled = co_await asio::this_coro::cancellation_state;
        if (cancelled.cancelled() != asio::cancellation_type::none) {
            finished = fail(std::errc::operation_canceled, "fetch");
        } else {
            finished = step();
        }
    }
    for (Running& running : running_) {
        running.unwanted = true;
        running.stop.emit(asio::cancellation_type::terminal);
    }
    while (!running_.empty() || storing_) co_await wait(std::chrono::seconds(1));
    co_await asio::this_coro::throw_if_cancelled(true);
    // If it was cancelled, this says so to whoever waits.
    co_await asio::post(context_.executor, asio::use_awaitable);
    if (!finished) co_return fail(std::move(finished).error());
    co_return Result<void>{};
}

asio::awaitable<void> Transfer::wait(Clock::duration at_most) {
    wakeup_.expires_after(at_most);
    co_await wakeup_.async_wait(kAsTuple);
}

Result<bool> Transfer::step() {
    ended_.clear();
    if (error_) return fail(*error_);
    if (queue_.done()) return true;
    const auto* const slot = queue_.hopeless(context_.board);
    if (slot == nullptr) ask_everyone();
    maybe_store();  // what has arrived is kept in any case
    if (slot != nullptr && running_.empty() && !storing_) {
        return fail(Refusal::kContentIncomplete, "no source has block " +
                                                     slot->wanted.cid.to_string() + " (" +
                                                     context_.board.describe() + ")");
    }
    return false;
}

// Faster sources choose first; each round gives everyone one more request.
void Transfer::ask_everyone() {
    const std::vector<std::size_t> sources = context_.board.by_speed();
    bool asked = true;
    while (asked) {
        asked = false;
        for (const std::size_t source : sources) asked = ask(source) || asked;
    }
}

bool Transfer::ask(std::size_t source) {
    const auto now = Clock::now();
    if (!context_.board.may_ask(source, now)) return false;
    const bool parts = context_.request.sources[source].kind == Source::Kind::kCars;
    const std::uint64_t part_bytes = parts ? part_bytes_of(source) : 0;
    // One that has work waits until there is room for a whole part.
    if (parts && context_.board.is_busy(source) && queue_.room() < part_bytes &&
        queue_.has_waiting()) {
        return false;
    }
    if (const auto slot = queue_.take(source, now)) {
        std::vector<std::size_t> slots{*slot};
        if (parts) slots = queue_.take_run(*slot, source, part_bytes, now);
        start(source, std::move(slots));
        return true;
    }
    const auto patience = std::max<Clock::duration>(2 * context_.board.usual_time(), kPatienceMin);
    if (const auto slot = queue_.take_again(source, patience, now)) {
        start(source, {*slot});
        return true;
    }
    return false;
}

// Two parts of each source fit into the window.
std::uint64_t Transfer::part_bytes_of(std::size_t source) const {
    std::uint64_t bytes = kPartBytesMax / std::max<std::size_t>(context_.board.usable_count(), 1);
    if (const double speed = context_.board.speed(source); speed > 0) {
        bytes = std::min(bytes, static_cast<std::uint64_t>(speed * kPartSecondsMax));
    }
    return std::max(bytes, kPartBytesMin);
}

void Transfer::start(std::size_t source, std::vector<std::size_t> slots) {
    context_.board.asked(source);
    running_.emplace_back();
    const RunningPtr running = std::prev(running_.end());
    running->source = source;
    running->slots = std::move(slots);
    running->since = Clock::now();
    auto coroutine = running->slots.size() > 1 ? run_part(running) : run_block(running);
    asio::co_spawn(context_.executor, std::move(coroutine),
                   asio::bind_cancellation_slot(
                       running->stop.slot(),
                       [this, running](const std::exception_ptr&) { end(running); }));
}

asio::awaitable<void> Transfer::run_block(RunningPtr running) {
    const std::size_t slot = running->slots.front();
    const WantedBlock wanted = queue_.slot(slot).wanted;
    const Source source = context_.request.sources[running->source];
    auto bytes = co_await fetch_block(context_.client, source, wanted.cid, wanted.bytes_max);
    if (bytes) {
        deliver(running, slot, std::move(*bytes));
    } else {
        running->problem = std::move(bytes).error();
    }
}

asio::awaitable<void> Transfer::run_part(RunningPtr running) {
    std::unordered_map<Cid, std::size_t> wanted;
    std::uint64_t bytes = 0;
    for (const std::size_t slot : running->slots) {
        wanted.emplace(queue_.slot(slot).wanted.cid, slot);
        bytes += queue_.slot(slot).wanted.bytes_max;
    }
    const WantedBlock& first = queue_.slot(running->slots.front()).wanted;
    const std::uint64_t from = *first.offset;  // a run has offsets and no gaps
    const std::uint64_t last = from + bytes - 1;
    const Source source = context_.request.sources[running->source];
    FilePart part(context_.request.root, from, last, bytes + kPartOverhead);
    TakeBlock take = [this, running, &wanted](const Cid& cid, ByteView block) {
        const auto found = wanted.find(cid);
        if (found == wanted.end()) return;  // on the path, or not asked for
        const std::size_t slot = found->second;
        wanted.erase(found);
        if (block.size() > queue_.slot(slot).wanted.bytes_max) return;  // then it is not this block
        deliver(running, slot, to_bytes(block));
    };
    auto ended = co_await fetch_file_part(context_.client, source, std::move(part), std::move(take));
    if (ended && !running->slots.empty()) {
        ended = tl::unexpected(SourceError(
            SourceFault::kFailed, Error(make_error_code(Refusal::kContentIncomplete),
                                        "a CAR without what was asked for, from " + source.url)));
    }
    if (!ended) running->problem = std::move(ended).error();
}

void Transfer::deliver(RunningPtr running, std::size_t slot, Bytes bytes) {
    std::erase(running->slots, slot);
    const auto now = Clock::now();
    context_.board.answered(running->source, bytes.size(), now - running->since);
    running->since = now;  // of a part: until its next block
    // A copy that came too late is as good as none.
    if (queue_.arrived(slot, running->source, std::move(bytes))) wake();
}

// The request has ended, one way or another. One that was cancelled could not say how.
void Transfer::end(RunningPtr running) {
    const std::size_t source = running->source;
    context_.board.released(source);
    const auto fault = running->problem ? running->problem->fault : SourceFault::kFailed;
    for (const std::size_t slot : running->slots) {
        if (fault == SourceFault::kLacks) {
            queue_.lacking(slot, source);
        } else if (fault == SourceFault::kBusy) {
            queue_.not_tried(slot, source);
        } else {
            queue_.failed(slot, source);
        }
    }
    if (running->problem && !running->unwanted) blame(source, *running->problem);
    ended_.splice(ended_.end(), running_, running);
    wake();
}

void Transfer::blame(std::size_t source, const SourceError& problem) {
    SourceBoard& board = context_.board;
    switch (problem.fault) {
        case SourceFault::kLacks: board.lacks(source, problem.error); break;
        case SourceFault::kLies: context_.refuse(source, problem.error); break;
        case SourceFault::kBusy:
            board.rest(source, Clock::now() + problem.rest, problem.error);
            break;
        case SourceFault::kFailed: board.failed(source, problem.error); break;
    }
}

// One visit to the pool at a time; meanwhile more arrives.
void Transfer::maybe_store() {
    if (storing_ || queue_.arrived_bytes() == 0) return;
    const bool waits_for_us = queue_.full() || !queue_.has_waiting();
    if (queue_.arrived_bytes() < kStoreBytes && !waits_for_us && !running_.empty()) return;
    storing_ = true;
    asio::co_spawn(context_.executor, store(queue_.arrived_slots()), asio::detached);
}

asio::awaitable<void> Transfer::store(std::vector<std::size_t> slots) {
    auto work = [this, &slots] { return check_and_store(slots); };
    const auto right = co_await compute::run_blocking(context_.pool, std::move(work));
    storing_ = false;
    if (!right) error_ = right.error();
    for (std::size_t i = 0; right && i < slots.size(); ++i) {
        if ((*right)[i]) {
            accept(slots[i]);
        } else {
            reject(slots[i]);
        }
    }
    wake();
}

// On the pool: only the bytes of arrived slots are touched, which nobody changes meanwhile. Says
// which of them are their blocks; those are stored.
Result<std::vector<bool>> Transfer::check_and_store(std::span<const std::size_t> slots) {
    std::vector<Block> blocks;
    blocks.reserve(slots.size());
    for (const std::size_t slot : slots) {
        blocks.emplace_back(queue_.slot(slot).wanted.cid, queue_.slot(slot).bytes);
    }
    auto right = check_blocks(blocks, context_.engine);
    if (!right) return right;
    std::vector<Block> good;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        if (!(*right)[i]) continue;
        good.push_back(blocks[i]);
        if (!hooks_.checked) continue;
        if (auto taken = hooks_.checked(slots[i], blocks[i].bytes); !taken) {
            return fail(std::move(taken).error());
        }
    }
    if (auto stored = context_.store.put_many(good); !stored) return fail(std::move(stored).error());
    return right;
}

void Transfer::accept(std::size_t index) {
    const BlockQueue::Slot& slot = queue_.slot(index);
    // Who was asked first and is not done yet was too slow; who was asked second, unlucky.
    for (Running& running : running_) {
        const auto found = std::find(running.slots.begin(), running.slots.end(), index);
        if (found == running.slots.end()) continue;
        running.slots.erase(found);
        const bool first = !slot.asking.empty() && slot.asking.front().source == running.source;
        if (first) {
            const Error error(std::make_error_code(std::errc::timed_out),
                              context_.request.sources[running.source].url +
                                  " is much slower than others");
            context_.board.outrun(running.source, error);
        }
        if (!running.slots.empty()) continue;
        running.unwanted = true;
        running.stop.emit(asio::cancellation_type::terminal);
    }
    queue_.accepted(index);
    if (hooks_.stored) hooks_.stored(index);
}

void Transfer::reject(std::size_t index) {
    const BlockQueue::Slot& slot = queue_.slot(index);
    const std::size_t source = slot.source;
    const Error error(make_error_code(Refusal::kBlockHashMismatch),
                      "block " + slot.wanted.cid.to_string() + " from " +
                          context_.request.sources[source].url);
    queue_.rejected(index);
    context_.refuse(source, error);
}

}  // namespace assay::ipfs
