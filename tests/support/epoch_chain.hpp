// A long chain of epochs of a TestConsortium: in each, the last member has another cosign key. Link
// assay_ledger_core.

#pragma once

#include <string>
#include <vector>

#include "ledger/core/governance_state.hpp"
#include "ledger/core/state_overlay.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::test {

class EpochChain {
  public:
    EpochChain(const TestConsortium& consortium, std::size_t epochs)
        : records{ledger::first_epoch(consortium.chain_id, consortium.registry())} {
        for (std::size_t number = 1; number <= epochs; ++number) {
            const std::string name = "epoch " + std::to_string(number);
            std::vector<ledger::Member> members;
            for (const ConsortiumMember& entry : consortium.members)
                members.push_back(entry.member);
            members.back().cosign = key_named(name).public_key();
            const auto registry = ledger::Registry::make(std::move(members)).value();
            ledger::EpochTransition step;
            step.record = ledger::next_epoch(records.back(), registry,
                                             crypto::leaf_hash(as_bytes(name)));
            for (std::size_t i = 0; i < records.back().quorum; ++i) {
                const ConsortiumMember& by = consortium.members.at(i);
                step.signatures.push_back(
                    {by.member.slot, ledger::sign_epoch(step.record, by.cosign).value()});
            }
            ledger::put_epoch(state, step, crypto::leaf_hash(as_bytes(name + " tx")), number);
            records.push_back(step.record);
            steps.push_back(std::move(step));
        }
    }

    ledger::EmptyState ground;
    ledger::StateOverlay state{ground};  // the archive of the steps, as the ledger keeps it
    std::vector<ledger::EpochRecord> records;  // by number
    std::vector<ledger::EpochTransition> steps;  // the first leads to epoch 1
};

}  // namespace assay::test
