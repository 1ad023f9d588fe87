// How much may be asked from one address at the listener for blank devices, where nobody has said who he is:
// a budget (request_budget.hpp) for each IPv4 address and each IPv6 network. Who has overdrawn it is refused
// and may ask again later. Memory is bounded: addresses beyond kAddressesMax share one account. Io thread only.

#pragma once

#include <map>

#include "gateway/dispatch/request_budget.hpp"
#include "host/http/origin.hpp"

namespace assay::gateway {

class AddressBudget {
  public:
    static constexpr std::size_t kAddressesMax = 10'000;  // that owe something

    explicit AddressBudget(std::uint32_t requests_per_s) noexcept : budget_{requests_per_s} {}

    // Charges one request if it may be worked on.
    [[nodiscard]] bool try_charge(const http::Origin& origin, RequestBudget::Time now) {
        return budget_.try_charge(account_of(origin, now), now);
    }
    // The request was refused.
    void charge_refusal(const http::Origin& origin, RequestBudget::Time now) {
        budget_.charge_refusal(account_of(origin, now));
    }

  private:
    RequestBudget::Account& account_of(const http::Origin& origin, RequestBudget::Time now);

    RequestBudget budget_;
    std::map<http::Origin, RequestBudget::Account> accounts_;
    RequestBudget::Account everybody_else_{};
};

}  // namespace assay::gateway
