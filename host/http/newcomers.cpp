#include "host/http/newcomers.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace assay::http {
namespace {

namespace ip = boost::asio::ip;

// Whoever has one IPv6 address has the 2^64 of its network.
constexpr std::size_t kNetworkBytes = 8;

ip::address_v6::bytes_type origin_of(const ip::address& address) {
    if (address.is_v4()) return ip::make_address_v6(ip::v4_mapped, address.to_v4()).to_bytes();
    auto bytes = address.to_v6().to_bytes();
    if (!address.to_v6().is_v4_mapped()) std::fill(bytes.begin() + kNetworkBytes, bytes.end(), 0);
    return bytes;
}

}  // namespace

Newcomers::Entry::Entry(Newcomers& table, const ip::address& address, std::function<void()> close)
    : table_{table}, close_{std::move(close)}, origin_{origin_of(address)} {
    std::list<Entry*>& same = table_.by_origin_[origin_];
    place_ = same.insert(same.end(), this);
    ++table_.size_;
}

void Newcomers::Entry::leave() noexcept {
    if (!listed_) return;
    listed_ = false;
    const auto same = table_.by_origin_.find(origin_);
    same->second.erase(place_);
    if (same->second.empty()) table_.by_origin_.erase(same);
    --table_.size_;
}

bool Newcomers::give_one_up() {
    const auto fewer = [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); };
    const auto most = std::max_element(by_origin_.begin(), by_origin_.end(), fewer);
    if (most == by_origin_.end()) return false;
    Entry* const oldest = most->second.front();
    oldest->leave();
    oldest->close_();
    return true;
}

}  // namespace assay::http
