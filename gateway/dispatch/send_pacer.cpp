#include "gateway/dispatch/send_pacer.hpp"

#include <algorithm>

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

namespace {

PaceTime pace_now() { return std::chrono::steady_clock::now(); }

}  // namespace

SendPacer::SendPacer(boost::asio::any_io_executor executor, const PaceLimits& limits)
    : executor_{executor}, limits_{limits}, queue_{limits}, next_{executor} {}

SendPacer::Download::Download(SendPacer& pacer, std::string site, ledger::Urgency urgency)
    : pacer_{&pacer}, site_{std::move(site)}, urgency_{urgency} {}

SendPacer::Download::~Download() {
    if (!begun_) return;
    pacer_->queue_.end(site_, pace_now());
    pacer_->serve();
}

boost::asio::awaitable<SendPacer::Turn> SendPacer::Download::begin(std::uint64_t length) {
    if (pacer_->closed_) co_return Turn::kClosed;
    if (!pacer_->limits_.any()) co_return Turn::kGranted;
    if (pacer_->queue_.expected_wait(site_, urgency_, pace_now()) > kTurnFarOff) {
        co_return Turn::kTooFarOff;
    }
    left_ = length;
    const std::uint64_t first = std::min(length, pacer_->limits_.piece_bytes());
    const Turn turn = co_await ask(first);
    begun_ = turn == Turn::kGranted;
    if (begun_) granted_ = first;
    co_return turn;
}

boost::asio::awaitable<bool> SendPacer::Download::pass(std::uint64_t bytes) {
    if (!pacer_->limits_.any()) co_return !pacer_->closed_;
    const std::uint64_t paid = std::min(granted_, bytes);
    granted_ -= paid;
    if (bytes == paid) co_return !pacer_->closed_;
    const Turn turn = co_await ask(bytes - paid);
    co_return turn == Turn::kGranted;
}

boost::asio::awaitable<SendPacer::Turn> SendPacer::Download::ask(std::uint64_t bytes) {
    PieceRequest request;
    request.site = site_;
    request.urgency = urgency_;
    request.bytes = bytes;
    request.begins = !begun_;
    request.goes_on = turn_left_ > 0;
    if (!request.goes_on) turn_left_ = std::min(left_, kTurnBytes);
    request.turn_bytes = std::max(bytes, turn_left_);
    turn_left_ -= std::min(turn_left_, bytes);
    left_ -= std::min(left_, bytes);
    co_return co_await pacer_->turn(std::move(request));
}

boost::asio::awaitable<SendPacer::Turn> SendPacer::turn(PieceRequest request) {
    if (closed_) co_return Turn::kClosed;
    const std::uint64_t id = asked_++;
    request.id = id;
    Waiter waiter(executor_);
    waiting_.emplace(id, &waiter);
    queue_.ask(std::move(request), pace_now());
    serve();
    while (waiting_.contains(id)) co_await waiter.timer.async_wait(kAsTuple);
    co_return closed_ ? Turn::kClosed : waiter.turn;
}

void SendPacer::answer(std::uint64_t id, Turn turn) {
    Waiter& waiter = *waiting_.extract(id).mapped();
    waiter.turn = turn;
    waiter.timer.cancel();
}

void SendPacer::serve() {
    if (closed_) return;
    const PaceTime now = pace_now();
    for (const std::uint64_t id : queue_.drop_overdue(now)) answer(id, Turn::kTooFarOff);
    for (const std::uint64_t id : queue_.grant(now)) answer(id, Turn::kGranted);
    const auto due = queue_.next();
    if (!due) return;
    next_.expires_at(*due);
    next_.async_wait([this](const boost::system::error_code& error) {
        if (!error) serve();
    });
}

void SendPacer::close() {
    closed_ = true;
    next_.cancel();
    for (const auto& [id, waiter] : std::exchange(waiting_, {})) waiter->timer.cancel();
}

}  // namespace assay::gateway
