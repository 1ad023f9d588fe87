// What one member lives through in these tests: transactions, blocks, certificates, votes,
// reorganisations, blocks held back while catching up, old blocks let go, receipts of devices, restarts. Made once, in
// memory, together with what the member may rely on after each step; then played on disks that fail.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/receipt/receipt_store.hpp"
#include "ledger/chain/chain.hpp"
#include "ledger/node/voter.hpp"
#include "tests/support/chain_builder.hpp"

namespace assay::crash {

// What was acknowledged, and so must be there after whatever happens.
struct Promise {
    ledger::BlockId tip;
    ledger::BlockHeight final_height = 0;
    std::vector<ledger::LeafHash> transactions;
    std::optional<ledger::BlockHeight> voted;  // target of the last vote
    std::uint64_t receipts = 0;
};

struct Step {
    enum class Kind {
        kTransaction,
        kBlock,
        kBlocksLater,  // held back, then flushed
        kCertificate,
        kVote,         // for the tip
        kReceipt,
        kPrune,  // whatever may go
        kRestart,
    };
    Kind kind = Kind::kRestart;
    std::vector<Bytes> bytes;
    std::optional<ledger::Certificate> certificate;
    Promise after;
};

struct Script {
    Script(ledger::LedgerKind ledger_kind, std::size_t rounds, unsigned seed);

    [[nodiscard]] const ledger::RuleSet& rules() const;

    ledger::LedgerKind kind;
    test::Founders founders{1};
    std::vector<Step> steps;
};

// The member's part of a disk: chain, own votes and, on the gateways' ledger, receipts.
class Member {
  public:
    Member(const Script& script, std::filesystem::path dir) : script_{script}, dir_{std::move(dir)} {}

    // Fails as the disk does; may be tried again.
    [[nodiscard]] Result<void> open();
    // Whether it was acknowledged. Repeating a step that was not is always right.
    [[nodiscard]] Result<void> play(const Step& step);
    // After a failure: goes on with what lies on the disk.
    [[nodiscard]] Result<void> recover();

    // Empty if everything promised is there, and the tip is one of the two.
    [[nodiscard]] std::string judge(const Promise& before, const Promise& after);

    [[nodiscard]] bool is_open() const noexcept { return chain_ != nullptr; }
    [[nodiscard]] ledger::Chain& chain() { return *chain_; }

  private:
    [[nodiscard]] Result<void> open_receipts();
    [[nodiscard]] Result<void> vote();
    [[nodiscard]] Result<void> prune();

    const Script& script_;
    std::filesystem::path dir_;
    std::unique_ptr<ledger::Chain> chain_;
    std::optional<ledger::Voter> voter_;
    std::unique_ptr<ledger::KeyValueStore> store_;
    std::optional<gateway::ReceiptStore> receipts_;
};

}  // namespace assay::crash
