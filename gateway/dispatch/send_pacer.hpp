// Holds image downloads to the configured rates: each asks before each piece and waits for its turn
// (pace_queue.hpp). Who would wait too long for its first piece is told so at once, and asks again
// later; then it is only slowed down in its socket. Without limits nobody waits. Io thread only.

#pragma once

#include <map>
#include <memory>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/dispatch/pace_queue.hpp"

namespace assay::gateway {

class SendPacer {
  public:
    SendPacer(boost::asio::any_io_executor executor, const PaceLimits& limits);
    SendPacer(const SendPacer&) = delete;
    SendPacer& operator=(const SendPacer&) = delete;

    [[nodiscard]] const PaceLimits& limits() const noexcept { return limits_; }

    enum class Turn { kGranted, kTooFarOff, kClosed };

    // One download; its site has it among its own until it is destroyed. Outlived by the pacer.
    class Download {
      public:
        Download(SendPacer& pacer, std::string site, ledger::Urgency urgency);
        Download(const Download&) = delete;
        Download& operator=(const Download&) = delete;
        ~Download();

        // Waits for the turn to send the first of `length` bytes. To be called once, first.
        [[nodiscard]] boost::asio::awaitable<Turn> begin(std::uint64_t length);
        // Returns when so many bytes may be sent; false if the pacer was closed meanwhile, or gave
        // it up.
        [[nodiscard]] boost::asio::awaitable<bool> pass(std::uint64_t bytes);

      private:
        [[nodiscard]] boost::asio::awaitable<Turn> ask(std::uint64_t bytes);

        SendPacer* pacer_;
        std::string site_;
        ledger::Urgency urgency_;
        std::uint64_t left_ = 0;       // that nobody was asked for
        std::uint64_t turn_left_ = 0;  // of that, in this turn
        std::uint64_t granted_ = 0;    // that begin() was granted, and are not passed yet
        bool begun_ = false;
    };

    // Lets nobody wait any longer: before the devices' listener stops.
    void close();

  private:
    struct Waiter {
        explicit Waiter(const boost::asio::any_io_executor& executor)
            : timer(executor, boost::asio::steady_timer::time_point::max()) {}
        boost::asio::steady_timer timer;
        Turn turn = Turn::kClosed;
    };

    [[nodiscard]] boost::asio::awaitable<Turn> turn(PieceRequest request);
    void serve();
    void answer(std::uint64_t id, Turn turn);

    boost::asio::any_io_executor executor_;
    PaceLimits limits_;
    PaceQueue queue_;
    std::map<std::uint64_t, Waiter*> waiting_;
    boost::asio::steady_timer next_;
    std::uint64_t asked_ = 0;
    bool closed_ = false;
};

}  // namespace assay::gateway
