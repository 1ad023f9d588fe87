#include "ledger/node/node_bundle.hpp"

#include <algorithm>

namespace assay::ledger {
namespace {

// Of waiting transactions, so that they fit beside the blocks of the last part.
constexpr std::size_t kWaitingBytesMax = 1024 * 1024;

Result<void> take_block(Chain& chain,
                        const Bytes& bytes,
                        BlockHeight height,
                        Timestamp now,
                        BundleOutcome& done) {
    const BlockOutcome outcome = chain.accept_block(bytes, now, Durable::kLater);
    done.tip_changed |= outcome.tip_changed;
    const std::string which = "block " + std::to_string(height) + " of the bundle";
    switch (outcome.verdict) {
        case BlockVerdict::kValid:
            ++done.blocks;
            return {};
        case BlockVerdict::kDuplicate:
            ++done.known;
            return {};
        case BlockVerdict::kOrphan:
            return fail(std::errc::invalid_argument,
                        which + " builds on one that is not here, and this ledger ends at block " +
                            std::to_string(chain.tip().height) +
                            ": write the bundle again with an earlier --since");
        case BlockVerdict::kTooEarly:
            return fail(std::errc::invalid_argument,
                        which + " is ahead of this machine's clock: is it right?");
        case BlockVerdict::kStorageFailed:
            return fail(std::errc::io_error, "ledger database: " + chain.failure());
        default:
            return fail(refusal_of(outcome.verdict),
                        which + (outcome.detail.empty() ? "" : ": " + outcome.detail));
    }
}

}  // namespace

BundlePart make_bundle_part(const Chain& chain, BlockHeight since) {
    BundlePart part;
    part.chain_id = chain.chain_id();
    part.first = since;
    std::size_t bytes = 0;
    BlockHeight height = since;
    for (; height <= chain.tip().height && bytes < kBundlePartBytesGoal &&
           part.blocks.size() < kBundleBlocksMax;
         ++height) {
        const auto id = chain.id_at(height);
        auto block = id ? chain.block(*id) : std::nullopt;
        if (!block || (!part.blocks.empty() && bytes + block->size() > kBlockBytesMax)) break;
        bytes += block->size() + 5;
        part.blocks.push_back(*std::move(block));
    }
    part.is_last = height > chain.tip().height && bytes < kBundlePartBytesGoal;
    if (!part.is_last) return part;
    part.certificates = chain.newest_certificates();
    std::size_t waiting = 0;
    for (const TxId& id : chain.mempool_ids()) {
        auto transaction = chain.mempool_transaction(id);
        if (!transaction || waiting + transaction->size() > kWaitingBytesMax ||
            part.transactions.size() == kBundleTransactionsMax) {
            break;
        }
        waiting += transaction->size() + 5;
        part.transactions.push_back(*std::move(transaction));
    }
    return part;
}

Result<BundleOutcome> take_bundle_part(Chain& chain, const BundlePart& part, Timestamp now) {
    BundleOutcome done;
    if (part.chain_id != chain.chain_id()) {
        return fail(Refusal::kChainIdMismatch, "the bundle is of another ledger");
    }
    Result<void> taken;
    for (std::size_t i = 0; i < part.blocks.size() && taken; ++i) {
        const auto height = part.first + static_cast<BlockHeight>(i);
        taken = take_block(chain, part.blocks[i], height, now, done);
    }
    if (auto flushed = chain.flush(); !flushed) return fail(std::move(flushed).error());
    if (!taken) return fail(std::move(taken).error());
    for (const Certificate& certificate : part.certificates) {
        const CertificateOutcome outcome = chain.accept_certificate(certificate);
        done.tip_changed |= outcome.tip_changed;
        if (outcome.verdict == CertificateOutcome::Verdict::kInvalid) {
            return fail(Refusal::kSignatureInvalid, "a certificate of the bundle");
        }
    }
    for (const Bytes& transaction : part.transactions) {
        if (chain.accept_transaction(transaction, Durable::kLater)) ++done.transactions;
    }
    if (auto flushed = chain.flush(); !flushed) return fail(std::move(flushed).error());
    return done;
}

}  // namespace assay::ledger
