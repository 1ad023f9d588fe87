#include "ledger/node/member_duties.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace assay::ledger {
namespace {

// An own vote is worth saying again while it can still help.
constexpr std::size_t kVotesSaidAgainMax = 8;

}  // namespace

Result<std::unique_ptr<MemberDuties>> MemberDuties::open(Chain& chain,
                                                         const DutyKeys& keys,
                                                         DutyStores stores) {
    auto voter = Voter::open(std::move(stores.safety), chain.chain_id(), keys.slot,
                             keys.vote->public_key(), chain.tip().height == 0);
    if (!voter) return fail(std::move(voter).error());
    auto cosigner = Cosigner::open(std::move(stores.cosigned), chain, keys.name, *keys.log,
                                   *keys.cosign);
    if (!cosigner) return fail(std::move(cosigner).error());
    std::unique_ptr<MemberDuties> duties(
        new MemberDuties(chain, keys, std::move(*voter), std::move(*cosigner)));
    for (const Vote& own : duties->voter_.votes()) (void)duties->pool_.add(own);
    if (auto looked = duties->look_at_key(); !looked) return fail(std::move(looked).error());
    Actions nobody_listens_yet;
    duties->hear_certificates(nobody_listens_yet);
    return duties;
}

MemberDuties::MemberDuties(Chain& chain, const DutyKeys& keys, Voter voter, Cosigner cosigner)
    : chain_{chain},
      keys_{keys},
      voter_{std::move(voter)},
      cosigner_{std::move(cosigner)},
      epoch_signer_{chain, keys.slot, keys.name, *keys.cosign, *keys.tx} {}

Actions MemberDuties::on_chain(Timestamp now) {
    Actions actions;
    std::erase_if(targets_, [](const auto& known) { return !known.second; });
    hear_early(now, actions);
    work(now, actions);
    return actions;
}

Actions MemberDuties::on_vote(Slot from, const Vote& vote, Timestamp now) {
    Actions actions;
    take_vote(from, vote, now, actions);
    return actions;
}

void MemberDuties::take_vote(Slot from, const Vote& vote, Timestamp now, Actions& actions) {
    look_at_final();
    // One of an epoch that is over for good can count no more, and its key may be out in the world:
    // it must not stand in the way of its former owner's.
    if (vote.link.target.height <= chain_.final_block().height || vote.epoch < final_epoch_ ||
        pool_.contains(vote)) {
        return;
    }
    if (++checked_[from] > kVotesOfPeerPerTickMax) return;
    // Our own is known by our key: who lost its disk hears what it voted before it has the epochs.
    note(look_at_key());
    const bool own = is_own(vote);
    const auto epochs = chain_.epochs(vote.epoch);
    if (epochs.empty() && !own) return keep_early(from, vote);  // a later one than we have seen
    const auto is_signed = [&](const auto& epoch) {
        const EpochNode* node = epoch->find_node(vote.slot);
        return node != nullptr && verify_vote(vote, chain_.chain_id(), node->vote);
    };
    if (!own && std::ranges::none_of(epochs, is_signed)) {
        actions.penalties.push_back(Penalty{from, kPenaltyInvalid, "vote with a bad signature"});
        return;
    }
    if (own) note(voter_.on_own_vote(vote));
    if (!hear(vote, actions)) {
        // Who relays what a liar signed is not to blame for it.
        if (vote.slot == from) {
            actions.penalties.push_back(
                Penalty{from, kPenaltyUnasked, "more votes at one height than two"});
        }
        return;
    }
    if (std::exchange(taken_at_, now) != now) taken_.clear();
    if (++taken_[vote.slot] > kVotesOfSlotPerSecondMax) {
        if (vote.slot == from) {
            actions.penalties.push_back(
                Penalty{from, kPenaltyUnasked, "more votes in a second than there are blocks"});
        }
        return;
    }
    actions.relays.emplace_back(VoteMessage{vote});
    work(now, actions);
}

// It may even be our own, by the key that the ledger will name next.
void MemberDuties::keep_early(Slot from, const Vote& vote) {
    std::deque<Vote>& votes = early_[from];
    if (std::ranges::find(votes, vote) != votes.end()) return;
    votes.push_back(vote);
    if (votes.size() > kEarlyVotesOfPeerMax) votes.pop_front();
}

