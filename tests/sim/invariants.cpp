// What members tell of themselves, and the invariants of docs/simulator.md that it is held to.

#include "host/base/text_encoding.hpp"
#include "ledger/core/checkpoint.hpp"
#include "ledger/core/evidence.hpp"
#include "ledger/core/governance.hpp"
#include "ledger/core/governance_state.hpp"
#include "ledger/core/note.hpp"
#include "tests/sim/final_checks.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

// 2 T by a clock that is as wrong as can be.
constexpr Millis kAheadMax = (2 * kInterval + 60) * kSecond;
constexpr BlockHeight kConfirmed = 6;  // blocks, as is the custom with plain proof of work

std::string name(const BlockId& id) { return to_hex(id.view()).substr(0, 8); }

// V1 and V2, not by the product's word, for their switches may be off.
bool break_a_promise(const VoteLink& a, const VoteLink& b) {
    if (a == b) return false;
    const auto around = [](const VoteLink& outer, const VoteLink& inner) {
        return outer.source.height < inner.source.height &&
               inner.target.height < outer.target.height;
    };
    return a.target.height == b.target.height || around(a, b) || around(b, a);
}

}  // namespace

// --- what members tell ---------------------------------------------------------------------------

void World::note_chain(Node& node) {
    Chain& chain = node.chain();
    if (chain.has_failed()) return;  // it knows nothing any more, and says nothing
    Seen& seen = seen_[node.slot()];
    const ChainTip& tip = chain.tip();
    const bool moved =
        seen.branch.size() != std::size_t{tip.height} + 1 || seen.branch.back() != tip.id;
    if (moved) {
        BlockHeight fork = static_cast<BlockHeight>(
            std::min<std::size_t>(seen.branch.size(), std::size_t{tip.height} + 1));
        while (fork > 0 && chain.id_at(fork - 1) != seen.branch[fork - 1]) --fork;
        const std::size_t depth = seen.branch.size() - fork;
        seen.branch.resize(fork);
        for (BlockHeight height = fork; height <= tip.height; ++height)
            seen.branch.push_back(*chain.id_at(height));
        trace(&node, [&] {
            return "tip " + std::to_string(tip.height) + ' ' + name(tip.id) +
                   (depth > 0 ? " after leaving " + std::to_string(depth) + " blocks" : "");
        });
        if (depth > 0) note_reorganisation(node, depth, fork);
        if (node.is_honest() && options_.finality) check_diversity(node, fork);
    }
    if (chain.final_block() != seen.final) note_final(node);
    if (node.is_honest() && !chain.conflict().empty()) fail_run("I1: " + chain.conflict());
}

void World::note_reorganisation(Node& node, std::size_t depth, BlockHeight fork) {
    if (!node.is_honest()) return;
    ++summary_.reorganisations;
    summary_.deepest_reorganisation =
        std::max<std::uint64_t>(summary_.deepest_reorganisation, depth);
    if (depth >= kConfirmed) summary_.confirmed_reverted += depth - kConfirmed + 1;
    if (fork <= seen_[node.slot()].final.height && seen_[node.slot()].final.height > 0) {
        fail_run("I2: m" + std::to_string(node.slot()) + " left its final block " +
                 std::to_string(seen_[node.slot()].final.height));
    }
}

// I4. Of s blocks in a row no two are by one member.
void World::check_diversity(Node& node, BlockHeight from) {
    const Chain& chain = node.chain();
    const std::size_t window_max = size() / 2 + 1;
    const BlockHeight first = from > window_max ? from - static_cast<BlockHeight>(window_max) : 1;
    const auto before = chain.id_at(first - 1);
    const BlockId start[] = {before.value_or(BlockId{})};
    const auto headers = chain.headers_after(start, chain.tip().height);
    for (std::size_t i = 0; i < headers.size(); ++i) {
        const BlockId id = headers[i].id();
        if (!diverse_.insert(id).second) continue;
        const auto block = chain.vote_target(id);
        const std::size_t window = block ? block->voters->diversity_window() : 1;
        for (std::size_t k = i - std::min<std::size_t>(i, window - 1); k < i; ++k) {
            if (headers[k].header.slot() != headers[i].header.slot()) continue;
            fail_run("I4: m" + std::to_string(headers[i].header.slot()) +
                     " sealed two of s blocks in a row");
        }
    }
}

