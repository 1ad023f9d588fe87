// The attacks that the evil gateway plays, by name. Uptane's standard (1.2, section 4.3) names ten;
// TUF's security page names ten, four of them the same: six and ten here, and a forged ledger. After
// these come lies that neither names.

#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "tests/integration/device/device_program.hpp"

namespace assay::test {

// A device that runs release 2, produced honestly, and a gateway that from now on is the attacker's.
class Victim {
  public:
    explicit Victim(const std::string& bin);

    // Release `sequence` with an image of its own.
    [[nodiscard]] ledger::ReleaseRecord record(std::uint64_t sequence) const;
    // Offered with a proof as it should be, fresh and under a log that has grown.
    [[nodiscard]] ProvedRelease prove(const ledger::ReleaseRecord& record) const;
    [[nodiscard]] ProvedRelease prove(const ledger::ReleaseRecord& record,
                                      std::uint64_t time,
                                      const std::vector<ledger::Slot>& cosigners,
                                      std::uint64_t policy_version = 2) const;
    // The gateway says that this is an update, whatever the device reports that it has.
    void offer(const ProvedRelease& proved,
               const Bytes& image,
               std::uint64_t claimed_sequence = UINT64_MAX);
    void offer_honestly(std::uint64_t sequence);
    [[nodiscard]] static Bytes image(std::uint64_t sequence);

    // Lets the device poll and act until it has nothing more to do.
    void run_device() const;

    TestConsortium consortium;
    TestGateway gateway;
    DeviceProgram device;
    std::uint64_t now = 0;
    std::uint64_t newest = 2;  // sequence of the newest release that the device was rightly given
    // After the attack, an honest gateway must get release 3 onto the device.
    bool honest_gateway_helps = false;
};

struct Attack {
    std::string_view name;  // "uptane.freeze"
    std::function<void(Victim&)> play;
};

// Both in the order of docs/refusals.md.
[[nodiscard]] const std::vector<Attack>& named_attacks();  // 17
[[nodiscard]] const std::vector<Attack>& other_lies();

}  // namespace assay::test