void MemberDuties::hear_early(Timestamp now, Actions& actions) {
    if (early_.empty()) return;
    look_at_final();
    std::map<std::uint32_t, bool> is_known;
    std::vector<std::pair<Slot, Vote>> due;
    for (auto& [from, votes] : early_) {
        std::erase_if(votes, [&, slot = from](const Vote& vote) {
            const auto [epoch, is_new] = is_known.try_emplace(vote.epoch);
            if (is_new) epoch->second = !chain_.epochs(vote.epoch).empty();
            if (epoch->second) due.emplace_back(slot, vote);
            return epoch->second || vote.link.target.height <= chain_.final_block().height;
        });
    }
    std::erase_if(early_, [](const auto& of_peer) { return of_peer.second.empty(); });
    for (const auto& [from, vote] : due) take_vote(from, vote, now, actions);
}

Actions MemberDuties::on_epoch_signature(const EpochSignatureMessage& message) {
    Actions actions;
    epoch_signer_.on_signature(message, actions);
    note(epoch_signer_.work(voter_, actions));
    return actions;
}

Result<Actions> MemberDuties::add_epoch_signature(const EpochSignature& signature) {
    Actions actions;
    if (auto added = epoch_signer_.add(signature, actions); !added) {
        return fail(std::move(added).error());
    }
    note(epoch_signer_.work(voter_, actions));
    return actions;
}

Actions MemberDuties::on_greeted(Slot peer, Timestamp now) {
    Actions actions;
    for (const Vote& vote : pool_.newest_of_each(kVoteHeightsToPeer)) {
        actions.replies.emplace_back(VoteMessage{vote});
    }
    for (PeerMessage& message : epoch_signer_.messages()) {
        actions.replies.push_back(std::move(message));
    }
    if (cosigner_.latest()) actions.replies.emplace_back(CheckpointMessage{*cosigner_.latest()});
    greeted_.insert(peer);
    end_silence(now);
    return actions;
}

Actions MemberDuties::on_tick(Timestamp now) {
    Actions actions;
    checked_.clear();
    end_silence(now);
    work(now, actions);
    vote_for_tip(actions);
    cosign(now, actions);
    if (said_ && now < *said_ + kVoteAgain) return actions;
    said_ = now;
    charge_again(actions);
    for (PeerMessage& message : epoch_signer_.messages()) {
        actions.broadcasts.push_back(std::move(message));
    }
    const auto& own = voter_.votes();
    std::size_t count = 0;
    for (auto vote = own.rbegin(); vote != own.rend() && count < kVotesSaidAgainMax; ++vote) {
        if (vote->link.target.height <= chain_.final_block().height) break;
        if (certified_.contains(vote->link.target)) continue;
        actions.broadcasts.emplace_back(VoteMessage{*vote});
        ++count;
    }
    return actions;
}

// A member that has started hears first what a quorum knows of its votes: its record may be new
// because the disk is, or old together with the ledger because both were restored. It waits until
// its ledger has caught up: in earlier epochs a quorum may have been fewer.
void MemberDuties::end_silence(Timestamp now) {
    if (!listens_) return;
    const Epoch& epoch = chain_.epoch();
    if (epoch.find_node(keys_.slot) == nullptr) return;  // not yet, or not here yet
    const std::chrono::seconds fresh{2 * std::int64_t{chain_.genesis().params.heartbeat_s}};
    if (Timestamp{std::chrono::seconds{chain_.tip().time}} + fresh < now) return;
    const auto others = std::ranges::count_if(greeted_, [&](Slot slot) {
        return slot != keys_.slot && epoch.find_node(slot) != nullptr;
    });
    if (static_cast<std::size_t>(others) + 1 < epoch.quorum()) {
        quorum_greeted_.reset();  // there are more nodes now than when it was set
        return;
    }
    if (!quorum_greeted_) quorum_greeted_ = now;
    const bool alone = epoch.quorum() == 1;
    if (!alone && now < *quorum_greeted_ + kVoteAfterGreetings) return;
    const auto begun = voter_.begin();
    listens_ = !begun.has_value();
    note(begun);
}

void MemberDuties::work(Timestamp now, Actions& actions) {
    note(look_at_key());
    end_silence(now);
    hear_certificates(actions);
    certify(actions);
    // While it catches up, votes for old blocks help nobody: on_tick sees where it ends.
    const ChainParams& params = chain_.genesis().params;
    const std::chrono::seconds recent{std::int64_t{params.backoff_intervals} *
                                      params.target_interval_s};
    if (Timestamp{std::chrono::seconds{chain_.tip().time}} + recent >= now) {
        vote_for_tip(actions);
        cosign(now, actions);
    }
    note(epoch_signer_.work(voter_, actions));
    look_at_final();
    const BlockHeight final_height = chain_.final_block().height;
    pool_.prune(final_height, final_epoch_);
    std::erase_if(certified_,
                  [&](const ChainPoint& target) { return target.height <= final_height; });
    std::erase_if(targets_, [&](const auto& known) { return known.first.height <= final_height; });
}

