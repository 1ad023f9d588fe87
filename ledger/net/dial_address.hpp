// "host:port" texts as TCP connections and listeners. Used by peer_manager and peer_listener.

#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "host/base/result.hpp"

namespace assay::ledger {

// "gw.example:4700", "192.0.2.1:0" or "[2001:db8::1]:4700".
[[nodiscard]] Result<std::pair<std::string, std::string>> split_address(std::string_view address);

// Tries the addresses of the name in turn.
[[nodiscard]] boost::asio::awaitable<Result<boost::asio::ip::tcp::socket>> dial_address(
    boost::asio::any_io_executor executor, std::string address);

// An IP address to bind to; port 0 is any free one.
[[nodiscard]] Result<boost::asio::ip::tcp::acceptor> listen_address(
    boost::asio::any_io_executor executor, std::string_view address);

}  // namespace assay::ledger
