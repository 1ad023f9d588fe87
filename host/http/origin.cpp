#include "host/http/origin.hpp"

#include <algorithm>

namespace assay::http {
namespace {

constexpr std::size_t kNetworkBytes = 8;

}  // namespace

Origin origin_of(const boost::asio::ip::address& address) {
    namespace ip = boost::asio::ip;
    if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
    Origin bytes = address.to_v6().to_bytes();
    const auto host = bytes.begin() + kNetworkBytes;
    if (!address.to_v6().is_v4_mapped()) std::fill(host, bytes.end(), static_cast<unsigned char>(0));
    return bytes;
}

}  // namespace assay::http
