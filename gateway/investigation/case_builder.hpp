// Puts a case file together from what a gateway has: its receipts and devices, and both ledgers as
// far as they are final. Reads a batch at a time, so that a daemon may do other things in between; io
// thread only.

#pragma once

#include <map>
#include <set>

#include "gateway/dispatch/device_registry.hpp"
#include "gateway/dispatch/site_authority.hpp"
#include "gateway/investigation/case_file.hpp"
#include "gateway/receipt/receipt_store.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/node/node.hpp"

namespace assay::gateway {

// A ledger up to its newest checkpoint with a quorum.
struct FinalLedger {
    const ledger::Chain& chain;
    std::string checkpoint;  // empty before the first
    std::uint64_t size = 0;
    LogHash root{};
};
[[nodiscard]] FinalLedger final_ledger(const ledger::Node& node);

// Fails with std::errc::resource_unavailable_try_again once the database has failed, which then finds
// nothing, and while the ledger is behind its checkpoint, as repair may leave it.
[[nodiscard]] Result<void> check_readable(const FinalLedger& ledger);

// All outlive the builder.
struct CaseSources {
    const ReceiptStore& receipts;
    const DeviceRegistry& devices;
    const SiteAuthority& authority;
};

class CaseBuilder {
  public:
    // Fails with kDeviceUnknown or kReleaseUnknown if that is what was asked for; this and the others
    // also as check_readable() does.
    [[nodiscard]] static Result<CaseBuilder> begin(CaseQuestion question,
                                                   const CaseSources& sources,
                                                   FinalLedger consortium,
                                                   FinalLedger receipts_ledger);

    // Reads the next batch that may hold something; returns whether there is more. Fails with
    // kLimitExceeded if the answer does not fit into one file.
    [[nodiscard]] Result<bool> step();

    // After the last step: signed by the gateway.
    [[nodiscard]] Result<Bytes> finish(const std::string& gateway,
                                       const crypto::PrivateKey& key,
                                       Timestamp now);

  private:
    CaseBuilder(CaseQuestion question,
                const CaseSources& sources,
                FinalLedger consortium,
                FinalLedger receipts_ledger);
    [[nodiscard]] Result<void> check_ledgers() const;
    [[nodiscard]] bool may_hold(const BatchRecord& batch) const;
    [[nodiscard]] Result<bool> read_next();
    [[nodiscard]] Result<void> read_batch(const BatchRecord& batch);
    [[nodiscard]] Result<void> read_waiting();
    [[nodiscard]] Result<bool> take(const StoredReceipt& stored, std::optional<CasePlace> place);
    void add_device(const ledger::LedgerDeviceId& ledger_id);
    void add_release(const ledger::LeafHash& release);
    void add_anchor();
    void add_lost();

    CaseSources sources_;
    FinalLedger consortium_, receipts_ledger_;
    CaseFile file_;
    std::vector<BatchRecord> batches_;
    std::size_t next_batch_ = 0;
    std::optional<std::set<ReceiptNumber>> wanted_;  // none: all that match the question
    std::set<std::pair<ReceiptNumber, ReceiptNumber>> covered_;  // by final batches: first, end
    std::map<ledger::LedgerDeviceId, const Device*> by_ledger_id_;
    std::map<std::string, CaseDevice> devices_;
    std::set<ledger::LedgerDeviceId> named_;
    std::set<ledger::LeafHash> releases_;
    std::map<std::uint64_t, CaseEntry> consortium_entries_;  // by log index
};

}  // namespace assay::gateway
