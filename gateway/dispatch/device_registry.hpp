// The devices enrolled at this gateway: who they are, what they last reported, which release they
// are assigned and how far they are. Durable: a device that was enrolled, and a release it has
// confirmed, are still known after a crash. In memory as well, since every poll asks. Io thread
// only.

#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gateway/dispatch/request_budget.hpp"
#include "gateway/dispatch/rollout_progress.hpp"
#include "host/base/clock.hpp"
#include "host/base/result.hpp"
#include "host/crypto/signature.hpp"
#include "ledger/chain/key_value_store.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

inline constexpr std::size_t kDevicesMax = 100'000;

// What a device says of itself when it polls.
struct DeviceReport {
    ledger::ReleaseKey target;   // vendor, class and component
    std::uint64_t sequence = 0;  // confirmed; 0 on a blank device
    std::string version;
    Sha256Digest running;
    std::uint64_t epoch = 0;  // of the ledger's members, the newest one it says it knows
    std::string state;
    friend bool operator==(const DeviceReport&, const DeviceReport&) = default;
};

struct Assignment {
    ledger::LeafHash release;
    std::array<std::byte, 8> nonce{};  // comes back in the receipts
};

// A release that failed on this device, or that it refused: not offered again for a while.
struct Hold {
    ledger::LeafHash release;
    Timestamp until{};
    unsigned failures = 0;
};
inline constexpr std::size_t kHoldsMax = 8;

struct Device {
    std::string id;  // common name of its certificate
    ledger::LedgerDeviceId ledger_id{};
    crypto::PublicKey key;
    std::vector<crypto::PublicKey> former_keys;  // replaced by it, the newest last; at most 15
    bool are_former_keys_forgotten = false;      // it had more: what they signed is found no more
    Timestamp enrolled{};

    std::string site;               // by the operator, as are...
    std::vector<std::string> tags;  // ...these; [a-z0-9.-]
    std::map<std::string, RolloutProgress, std::less<>> rollouts;  // those that offered it something

    std::optional<DeviceReport> report;
    std::optional<Assignment> assignment;
    std::uint64_t confirmed_sequence = 0;
    std::string last_event;  // of its newest receipt: "verified"
    std::string last_word;   // refusal word of that receipt, if any

    std::vector<Hold> holds;  // each of another release, that which failed last at the end; at most kHoldsMax

    std::string hardware;     // revision, as it said when it was enrolled; empty: it did not
    std::string enrolled_by;  // "token", "request"; empty: the operator
    bool is_blocked = false;  // by the operator: nothing it asks is answered

    Timestamp last_seen{};  // after a restart: when its record was last written
    Bytes last_poll;        // what `report` was read from: most polls say the same again; not kept
    RequestBudget::Account account{};  // of its requests; not kept
    std::uint64_t polls = 0;  // begun; a newer one ends those that wait; not kept
    // Of PollWaiters, when a download of it last looked for something more urgent; not kept.
    std::uint64_t looked_at_generation = 0;

    // What it has: a device that lost its memory must not be led back to what its receipts outran.
    [[nodiscard]] std::uint64_t sequence() const noexcept {
        return std::max(report ? report->sequence : 0, confirmed_sequence);
    }
};

// Who is blocked, for those who may not ask the registry: TLS handshakes on other threads.
class BlockedDevices {
  public:
    [[nodiscard]] bool contains(std::string_view id) const {
        const std::scoped_lock lock(mutex_);
        return ids_.contains(id);
    }
    void set(const std::string& id, bool is_blocked) {
        const std::scoped_lock lock(mutex_);
        if (is_blocked) {
            ids_.insert(id);
        } else {
            ids_.erase(id);
        }
    }

  private:
    mutable std::mutex mutex_;
    std::set<std::string, std::less<>> ids_;
};

// What makes a device known here.
struct Enrolment {
    std::string id;
    ledger::LedgerDeviceId ledger_id{};
    crypto::PublicKey key;
    std::string by;        // "token", "request"; empty: the operator
    std::string hardware;  // empty: what is known of it stays
};

class DeviceRegistry {
  public:
    // `store` outlives the registry, which owns the keys that start with 'd'.
    [[nodiscard]] static Result<DeviceRegistry> open(ledger::KeyValueStore& store);

    // On disk, with one write, when it returns. A device that is enrolled again keeps its history, and who
    // let it in and what it confirmed, unless it has a new key. Fails with std::errc::file_exists if it
    // has another key that is not to be replaced.
    enum class KeyChange { kRefuse, kReplace };
    [[nodiscard]] Result<void> enrol(const Enrolment& enrolment, KeyChange change, Timestamp now);

    [[nodiscard]] Device* find(std::string_view id);
    [[nodiscard]] const Device* find(std::string_view id) const;
    [[nodiscard]] const std::map<std::string, Device, std::less<>>& devices() const noexcept {
        return devices_;
    }
    // Writes what has changed in `device`, to disk.
    [[nodiscard]] Result<void> save(const Device& device);
    // Takes the rollout out of every device's record, to disk with one write, together with `batch`.
    [[nodiscard]] Result<void> forget_rollout(std::string_view rollout, ledger::WriteBatch batch);
    // As of the last save of each.
    [[nodiscard]] std::shared_ptr<const BlockedDevices> blocked() const noexcept { return blocked_; }

  private:
    explicit DeviceRegistry(ledger::KeyValueStore& store) : store_{&store} {}

    ledger::KeyValueStore* store_;
    std::map<std::string, Device, std::less<>> devices_;
    std::shared_ptr<BlockedDevices> blocked_ = std::make_shared<BlockedDevices>();
};

}  // namespace assay::gateway
