// Blank devices that ask to be enrolled without a token, until the operator has decided and they have
// fetched their certificate: pending, accepted, refused with that key, or blocked with any. What the operator
// let lie or refused is forgotten after a week; what he accepted or blocked is not. Durable. Io thread only.

#pragma once

#include <map>
#include <string>
#include <string_view>

#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "ledger/chain/key_value_store.hpp"

namespace assay::gateway {

inline constexpr std::size_t kRequestsMax = 10'000;
inline constexpr std::chrono::hours kRequestAgeMax{7 * 24};

enum class Standing { kPending, kAccepted, kRefused, kBlocked };
[[nodiscard]] std::string_view to_string(Standing standing) noexcept;

struct EnrolmentEntry {
    std::string id;  // serial
    Standing standing = Standing::kPending;
    Sha256Digest key;  // SHA-256 of its SubjectPublicKeyInfo; zero if blocked before it ever asked
    std::string vendor, device_class, component, hardware;  // as the device says
    Timestamp asked{};
    friend bool operator==(const EnrolmentEntry&, const EnrolmentEntry&) = default;
};

class RequestBook {
  public:
    // `store` outlives the book, which owns the keys that start with 'q'.
    [[nodiscard]] static Result<RequestBook> open(ledger::KeyValueStore& store);

    [[nodiscard]] const EnrolmentEntry* find(std::string_view id) const;
    [[nodiscard]] const std::map<std::string, EnrolmentEntry, std::less<>>& entries() const noexcept {
        return entries_;
    }
    // On disk when they return. A new entry may fail with kLimitExceeded.
    [[nodiscard]] Result<void> save(const EnrolmentEntry& entry);
    [[nodiscard]] Result<void> forget(const std::string& id);
    // Those that have waited, or were refused, for kRequestAgeMax since they asked.
    [[nodiscard]] Result<void> forget_expired(Timestamp now);

  private:
    explicit RequestBook(ledger::KeyValueStore& store) : store_{&store} {}

    ledger::KeyValueStore* store_;
    std::map<std::string, EnrolmentEntry, std::less<>> entries_;
};

}  // namespace assay::gateway