void MemberDuties::look_at_final() {
    const ChainPoint& final = chain_.final_block();
    if (final_ == final || final.height > chain_.tip().height) return;
    final_ = final;
    if (final.height == chain_.tip().height) {
        final_epoch_ = chain_.epoch().number();
        return;
    }
    const auto child = chain_.id_at(final.height + 1);
    const auto target = child ? chain_.vote_target(*child) : std::nullopt;
    if (target) final_epoch_ = target->voters->number();
}

Result<void> MemberDuties::look_at_key() {
    const crypto::PublicKey& key = keys_.vote->public_key();
    if (voter_.uses(key)) return {};
    std::vector<Vote> heard = pool_.of(keys_.slot);
    for (const auto& [from, votes] : early_) {
        std::ranges::copy_if(votes, std::back_inserter(heard),
                             [this](const Vote& vote) { return vote.slot == keys_.slot; });
    }
    std::erase_if(heard, [&](const Vote& vote) {
        return !verify_vote(vote, chain_.chain_id(), key);
    });
    return voter_.use(key, chain_.final_block().height, heard);
}

bool MemberDuties::is_own(const Vote& vote) const {
    const crypto::PublicKey& key = keys_.vote->public_key();
    return vote.slot == keys_.slot && voter_.uses(key) && verify_vote(vote, chain_.chain_id(), key);
}

// Votes inside certificates count like those that were gossiped.
void MemberDuties::hear_certificates(Actions& actions) {
    auto newest = chain_.newest_certificates();
    if (newest == heard_) return;
    heard_ = std::move(newest);
    for (const Certificate& certificate : heard_) {
        certified_.insert(certificate.link.target);
        const auto target = chain_.vote_target(certificate.link.target.id);
        if (!target) continue;
        for (const CertificateVote& inside : certificate.votes) {
            const Vote vote = vote_of(inside, certificate.link, target->voters->number());
            if (is_own(vote)) note(voter_.on_own_vote(vote));
            (void)hear(vote, actions);
        }
    }
}

// Whether the vote is new and was kept.
bool MemberDuties::hear(const Vote& vote, Actions& actions) {
    const auto outcome = pool_.add(vote);
    if (outcome.contradiction) accuse(*outcome.contradiction, actions);
    return outcome.added == VotePool::Added::kNew;
}

// Puts two votes of one node that contradict each other on record. Every member that hears both
// does so; the first transaction to reach a block makes the others void (rule E6).
void MemberDuties::accuse(const VoteContradiction& votes, Actions& actions) {
    if (votes.first.epoch != votes.second.epoch) return;
    const std::pair<Slot, std::uint32_t> accused(votes.first.slot, votes.first.epoch);
    const auto [entry, is_new] = accused_.try_emplace(accused, Evidence{votes.first, votes.second});
    if (is_new) note(charge(entry->second, actions));
}

// Until the ledger has it: a full mempool, a reorganisation or a transaction that expired may have
// kept it out. Forgotten when nobody may record it any more.
void MemberDuties::charge_again(Actions& actions) {
    for (auto entry = accused_.begin(); entry != accused_.end();) {
        const auto charged = charge(entry->second, actions);
        const bool is_void = !charged && (charged.error().is(Refusal::kEvidenceTooOld) ||
                                          charged.error().is(Refusal::kEvidenceVoid));
        entry = is_void ? accused_.erase(entry) : std::next(entry);
    }
}

Result<void> MemberDuties::charge(const Evidence& evidence, Actions& actions) {
    if (is_recorded(chain_.state(), evidence.first.slot, evidence.first.epoch)) return {};
    const Bytes encoded = encode_evidence(evidence);
    TxBody body;
    body.type = TxType::kEvidence;
    body.chain_id = chain_.chain_id();
    body.slot = keys_.slot;
    body.valid_until = chain_.tip().height + chain_.genesis().params.validity_blocks_max;
    body.body = encoded;
    const crypto::PrivateKey* const keys[] = {keys_.tx};
    const auto tx = sign_transaction(body, {keys_.name, subject_of(evidence), keys});
    if (!tx) return fail(Error(tx.error()));
    const auto accepted = chain_.accept_transaction(*tx);
    if (!accepted) {
        if (accepted.error().is(Refusal::kEvidenceKnown)) return {};  // it waits already
        return fail(Error(accepted.error()));
    }
    Announce news;
    news.items.emplace_back(*accepted);
    actions.broadcasts.emplace_back(std::move(news));
    actions.transaction_added = true;
    return {};
}