void World::note_final(Node& node) {
    const Chain& chain = node.chain();
    Seen& seen = seen_[node.slot()];
    const ChainPoint final = chain.final_block();
    if (final.height < seen.final.height) {
        return fail_run("I2: the final block of m" + std::to_string(node.slot()) +
                        " went back to " + std::to_string(final.height));
    }
    seen.final = final;
    if (!node.is_honest()) return;
    trace(&node, [&] { return "final " + std::to_string(final.height) + ' ' + name(final.id); });
    for (BlockHeight height = seen.counted_final + 1; height <= final.height; ++height) {
        const auto id = chain.id_at(height);
        if (!id || (height == final.height && *id != final.id)) {
            return fail_run("I2: m" + std::to_string(node.slot()) +
                            " is not on the branch of its final block " + std::to_string(height));
        }
        count_final(node, height);
    }
    seen.counted_final = final.height;
    if (!is_consortium() || final_.recalled().empty()) return;
    if (auto wrong = recalled_but_offered(*this, node)) fail_run("I11: " + *wrong);
}

// I1 and M1: the same block, of the same epoch, for all; the first to have it decides what it says.
void World::count_final(Node& node, BlockHeight height) {
    const std::string who = "m" + std::to_string(node.slot());
    const BlockId id = *node.chain().id_at(height);
    if (height > final_.height()) {
        if (auto wrong = final_.add(id, node.chain().block(id).value())) return fail_run(*wrong);
        check_new_final(node.chain().block(id).value());
    }
    const FinalBlock& block = final_.at(height);
    if (block.id != id) {
        return fail_run("I1: " + who + " has another final block " + std::to_string(height) +
                        " than others");
    }
    const auto target = node.chain().vote_target(id);
    if (!target || target->voters->record_hash() != block.epoch) {
        return fail_run("M1: " + who + " has final block " + std::to_string(height) +
                        " in another epoch than others");
    }
    for (const TxId& tx : block.txs) {
        const auto pending = pending_.find(tx);
        if (pending == pending_.end()) continue;
        pending->second.final_at.insert(node.slot());
        if (!is_final_everywhere(pending->second)) continue;
        ++summary_.final_transactions;
        (pending->second.calm ? summary_.calm_finality : summary_.faulty_finality)
            .push_back(queue_.now() - pending->second.submitted);
        pending_.erase(pending);
    }
}

// What only the world can judge of a final block: its time, and whom it accuses.
void World::check_new_final(const Bytes& bytes) {
    const auto block = decode_block(bytes);
    const Millis time = (std::int64_t{block->header().time} - kGenesisTime) * kSecond;
    if (time > queue_.now() + kAheadMax) fail_run("H5: a final block is of the future");
    for (std::size_t i = 1; i < block->txs.size(); ++i) {
        const auto tx = decode_transaction(block->txs[i]);
        if (tx->body.type != TxType::kEvidence) continue;
        const auto evidence = decode_evidence(tx->body.body);
        const Vote& vote = evidence->first;
        const Node& accused = node(vote.slot);
        if (!accused.is_honest() || accused.may_contradict()) continue;
        // With a key that it has replaced, others can lie in its name.
        const EpochMember* member = final_.find_member(final_.epoch(), vote.slot);
        const bool signed_now =
            member != nullptr && verify_vote(vote, founders_.chain_id, member->vote);
        if (signed_now) fail_run("E3: m" + std::to_string(vote.slot) + " is accused wrongly");
    }
}

