// Mines blocks for tests, by trying nonces on the CPU against the easiest target. Chains live in
// folders of their own; time is a number that the test moves. Link assay_ledger_chain.

#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "ledger/chain/chain.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/core/pow.hpp"
#include "tests/support/members.hpp"

namespace assay::test {

inline Timestamp at(std::uint32_t seconds) { return Timestamp{std::chrono::seconds{seconds}}; }

inline void grind(ledger::BlockHeader& header) {
    const auto target = ledger::expand_target(header.bits);
    ASSERT_TRUE(target.has_value());
    while (!ledger::meets_target(header.id(), *target)) ++header.nonce;
}

inline Bytes mine(ledger::BlockTemplate block, const TestMember& by) {
    grind(block.header);
    auto bytes = ledger::seal_block(block, by.seal);
    EXPECT_TRUE(bytes.has_value());
    return bytes.value_or(Bytes{});
}

struct Founders {
    std::vector<TestMember> members;
    ledger::Genesis genesis;
    Bytes genesis_bytes;
    ledger::ChainId chain_id;

    explicit Founders(std::size_t count) : members{make_members(count)} {
        genesis = make_genesis(members);
        seal_genesis();
    }
    // After a change to `genesis`.
    void seal_genesis() {
        genesis_bytes = ledger::encode_genesis(genesis);
        chain_id = ledger::chain_id_of(genesis_bytes);
    }

    [[nodiscard]] std::unique_ptr<ledger::Chain> open(const std::filesystem::path& dir,
                                                      ledger::ChainOptions options = {}) const {
        auto chain = ledger::Chain::open(dir, genesis_bytes, ledger::consortium_rules(), options);
        EXPECT_TRUE(chain.has_value()) << chain.error().to_string();
        return chain ? *std::move(chain) : nullptr;
    }

    // Adds a block by the first member that may, at the earliest time at which there is one from
    // `now` on; moves `now` to it. Returns the block, empty if none comes within a day.
    Bytes extend(ledger::Chain& chain, std::uint32_t& now) const {
        for (std::uint32_t end = now + 86'400; now <= end; ++now) {
            for (const TestMember& member : members) {
                auto block = chain.make_template(member.entry.slot, at(now));
                if (!block) continue;
                Bytes bytes = mine(*std::move(block), member);
                const auto outcome = chain.accept_block(bytes, at(now));
                EXPECT_EQ(outcome.verdict, ledger::BlockVerdict::kValid)
                    << to_string(outcome.verdict) << ": " << outcome.detail;
                return bytes;
            }
        }
        return {};
    }

    // The votes of the first `voters` members for a stored block.
    [[nodiscard]] ledger::Certificate certificate_for(const ledger::Chain& chain,
                                                      const ledger::BlockId& id,
                                                      std::size_t voters) const {
        const auto target = chain.vote_target(id).value();
        ledger::Certificate certificate;
        certificate.link = {target.chain_justified, target.point};
        for (std::size_t i = 0; i < voters; ++i) {
            ledger::Vote vote;
            vote.epoch = target.voters->number();
            vote.slot = members[i].entry.slot;
            vote.link = certificate.link;
            vote = ledger::sign_vote(vote, chain_id, members[i].vote).value();
            certificate.votes.push_back({vote.slot, vote.signature});
        }
        return certificate;
    }

    // extend(), and then all members vote for the block.
    Bytes extend_and_vote(ledger::Chain& chain, std::uint32_t& now) const {
        Bytes block = extend(chain, now);
        if (block.empty()) return block;
        const auto certificate = certificate_for(chain, chain.tip().id, members.size());
        EXPECT_EQ(chain.accept_certificate(certificate).verdict,
                  ledger::CertificateOutcome::Verdict::kNew);
        return block;
    }
};

}  // namespace assay::test
