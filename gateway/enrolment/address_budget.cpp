#include "gateway/enrolment/address_budget.hpp"

namespace assay::gateway {

RequestBudget::Account& AddressBudget::account_of(const http::Origin& origin,
                                                  RequestBudget::Time now) {
    const auto known = accounts_.find(origin);
    if (known != accounts_.end()) return known->second;
    if (accounts_.size() >= kAddressesMax) {
        std::erase_if(accounts_, [now](const auto& entry) { return entry.second <= now; });
    }
    return accounts_.size() < kAddressesMax ? accounts_[origin] : everybody_else_;
}

}  // namespace assay::gateway