// Asked of the chain's store once, not with every vote; of what the chain lacks, after each block
// again.
const VoteTarget* MemberDuties::target_of(const ChainPoint& point) {
    auto known = targets_.find(point);
    if (known == targets_.end()) {
        known = targets_.emplace(point, chain_.vote_target(point.id)).first;
    }
    return known->second && known->second->point == point ? &*known->second : nullptr;
}

void MemberDuties::certify(Actions& actions) {
    for (const ChainPoint& point : pool_.targets_above(chain_.final_block().height)) {
        if (certified_.contains(point)) continue;
        const VoteTarget* const target = target_of(point);
        if (target == nullptr) continue;
        const auto certificate = pool_.certificate_for(*target);
        if (!certificate) continue;
        const auto outcome = chain_.accept_certificate(*certificate);
        if (chain_.has_failed()) return;  // not stored: it is offered again
        certified_.insert(point);
        actions.certificate_added |= outcome.verdict == CertificateOutcome::Verdict::kNew;
        actions.tip_changed |= outcome.tip_changed;
    }
}

void MemberDuties::vote_for_tip(Actions& actions) {
    if (listens_ || chain_.has_failed() || !chain_.conflict().empty()) return;
    const ChainPoint tip{chain_.tip().height, chain_.tip().id};
    const VoteTarget* const target = target_of(tip);
    if (target == nullptr) return;
    auto vote = voter_.vote(*target, chain_.final_block().height, *keys_.vote);
    if (!vote) return note(fail(std::move(vote).error()));
    if (!*vote) return;
    (void)hear(**vote, actions);
    actions.broadcasts.emplace_back(VoteMessage{**vote});
    certify(actions);
}

// A disk that fails in the midst of a reorganisation leaves a tip that lacks the final block.
void MemberDuties::cosign(Timestamp now, Actions& actions) {
    if (chain_.has_failed() || !chain_.conflict().empty()) return;
    const auto& members = chain_.epoch().record().members;
    const auto self = std::ranges::find(members, keys_.slot, &EpochMember::slot);
    if (self == members.end() || self->cosign != keys_.cosign->public_key() ||
        self->log != keys_.log->public_key()) {
        return;  // no node, or its keys are being replaced
    }
    auto notes = cosigner_.sign_due(now);
    if (!notes) return note(fail(std::move(notes).error()));
    for (std::string& text : *notes) {
        actions.broadcasts.emplace_back(CheckpointMessage{text});
        actions.cosigned.push_back(std::move(text));
    }
}

Result<BlockHeight> MemberDuties::resume_voting() {
    if (auto looked = look_at_key(); !looked) return fail(std::move(looked).error());
    BlockHeight floor = chain_.final_block().height + kVoteFloorMargin;
    BlockHeight source_floor = 0;
    for (const Vote& vote : pool_.of(keys_.slot)) {
        floor = std::max(floor, vote.link.target.height);
        source_floor = std::max(source_floor, vote.link.source.height);
    }
    if (auto resumed = voter_.resume(floor, source_floor); !resumed) {
        return fail(std::move(resumed).error());
    }
    return voter_.vote_floor();
}

DutyStatus MemberDuties::status() const {
    DutyStatus status;
    status.voting = voter_.state();
    if (!chain_.conflict().empty()) {
        status.why_not = chain_.conflict();
    } else if (voter_.state() == VotingState::kOff) {
        status.why_not =
            voter_.why_off() +
            ": run `assay member resume`, or replace the key with `assay member rotate "
            "--key vote`";
    } else if (voter_.state() == VotingState::kNew) {
        status.why_not = "the record of own votes is new: waiting for a quorum of the members";
    } else if (listens_) {
        status.why_not = "started a moment ago: listening to a quorum of the members";
    } else if (voter_.vote_floor() > chain_.tip().height) {
        status.why_not = "resumed: votes again above block " + std::to_string(voter_.vote_floor());
    }
    status.vote_floor = voter_.vote_floor();
    if (!voter_.votes().empty()) status.last_vote = voter_.votes().back().link.target.height;
    status.votes_held = pool_.size();
    status.last_error = last_error_;
    return status;
}

void MemberDuties::note(const Result<void>& done) {
    if (!done) last_error_ = done.error().to_string();
}

}  // namespace assay::ledger
