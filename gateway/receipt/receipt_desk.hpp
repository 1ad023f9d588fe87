// Takes a receipt from a device: checks it, stores it, and notes in the device registry how far the
// device is. What it has returned success for is on disk, or will be when the deferred
// writes have settled (gateway/group_commit.hpp). Used by the agents' API; io thread only but for
// check_receipt, which is half of the work and is any thread's.

#pragma once

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/rollout_book.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "gateway/refusal_log.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// The layout, and the signature by the key a device has or one it had before; fails with kMalformed or
// kSignatureInvalid. The result points into `bytes`.
[[nodiscard]] Result<ledger::Receipt> check_receipt(const crypto::PublicKey& device_key,
                                                    std::span<const crypto::PublicKey> former_keys,
                                                    ByteView bytes);

class ReceiptDesk {
  public:
    // All outlive the desk.
    ReceiptDesk(ReceiptStore& receipts,
                DeviceRegistry& devices,
                RolloutBook& rollouts,
                const ReleaseCatalog& catalog,
                const ledger::Node& consortium,
                RefusalLog& refusals)
        : receipts_{&receipts},
          devices_{&devices},
          rollouts_{&rollouts},
          catalog_{&catalog},
          consortium_{&consortium},
          refusals_{&refusals} {}

    // `receipt` is what check_receipt made of `bytes` with the keys that the device has now. Fails
    // with kDeviceUnknown (another device's id), kReleaseUnknown or kReceiptReplayed. The same
    // receipt again succeeds again. One by a former key goes on the ledger and changes nothing else: it
    // tells of the board before. False, and nothing is done, if the one `after` is not here.
    [[nodiscard]] Result<bool> take(Device& device,
                                    const ledger::Receipt& receipt,
                                    ByteView bytes,
                                    const std::optional<protocol::ReceiptName>& after,
                                    Timestamp now);

  private:
    [[nodiscard]] Result<std::uint64_t> sequence_of(const ledger::LeafHash& release) const;
    [[nodiscard]] Result<void> note(Device& device,
                                    const ledger::ReceiptBody& body,
                                    Timestamp now);

    ReceiptStore* receipts_;
    DeviceRegistry* devices_;
    RolloutBook* rollouts_;
    const ReleaseCatalog* catalog_;
    const ledger::Node* consortium_;
    RefusalLog* refusals_;
};

}  // namespace assay::gateway
