// One peer connection: frames in, frames out, until either side stops. The protocol is behind two
// callbacks; who may connect was settled by the TLS handshake before.
//
// On the stream's executor, which must not run two handlers at once.

#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/http/stream.hpp"
#include "ledger/net/peer_message.hpp"

namespace assay::ledger {

struct SessionLimits {
    std::size_t queue_bytes_max = std::size_t{16} << 20;  // frames that wait to be written
    std::chrono::seconds ping_after{20};                  // of hearing nothing
    std::chrono::seconds silence_max{60};
    std::chrono::seconds write_max{120};  // for one frame
};

class PeerSession {
  public:
    struct Handlers {
        // An error ends the session.
        std::function<Result<void>(PeerMessage)> on_message;
        // Called when nothing else is to be sent: the next answer that is owed, if any.
        std::function<std::optional<PeerMessage>()> next_served;
        // Asked after each message: how long to read nothing more. None: never.
        std::function<std::chrono::milliseconds()> pause;
    };

    PeerSession(http::Stream stream, SessionLimits limits);
    PeerSession(const PeerSession&) = delete;
    PeerSession& operator=(const PeerSession&) = delete;

    // Serves the connection until it ends and says why. The session must outlive it. Once.
    [[nodiscard]] boost::asio::awaitable<Error> run(Handlers handlers);

    // Queues a message; a peer that lets the queue overflow is cut off.
    void send(const PeerMessage& message);
    // Looks for answers that are owed (next_served) since the last message.
    void wake();
    // About once a second: pings and time-outs.
    void on_tick(std::chrono::steady_clock::time_point now);
    // Ends run() with this reason.
    void close(Error reason);

    [[nodiscard]] const http::Stream& stream() const noexcept { return stream_; }

  private:
    boost::asio::awaitable<Error> read_all();
    boost::asio::awaitable<Error> write_all();

    http::Stream stream_;
    const SessionLimits limits_;
    Handlers handlers_;
    std::deque<Bytes> queue_;
    std::size_t queue_bytes_ = 0;
    boost::asio::steady_timer wake_;  // expires never; cancelled when there is something to write
    boost::asio::steady_timer pause_;
    std::chrono::steady_clock::time_point heard_;
    std::chrono::steady_clock::time_point pinged_;
    std::optional<std::chrono::steady_clock::time_point> write_began_;
    std::optional<Error> closed_;
};

}  // namespace assay::ledger
