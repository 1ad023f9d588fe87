// Whom a connection counts for where nobody has said who he is: an IPv4 address, or an IPv6 network,
// since whoever has one IPv6 address has the 2^64 of its network. Used for limits, by the table of
// newcomers and by handlers. Pure.

#pragma once

#include <array>

#include <boost/asio/ip/address.hpp>

namespace assay::http {

// The 16 bytes of an IPv6 address; an IPv4 one is mapped (RFC 4291, section 2.5.5.2).
using Origin = std::array<unsigned char, 16>;

[[nodiscard]] Origin origin_of(const boost::asio::ip::address& address);

}  // namespace assay::http