bool World::counts(const Node& node) const {
    return node.is_honest() && node.is_up() && !has_left(node.slot());
}

// Whoever left in the meantime need not have it.
bool World::is_final_everywhere(const Pending& pending) const {
    return std::ranges::all_of(nodes_, [&](const auto& node) {
        return !node->is_honest() || has_left(node->slot()) ||
               pending.final_at.contains(node->slot());
    });
}

// I3: no honest member contradicts a vote of its own, but for one that lost its record of them.
void World::note_vote(Node& node, const Vote& vote) {
    if (vote.slot != node.slot() || !node.is_honest()) return;
    auto& votes = seen_[node.slot()].votes;
    for (const Vote& other : votes) {
        if (other.link == vote.link) return;
        if (!break_a_promise(other.link, vote.link)) continue;
        if (!node.may_contradict()) {
            return fail_run("I3: m" + std::to_string(node.slot()) + " contradicts itself");
        }
        ++summary_.forgetful_votes;
    }
    votes.push_back(vote);
}

// I3: one record for each epoch.
void World::note_epoch_signature(Node& node, const EpochSignatureMessage& message) {
    if (message.signature.slot != node.slot() || !node.is_honest() || node.may_contradict()) {
        return;
    }
    const auto due = due_epoch(node.chain().state());
    if (!due || hash_of(due->record) != message.record_hash) return;  // of an earlier state
    const auto [known, is_new] =
        seen_[node.slot()].epochs.emplace(due->record.epoch, message.record_hash);
    if (known->second == message.record_hash) return;
    fail_run("I3: m" + std::to_string(node.slot()) + " signs two records of one epoch");
}

// I3: one log root for each size.
void World::note_checkpoint(Node& node, const std::string& text) {
    if (!node.is_honest()) return;
    const auto note = parse_note(text);
    const auto checkpoint = note ? parse_checkpoint_text(note->text) : fail(Refusal::kMalformed, "");
    if (!checkpoint) return fail_run("m" + std::to_string(node.slot()) + " cosigns no checkpoint");
    const auto [known, is_new] =
        seen_[node.slot()].cosigned.emplace(checkpoint->size, checkpoint->root);
    if (known->second == checkpoint->root) return;
    fail_run("I3: m" + std::to_string(node.slot()) + " cosigns two logs of one size");
}

void World::note_wiped(Node& node) {
    Seen& seen = seen_[node.slot()];
    seen.branch.clear();
    seen.final = {};
    seen.counted_final = 0;
    std::erase_if(pending_, [&](const auto& entry) {
        return entry.second.by == node.slot() && entry.second.final_at.empty();
    });
}

void World::note_mined(Node& node, const BlockOutcome& outcome) {
    if (!node.is_honest() || node.disk().crashed() || node.disk().full()) return;
    if (outcome.verdict != BlockVerdict::kValid) {
        return fail_run("m" + std::to_string(node.slot()) + " mined a block that is " +
                        std::string(to_string(outcome.verdict)) + ": " + outcome.detail);
    }
    ++summary_.blocks;
    trace(&node, [&] { return "mines " + name(outcome.id); });
}

void World::note_penalty(Node& node, const Penalty& penalty) {
    trace(&node, [&] {
        return "blames m" + std::to_string(penalty.slot) + " by " + std::to_string(penalty.score) +
               ": " + penalty.reason;
    });
    const bool innocent = penalty.slot != node.slot() && nodes_[penalty.slot]->is_honest();
    if (node.is_honest() && innocent && penalty.score >= kPenaltyMalformed) {
        fail_run("I9: m" + std::to_string(node.slot()) + " blames the honest m" +
                 std::to_string(penalty.slot) + ": " + penalty.reason);
    }
}

