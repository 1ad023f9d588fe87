// Members that vote, certify and cosign together, without sockets or clocks: what one says is handed
// to the others at once. For tests of the duties.

#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ledger/node/member_duties.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {

using test::at;
using test::Founders;
using test::kGenesisTime;

// On disk, until the disk is full.
class FailingValue final : public DurableValue {
  public:
    FailingValue(std::filesystem::path path, int& writes_left)
        : value_{durable_file(std::move(path))}, writes_left_{&writes_left} {}
    [[nodiscard]] Result<std::optional<Bytes>> read() const override { return value_->read(); }
    [[nodiscard]] Result<void> replace(ByteView value) override {
        if (*writes_left_ == 0) return fail(std::errc::no_space_on_device, value_->name());
        --*writes_left_;
        return value_->replace(value);
    }
    [[nodiscard]] std::string name() const override { return value_->name(); }

  private:
    std::unique_ptr<DurableValue> value_;
    int* writes_left_;
};

class Members {
  public:
    explicit Members(std::size_t count) : founders{count} {
        for (std::size_t i = 0; i < count; ++i) chains.push_back(founders.open(folder(i) / "chain"));
        duties.resize(count);
        silent.resize(count);
        for (std::size_t i = 0; i < count; ++i) open(i);
    }
    std::filesystem::path folder(std::size_t i) {
        const auto path = dir / std::to_string(i);
        std::filesystem::create_directories(path);
        return path;
    }
    void open(std::size_t i) {
        const auto& member = founders.members[i];
        const DutyKeys keys{member.entry.slot, member.entry.name, &member.vote,
                            &member.log,       &member.cosign,    &member.tx};
        DutyStores stores;
        stores.safety = std::make_unique<FailingValue>(folder(i) / "safety.votes", writes_left);
        stores.cosigned = std::make_unique<FailingValue>(folder(i) / "cosigned", writes_left);
        auto opened = MemberDuties::open(*chains[i], keys, std::move(stores));
        ASSERT_TRUE(opened.has_value()) << opened.error().to_string();
        duties[i] = std::move(*opened);
    }
    // All say hello to all, and the pause before the first vote passes.
    void greet() {
        for (std::size_t i = 0; i < duties.size(); ++i) {
            for (std::size_t k = 0; k < duties.size(); ++k) {
                if (i != k) deliver(i, k, duties[i]->on_greeted(slot(k), at(now)));
            }
        }
        now += static_cast<std::uint32_t>(kVoteAfterGreetings.count());
        tick();
    }
    void tick() {
        for (std::size_t i = 0; i < duties.size(); ++i) {
            deliver(i, i, duties[i]->on_tick(at(now)));
        }
    }
    [[nodiscard]] Slot slot(std::size_t i) const { return founders.members[i].entry.slot; }

    // A block by the first who may, taken in by all that are not silent.
    void mine() {
        for (const std::uint32_t end = now + 10'000; now < end; ++now) {
            for (std::size_t i = 0; i < chains.size(); ++i) {
                if (silent[i]) continue;
                auto block = chains[i]->make_template(slot(i), at(now));
                if (!block) continue;
                const Bytes bytes = test::mine(*std::move(block), founders.members[i]);
                for (std::size_t k = 0; k < chains.size(); ++k) {
                    if (silent[k]) continue;
                    const auto outcome = chains[k]->accept_block(bytes, at(now));
                    ASSERT_EQ(outcome.verdict, BlockVerdict::kValid) << outcome.detail;
                    deliver(k, k, duties[k]->on_chain(at(now)));
                }
                ++now;
                return;
            }
        }
        FAIL() << "nobody may mine";
    }
    void submit(std::uint64_t version) {
        submit(test::make_policy_tx(founders.chain_id, founders.members[0], {version}));
    }
    void submit(const Bytes& tx) {
        for (std::size_t i = 0; i < chains.size(); ++i) {
            if (silent[i]) continue;
            ASSERT_TRUE(chains[i]->accept_transaction(tx));
        }
    }

    // Broadcasts of `speaker` reach all, relays all but `heard`, replies `heard`.
    void deliver(std::size_t speaker, std::size_t heard, Actions actions) {
        for (const auto& penalty : actions.penalties) penalties.push_back(penalty);
        for (const auto& text : actions.cosigned) cosigned[speaker].push_back(text);
        for (const auto& message : actions.broadcasts) {
            votes_said += std::holds_alternative<VoteMessage>(message) ? 1 : 0;
            epochs_signed += std::holds_alternative<EpochSignatureMessage>(message) ? 1 : 0;
        }
        if (silent[speaker]) return;
        for (std::size_t k = 0; k < duties.size(); ++k) {
            if (k == speaker) continue;
            for (const auto& message : actions.replies) {
                if (k == heard) hand_over(speaker, k, message);
            }
            for (const auto& message : actions.relays) {
                if (k != heard) hand_over(speaker, k, message);
            }
            for (const auto& message : actions.broadcasts) hand_over(speaker, k, message);
        }
    }
    void hand_over(std::size_t from, std::size_t to, const PeerMessage& message) {
        const auto* vote = std::get_if<VoteMessage>(&message);
        if (vote == nullptr || silent[to]) return;
        deliver(to, from, duties[to]->on_vote(slot(from), vote->vote, at(now)));
    }
    [[nodiscard]] std::vector<std::uint64_t> cosigned_sizes(std::size_t i) {
        std::vector<std::uint64_t> sizes;
        for (const auto& text : cosigned[i]) {
            sizes.push_back(parse_checkpoint_text(parse_note(text)->text)->size);
        }
        return sizes;
    }

    test::TempDir dir;
    Founders founders;
    std::uint32_t now = kGenesisTime + 10;
    std::vector<std::unique_ptr<Chain>> chains;
    std::vector<std::unique_ptr<MemberDuties>> duties;
    std::vector<bool> silent;  // hears and says nothing
    std::map<std::size_t, std::vector<std::string>> cosigned;
    std::vector<Penalty> penalties;
    int votes_said = 0, epochs_signed = 0;  // broadcasts of all, repetitions included
    static constexpr int kManyWrites = 1'000'000;
    int writes_left = kManyWrites;  // of own votes and cosignatures
};

}  // namespace assay::ledger
