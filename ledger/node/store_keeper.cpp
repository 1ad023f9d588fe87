#include "ledger/node/store_keeper.hpp"

namespace assay::ledger {

void StoreKeeper::on_opened(Timestamp wall) {
    if (chain_.repair()) note_repair(wall);
}

bool StoreKeeper::on_tick(Timestamp wall, SteadyTime steady) {
    if (!chain_.has_failed() && steady >= check_at_ && chain_.check_next()) {
        check_at_ = steady + kBetweenChecks;
    }
    if (!chain_.has_failed()) prune(wall);
    if (!chain_.has_failed()) return false;
    if (last_failure_ != chain_.failure()) {
        last_failure_ = chain_.failure();
        events_.note(wall, log::Level::kError, "ledger-storage-failed", "",
                     last_failure_ + "; it is opened again every " +
                         std::to_string(kRecoverAgain.count()) + " s");
    }
    if (!recover_at_) recover_at_ = steady;  // damage is repaired at once
    if (steady < *recover_at_) return false;
    const auto repairs_before = chain_.repairs();
    if (!chain_.recover()) {
        recover_at_ = steady + kRecoverAgain;
        return false;
    }
    recover_at_.reset();
    last_failure_.clear();
    check_at_ = steady;
    events_.note(wall, log::Level::kInfo, "ledger-storage-resumed", "",
                 "open again at block " + std::to_string(chain_.tip().height));
    if (chain_.repairs() != repairs_before) note_repair(wall);
    return true;
}

void StoreKeeper::prune(Timestamp wall) {
    const auto pruned = chain_.prune_next();
    if (pruned || chain_.has_failed()) return;  // the failure of the store is told as such
    events_.note(wall, log::Level::kWarning, "ledger-files-left", "",
                 pruned.error().to_string() + "; it is tried again");
}

void StoreKeeper::note_repair(Timestamp wall) {
    const ChainRepair& repair = *chain_.repair();
    events_.note(wall, log::Level::kWarning, "ledger-repaired", "",
                 repair.damage + "; rebuilt from " + std::to_string(repair.blocks) + " blocks and " +
                     std::to_string(repair.transactions) +
                     " waiting transactions, what is missing comes from the other members; the "
                     "damaged store is in " + repair.old_store +
                     (repair.pruned_below == 0
                          ? ""
                          : "; it had let go of blocks below " + std::to_string(repair.pruned_below) +
                                ": a member that keeps all, or a bundle of one, must supply them"));
}

}  // namespace assay::ledger
