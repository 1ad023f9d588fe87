#include "gateway/dispatch/send_pacer.hpp"

#include "host/http/as_tuple.hpp"

namespace assay::gateway {

SendPacer::SendPacer(boost::asio::any_io_executor executor, const PaceLimits& limits)
    : executor_{executor}, limits_{limits}, queue_{limits}, next_{executor} {}

SendPacer::Download::Download(SendPacer& pacer, std::string site, ledger::Urgency urgency)
    : pacer_{&pacer}, site_{std::move(site)}, urgency_{urgency} {}

SendPacer::Download::~Download() {
    if (!begun_) return;
    pacer_->queue_.end(site_);
    pacer_->serve();
}

boost::asio::awaitable<bool> SendPacer::Download::pass(std::uint64_t bytes) {
    if (!pacer_->limits_.any()) co_return !pacer_->closed_;
    PieceRequest request;
    request.site = site_;
    request.urgency = urgency_;
    request.bytes = bytes;
    request.begins = !begun_;
    const bool granted = co_await pacer_->turn(std::move(request));
    begun_ = begun_ || granted;
    co_return granted;
}

boost::asio::awaitable<bool> SendPacer::turn(PieceRequest request) {
    if (closed_) co_return false;
    const std::uint64_t id = asked_++;
    request.id = id;
    boost::asio::steady_timer timer(executor_, boost::asio::steady_timer::time_point::max());
    waiting_.emplace(id, &timer);
    queue_.ask(std::move(request));
    serve();
    while (waiting_.contains(id)) co_await timer.async_wait(kAsTuple);
    co_return !closed_;
}

void SendPacer::serve() {
    if (closed_) return;
    for (const std::uint64_t id : queue_.grant(std::chrono::steady_clock::now())) {
        const auto waiter = waiting_.extract(id);
        waiter.mapped()->cancel();
    }
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
    for (const auto& [id, timer] : std::exchange(waiting_, {})) timer->cancel();
}

}  // namespace assay::gateway