void World::note_discouraged(Node& node, const Penalty& penalty) {
    if (!node.is_honest()) return;
    ++summary_.discouraged;
    if (nodes_[penalty.slot]->is_honest()) {
        fail_run("I9: m" + std::to_string(node.slot()) + " cuts off the honest m" +
                 std::to_string(penalty.slot) + ": " + penalty.reason);
    }
}

void World::note_lie(Node& node, const std::string& kind, const std::string& detail) {
    ++summary_.lies[kind];
    trace(&node, [&] { return "lies: " + kind + ' ' + detail; });
}

// --- invariants ----------------------------------------------------------------------------------

// I9: what a member keeps of others is bounded.
void World::check_bounds(Node& node) {
    if (!node.is_up()) return;
    for (std::size_t peer = 0; peer < size(); ++peer) {
        if (node.sync().waiting().count(static_cast<Slot>(peer)) > kWaitingBlocksMax) {
            fail_run("I9: more waiting blocks than allowed");
        }
    }
    if (node.duties() != nullptr &&
        node.duties()->votes().size() > size() * kVoteHeightsOfSlotMax * kVotesAtHeightMax) {
        fail_run("I9: more votes than allowed");
    }
}

// I10: within 40 T of healing, all that was accepted before is final everywhere, and so is every
// change of members that was final then.
void World::check_live() {
    const std::string late = ", " + std::to_string((end_ - healing_) / kSecond) + " s after healing";
    for (const auto& [id, pending] : pending_) {
        if (pending.submitted > healing_ || is_final_everywhere(pending)) continue;
        if (pending.final_at.empty() && is_excused(pending)) continue;
        return fail_run("I10: transaction " + to_hex(id.view()).substr(0, 8) + " is final at " +
                        std::to_string(pending.final_at.size()) + " members only" + late);
    }
    for (const auto& node : nodes_) {
        if (!counts(*node)) continue;
        const std::string who = "I10: m" + std::to_string(node->slot());
        if (node->chain().final_block().height < healed_at_) {
            return fail_run(who + " lacks what was final before healing" + late);
        }
        for (const PendingChange& change : pending_changes(node->chain().state())) {
            if (change.order >= healed_log_size_) break;
            return fail_run(who + " still waits for an epoch" + late);
        }
    }
}

// What members change rules out what others wrote before: then the rules say so now.
bool World::is_excused(const Pending& pending) {
    const auto node = std::ranges::find_if(nodes_, [&](const auto& each) { return counts(*each); });
    if (node == nodes_.end()) return true;
    const auto tx = decode_transaction(pending.bytes);
    const auto accepted = (*node)->chain().accept_transaction(pending.bytes);
    if (is_governance(tx->body.type)) {
        return accepted || !accepted.error().is(Refusal::kDuplicateTransaction);
    }
    if (accepted) return false;
    return accepted.error().is(Refusal::kSignerUnknown) ||
           accepted.error().is(Refusal::kSignerNotPermitted) ||
           accepted.error().is(Refusal::kKeyRevoked) ||
           accepted.error().is(Refusal::kBatchOutOfOrder);  // signed anew with another key: I12 looks
}

// What is too dear to look at all the time.
void World::check_end(Node& node) {
    for (const auto& wrong : {check_log(node.chain(), node.disk()),
                              check_replay(node.chain(), node.disk(), founders_),
                              check_difficulty(node.chain())}) {
        if (wrong) fail_run("m" + std::to_string(node.slot()) + ": " + *wrong);
    }
    if (is_consortium()) return;
    if (auto wrong = gateways_.check(node, healing_)) fail_run(*wrong);
}

void World::fail_run(const std::string& what) {
    if (failed_) return;
    failed_ = true;
    trace(nullptr, [&] { return "FAILED: " + what; });
    Failure failure;
    failure.seed = seed_;
    failure.what = what + " (at " + std::to_string(queue_.now() / kSecond) + " s, " +
                   std::to_string(size()) + " members)";
    summary_.failures.push_back(std::move(failure));
}

}  // namespace assay::sim
