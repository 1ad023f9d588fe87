// kAsTuple: the token with which every operation of Asio is awaited here. What went wrong comes back as
// an error_code; nothing is thrown.
//
//     auto [code, count] = co_await socket.async_read_some(buffer, kAsTuple);

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace assay {

inline constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace assay
