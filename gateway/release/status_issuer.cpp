#include "gateway/release/status_issuer.hpp"

#include <algorithm>

#include "host/base_daemon/log.hpp"
#include "ledger/core/governance_state.hpp"

namespace assay::gateway {
namespace {

constexpr ledger::BlockHeight kStatusValidityBlocks = 5'760;

bool is_status_key(const ledger::VendorPolicy& policy, const ledger::Member& self) {
    return std::ranges::any_of(policy.status_keys, [&](const ledger::PolicyKey& key) {
        return key.slot == self.slot && key.key == self.tx;
    });
}

// The newest release of each component that may be offered.
std::vector<ledger::ReleaseEntry> current_releases(const ledger::StateView& state,
                                                   const ledger::Uuid& vendor) {
    std::vector<ledger::ReleaseEntry> current;
    ledger::ReleaseFilter filter;
    filter.vendor = vendor;
    ledger::for_each_release(state, filter, [&](const ledger::ReleaseEntry& entry) {
        const auto revoked = ledger::signing_key_revoked(state, entry.leaf);
        if (ledger::find_recall(state, entry.leaf) || (revoked && revoked->is_tainted)) return true;
        if (!current.empty() && current.back().key == entry.key) current.pop_back();
        current.push_back(entry);
        return true;
    });
    return current;
}

}  // namespace

std::vector<ledger::StatusRecord> due_statuses(const ledger::StateView& state,
                                               const ledger::Member& self,
                                               std::uint64_t now,
                                               std::uint64_t period) {
    std::vector<ledger::StatusRecord> due;
    ledger::for_each_policy(state, [&](const ledger::PolicyEntry& entry) {
        if (!is_status_key(entry.policy, self)) return true;
        for (const ledger::ReleaseEntry& release : current_releases(state, entry.policy.vendor)) {
            const auto last = ledger::newest_status(state, release.key);
            if (last && last->status.release == release.leaf &&
                now < last->status.issued + period) {
                continue;
            }
            ledger::StatusRecord status;
            status.vendor = release.key.vendor;
            status.device_class = release.key.device_class;
            status.component = release.key.component;
            status.release = release.leaf;
            status.serial = last ? last->status.serial + 1 : 1;
            // Rule R12 has no floor above the release, which is an older one after a recall.
            if (last) status.min_sequence = std::min(last->status.min_sequence, release.sequence);
            status.issued = now;
            status.not_after = now + 2 * period;  // one may be missed
            due.push_back(std::move(status));
        }
        return true;
    });
    return due;
}

StatusIssuer::StatusIssuer(ledger::Node& consortium, std::string name, const Clock& clock)
    : consortium_{consortium}, name_{std::move(name)}, clock_{clock} {
    consortium_.on_change([this](ledger::NodeEvent event) {
        if (event == ledger::NodeEvent::kTip) issue();
    });
}

void StatusIssuer::issue() {
    const ledger::Chain& chain = consortium_.chain();
    const ledger::Member* const self = chain.registry().find_by_name(name_);
    if (self == nullptr || !self->is_active() || self->tx != consortium_.tx_key().public_key())
        return;
    const auto now = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count());
    // While it catches up, what is newest is not known.
    const std::uint64_t quiet = 2 * std::uint64_t{chain.genesis().params.heartbeat_s};
    if (chain.tip().time + quiet < now) return;
    const std::uint64_t period = ledger::param_of(
        chain.state(), ledger::ChangeableParam::kStatusPeriod, chain.genesis().params);
    for (const ledger::StatusRecord& status : due_statuses(chain.state(), *self, now, period)) {
        const Bytes encoded = ledger::encode_status(status);
        ledger::TxBody body;
        body.type = ledger::TxType::kStatus;
        body.chain_id = chain.chain_id();
        body.slot = self->slot;
        body.valid_until = chain.tip().height +
                           std::min(kStatusValidityBlocks, chain.genesis().params.validity_blocks_max);
        body.body = encoded;
        const crypto::PrivateKey* const keys[] = {&consortium_.tx_key()};
        const auto tx = ledger::sign_transaction(body, {name_, ledger::subject_of(status), keys});
        if (!tx) continue;
        // One that waits already has this serial: then this one is refused, as it should be.
        if (consortium_.submit(*tx)) {
            log::info("status-issued",
                      {{"component", status.component}, {"serial", status.serial}});
        }
    }
}

}  // namespace assay::gateway
