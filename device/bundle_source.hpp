// Site bundles in the place of a gateway, for devices that no gateway reaches: folders on a medium,
// written by `assay release bundle` (docs/formats.md, section 18). The medium is either one bundle or a
// folder of them. All of it goes through the same checks as a gateway's answers; it takes no receipts,
// which wait until the device meets a gateway. The manifest is for people: nothing of it is read.
//
// One thread; blocks. The medium may go away at any moment.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "device/event_log.hpp"
#include "device/gateway.hpp"
#include "host/base/file.hpp"
#include "ledger/core/consortium_state.hpp"

namespace assay::device {

class BundleSource final : public Gateway {
  public:
    // Of several bundles those that do not decode are left aside, and named in the log. Fails, naming the
    // first file, if none is left.
    [[nodiscard]] static Result<std::unique_ptr<BundleSource>> open(
        const std::filesystem::path& medium, const EventLog& log);

    [[nodiscard]] bool is_offline() const noexcept override { return true; }
    // Offers the newest of the device's vendor, class and component or, where none is, any: a device of
    // another sequence says what it thinks of that.
    [[nodiscard]] Result<protocol::PollAnswer> poll(const protocol::PollRequest& request) override;
    [[nodiscard]] Result<Bytes> proof(const ledger::LeafHash& release) override;
    [[nodiscard]] Result<std::vector<Sha256Digest>> chunk_digests(const ledger::LeafHash& release,
                                                                  std::uint64_t count) override;
    [[nodiscard]] Result<Bytes> image_range(const ledger::LeafHash& release,
                                            std::uint64_t offset,
                                            std::size_t bytes) override;
    [[nodiscard]] Result<ReceiptAnswer> send_receipt(
        ByteView receipt,
        const std::optional<protocol::ReceiptName>& after) override;

    [[nodiscard]] bool holds(const ledger::LeafHash& release) const {
        return find(release).has_value();
    }
    // What the last poll offered, or would have to a device that had not got it.
    [[nodiscard]] const std::optional<ledger::LeafHash>& offered() const noexcept {
        return offered_;
    }

  private:
    struct Bundle {
        std::filesystem::path folder;
        ledger::ReleaseKey target;  // as its proof says; nobody believes it
        protocol::Assignment offer;
    };
    explicit BundleSource(std::vector<Bundle> bundles) : bundles_{std::move(bundles)} {}
    [[nodiscard]] static Result<Bundle> read_bundle(const std::filesystem::path& folder);
    [[nodiscard]] Result<const Bundle*> find(const ledger::LeafHash& release) const;

    std::vector<Bundle> bundles_;  // never empty
    std::optional<ledger::LeafHash> offered_;
    std::uint64_t epoch_ = 0;  // that the device knows
};

}  // namespace assay::device
