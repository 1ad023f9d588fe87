// How much one device may ask: so many requests a second for long, ten seconds' worth of them
// at once. What is refused counts tenfold, since it is work for nothing. A device that has overdrawn its
// account waits for its answers, and nobody else does; it is not refused. Blank devices are counted by
// address instead (enrolment/address_budget.hpp). Pure: time is passed in.

#pragma once

#include <chrono>
#include <cstdint>

namespace assay::gateway {

class RequestBudget {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // When all that a device has asked for is paid; one of its own for each device.
    using Account = Time;

    // 0: no limit.
    explicit RequestBudget(std::uint32_t requests_per_s) noexcept
        : price_{requests_per_s == 0 ? Time::duration::zero()
                                     : Time::duration(std::chrono::seconds(1)) / requests_per_s} {}

    // When one that is not charged may be worked on: behind what was.
    [[nodiscard]] Time due(const Account& account) const noexcept { return account - kCredit; }
    // Charges one request; returns when it may be worked on, which may be in the past.
    [[nodiscard]] Time charge(Account& account, Time now) const noexcept;
    // For a listener that rather refuses than lets wait: false, and nothing is charged, while it would
    // have to.
    [[nodiscard]] bool try_charge(Account& account, Time now) const noexcept {
        return account - kCredit <= now && charge(account, now) <= now;
    }
    // The request was refused.
    void charge_refusal(Account& account) const noexcept { account += price_ * (kRefusalPrice - 1); }

  private:
    static constexpr int kRefusalPrice = 10;
    static constexpr std::chrono::seconds kCredit{10};

    Time::duration price_;
};

inline RequestBudget::Time RequestBudget::charge(Account& account, Time now) const noexcept {
    const Time when = due(account);
    account = (account < now ? now : account) + price_;
    return when;
}

}  // namespace assay::gateway
