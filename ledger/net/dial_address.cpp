#include "ledger/net/dial_address.hpp"

#include <charconv>
#include <cstdint>

#include <boost/asio/connect.hpp>

#include "host/http/as_tuple.hpp"

namespace assay::ledger {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;


tl::unexpected<Error> bad_address(std::string_view address) {
    return fail(std::errc::invalid_argument,
                "'" + std::string(address) + "' is not an address; write host:port");
}

// boost's error codes are std::error_codes by conversion.
tl::unexpected<Error> failed(const boost::system::error_code& code, std::string what) {
    return fail(std::error_code(code), std::move(what));
}

}  // namespace

Result<std::pair<std::string, std::string>> split_address(std::string_view address) {
    const std::size_t colon = address.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return bad_address(address);
    std::string_view host = address.substr(0, colon);
    const std::string_view port = address.substr(colon + 1);
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad_address(address);
    }
    std::uint16_t number = 0;
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (code != std::errc{} || end != port.data() + port.size()) return bad_address(address);
    return std::pair(std::string(host), std::string(port));
}

asio::awaitable<Result<tcp::socket>> dial_address(asio::any_io_executor executor,
                                                  std::string address) {
    const auto parts = split_address(address);
    if (!parts) co_return fail(parts.error());
    tcp::resolver resolver(executor);
    auto [unresolved, endpoints] =
        co_await resolver.async_resolve(parts->first, parts->second, kAsTuple);
    if (unresolved) co_return failed(unresolved, "look up " + address);

    tcp::socket socket(executor);
    auto [refused, endpoint] = co_await asio::async_connect(socket, endpoints, kAsTuple);
    if (refused) co_return failed(refused, "connect to " + address);
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    co_return Result<tcp::socket>(std::move(socket));
}

Result<tcp::acceptor> listen_address(asio::any_io_executor executor, std::string_view address) {
    const auto parts = split_address(address);
    if (!parts) return fail(parts.error());
    boost::system::error_code code;
    const auto ip = asio::ip::make_address(parts->first, code);
    if (code) return bad_address(address);
    std::uint16_t port = 0;
    std::from_chars(parts->second.data(), parts->second.data() + parts->second.size(), port);

    const tcp::endpoint endpoint(ip, port);
    tcp::acceptor acceptor(std::move(executor));
    acceptor.open(endpoint.protocol(), code);
    if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
    if (!code) acceptor.bind(endpoint, code);
    if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
    if (code) return failed(code, "listen on " + std::string(address));
    return acceptor;
}

}  // namespace assay::ledger
