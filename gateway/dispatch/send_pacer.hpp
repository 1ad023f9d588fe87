// Holds image downloads to the configured rates: each asks before each piece and waits for its turn
// (pace_queue.hpp). A device is never refused for it, only slowed down in its socket. Without limits
// nobody waits. Io thread only.

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

    // One download; its site has it among its own until it is destroyed. Outlived by the pacer.
    class Download {
      public:
        Download(SendPacer& pacer, std::string site, ledger::Urgency urgency);
        Download(const Download&) = delete;
        Download& operator=(const Download&) = delete;
        ~Download();

        // Returns when so many bytes may be sent; false if the pacer was closed meanwhile.
        [[nodiscard]] boost::asio::awaitable<bool> pass(std::uint64_t bytes);

      private:
        SendPacer* pacer_;
        std::string site_;
        ledger::Urgency urgency_;
        bool begun_ = false;
    };

    // Lets nobody wait any longer: before the devices' listener stops.
    void close();

  private:
    [[nodiscard]] boost::asio::awaitable<bool> turn(PieceRequest request);
    void serve();

    boost::asio::any_io_executor executor_;
    PaceLimits limits_;
    PaceQueue queue_;
    std::map<std::uint64_t, boost::asio::steady_timer*> waiting_;
    boost::asio::steady_timer next_;
    std::uint64_t asked_ = 0;
    bool closed_ = false;
};

}  // namespace assay::gateway
