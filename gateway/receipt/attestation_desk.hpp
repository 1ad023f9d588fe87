// What the gateway itself attests of an update: that it offered the release to a device, and that it
// has sent the device the whole image. Each is a receipt signed by the gateway's tx key, once for
// each device and release, and goes onto the ledger with the devices' own.
//
// Whoever answers devices only leaves a note here, in memory; signing and writing come after. What a
// crash loses of offers is found again at the next start, since assignments are on disk; a download
// that it loses stays unrecorded, and a case file says so. Io thread only.

#pragma once

#include <deque>
#include <functional>
#include <map>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/group_commit.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "gateway/wakeup.hpp"
#include "host/base/clock.hpp"
#include "ledger/core/receipt.hpp"

namespace assay::gateway {

// All outlive the desk.
struct AttestationParts {
    boost::asio::any_io_executor executor;
    GroupCommit& store;
    ReceiptStore& receipts;
    const DeviceRegistry& devices;
    std::function<const crypto::PrivateKey&()> key;  // the gateway's tx key now
    const Clock& clock;
};

// Part of an image that was handed to a device's connection.
struct SentPart {
    std::uint64_t begin = 0, end = 0;
    std::uint64_t image_bytes = 0;
};

class AttestationDesk {
  public:
    explicit AttestationDesk(AttestationParts parts)
        : parts_{std::move(parts)}, wakeup_{parts_.executor} {}

    // The device's assignment, which is new.
    void offered(const Device& device);
    // Of the release that is assigned to it; with the last part the whole was sent.
    void sent(const Device& device, const SentPart& part);

    // Those that were taken back (ReceiptStore::restore), and whatever waited while the store was held.
    void again(std::vector<ledger::ReceiptBody> bodies);

    // Finds what an earlier run has not recorded, then records until cancelled.
    [[nodiscard]] boost::asio::awaitable<void> run();

    // For run() and tests: notes what is missing of the devices behind `after`, some of them; returns
    // the last one, empty when there are no more.
    [[nodiscard]] std::string catch_up(const std::string& after);
    // Signs and writes some notes; returns whether there were any. What fails is tried again.
    [[nodiscard]] Result<bool> record_some();

  private:
    struct Progress {
        ledger::LeafHash release;
        std::uint64_t begin = 0, end = 0;  // sent without a gap
    };
    void note(const Device& device,
              ledger::ReceiptEvent event,
              std::optional<std::uint64_t> time,
              std::string detail);
    [[nodiscard]] Result<void> record(const ledger::ReceiptBody& wanted);

    AttestationParts parts_;
    Wakeup wakeup_;
    std::deque<ledger::ReceiptBody> notes_;
    std::map<ledger::LedgerDeviceId, Progress> downloads_;  // under way
};

}  // namespace assay::gateway
