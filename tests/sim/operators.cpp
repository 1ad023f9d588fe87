#include "tests/sim/operators.hpp"

#include <algorithm>

#include "tests/sim/world.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr double kMeanGap = 60 * kSecond;
constexpr double kApproves = 1.0 / 15;  // a second
constexpr double kRestarts = 1.0 / 10;  // a second, once a key is to be replaced
constexpr double kResumes = 1.0 / 60;   // a second
constexpr Millis kApproveAgain = 3 * kMinute;
constexpr BlockHeight kProposalBlocks = 2'000;

}  // namespace

Operators::Operators(World& world, Random random, Millis until)
    : world_{world}, random_{random}, until_{until} {}

void Operators::tick() {
    const Millis now = world_.queue().now();
    note_shrunk();
    seat_newcomers();
    for (std::size_t i = 0; i < world_.size(); ++i) {
        Node& node = world_.node(i);
        if (!node.is_up() || node.chain().has_failed()) continue;
        if (node.is_busy()) continue;
        if (node.is_honest()) {
            carry_bundle_to(node);
            approve_some(node);
        }
        if (node.is_honest() && node.chain().conflict().empty() &&
            node.duties()->status().voting == VotingState::kOff && random_.chance(kResumes)) {
            world_.trace(&node, [] { return std::string("resumes voting"); });
            node.resume_voting();
        }
        if (node.lacks_new_keys() && !left_key_behind_.contains(node.slot()) &&
            random_.chance(kRestarts)) {
            if (!node.is_honest() && random_.chance(0.5)) {
                left_key_behind_.insert(node.slot());
                continue;
            }
            world_.trace(&node, [] { return std::string("restarts with new keys"); });
            world_.crash(node, static_cast<Millis>(random_.between(kSecond, 5 * kSecond)));
        }
    }
    if (now < next_deed_ || now >= until_) return;
    if (next_deed_ != 0) do_something();
    next_deed_ = now + 1 + static_cast<Millis>(random_.exponential(kMeanGap));
}

void Operators::do_something() {
    static constexpr Deed kDeeds[] = {
        Deed::kRotate,     Deed::kRotate,  Deed::kRotate,   Deed::kAdd,    Deed::kAdd,
        Deed::kRemove,     Deed::kRemove,  Deed::kDropNode, Deed::kRegainNode,
        Deed::kRegainNode, Deed::kRecover, Deed::kSetParam, Deed::kRevoke,
    };
    const Deed deed = kDeeds[random_.below(std::size(kDeeds))];
    Node& node = world_.node(random_.below(world_.size()));
    switch (deed) {
        case Deed::kRotate:
            return (void)rotate(node, static_cast<KeyPurpose>(1 + random_.below(6)));
        case Deed::kAdd:
            return (void)add();
        case Deed::kRemove:
            return (void)shrink(node, true);
        case Deed::kDropNode:
            return (void)shrink(node, false);
        case Deed::kRegainNode:
            return (void)regain(node);
        case Deed::kRecover:
            return (void)recover(node);
        case Deed::kSetParam:
            return (void)set_param();
        case Deed::kRevoke:
            return (void)revoke(node);
    }
}

// --- deeds ---------------------------------------------------------------------------------------

bool Operators::rotate(Node& node, KeyPurpose purpose) {
    if (!node.is_up() || entry_of(node) == nullptr) return false;
    RegistryChange change;
    change.kind = ChangeKind::kRotateKey;
    change.slot = node.slot();
    change.purpose = purpose;
    std::size_t& count = replaced_[{node.slot(), purpose}];
    if (count + 1 >= kKeySets) return false;
    const test::ConsortiumMember& next = node.organisation().sets[count + 1];
    if (purpose == KeyPurpose::kTls) {
        change.tls_spki = next.member.tls_spki;
    } else {
        const crypto::PrivateKey* const keys[] = {&next.tx,   &next.seal,   &next.vote,
                                                  &next.cosign, &next.log};
        const auto which = static_cast<std::size_t>(purpose) - 1;
        if (!sign_rotation(change, world_.founders().chain_id, *keys[which])) return false;
    }
    const Bytes tx = node.make_transaction(TxType::kRotateKey, encode_change(change),
                                           rotation_subject(change), node.root_key());
    if (!world_.hand_in(node, tx)) return false;
    ++count;
    return true;
}

bool Operators::add() {
    const Founders& founders = world_.founders();
    if (invited_ >= kNewcomersMax) return false;
    const Organisation& newcomer = founders.everyone[founders.count + invited_];
    const test::ConsortiumMember& keys = newcomer.sets.front();
    Member member = keys.member;
    member.slot = 0;
    RegistryChange change;
    change.kind = ChangeKind::kAddMember;
    change.card = make_member_card(member, keys.root).value();
    if (!propose(std::move(change))) return false;
    ++invited_;
    return true;
}

bool Operators::shrink(Node& node, bool leaves) {
    if (!may_shrink(node)) return false;
    RegistryChange change;
    change.kind = leaves ? ChangeKind::kRemove : ChangeKind::kSetRoles;
    change.slot = node.slot();
    if (!leaves) change.roles = kRolesAll & ~static_cast<std::uint32_t>(Role::kNode);
    if (!propose(std::move(change))) return false;
    shrinking_ = Shrinking{node.slot(), leaves};
    return true;
}

bool Operators::regain(Node& node) {
    if (!dropped_.contains(node.slot())) return false;
    RegistryChange change;
    change.kind = ChangeKind::kSetRoles;
    change.slot = node.slot();
    change.roles = kRolesAll;
    if (!propose(std::move(change))) return false;
    dropped_.erase(node.slot());
    return true;
}

bool Operators::recover(Node& node) {
    std::size_t& count = recovered_[node.slot()];
    if (count + 1 >= kKeySets || world_.has_left(node.slot())) return false;
    RegistryChange change;
    change.kind = ChangeKind::kRecoverKey;
    change.slot = node.slot();
    change.key = node.organisation().sets[count + 1].member.root;
    if (!propose(std::move(change))) return false;
    ++count;
    return true;
}

bool Operators::set_param() {
    RegistryChange change;
    change.kind = ChangeKind::kSetParam;
    change.param = random_.chance(0.5) ? ChangeableParam::kStatusPeriod
                                       : ChangeableParam::kEvidenceBlocksMax;
    change.value = 5'000 + random_.below(5'000);
    return propose(std::move(change));
}

// The tx key before the present one.
bool Operators::revoke(Node& node) {
    const std::size_t count = replaced_[{node.slot(), KeyPurpose::kTx}];
    if (count == 0) return rotate(node, KeyPurpose::kTx);
    if (!node.is_up() || entry_of(node) == nullptr) return false;
    KeyRevocation revocation;
    revocation.key = crypto::key_id(node.organisation().sets[count - 1].member.tx);
    if (random_.chance(0.5)) revocation.compromised_since = node.chain().tip().log_size;
    const Bytes tx = node.make_transaction(TxType::kRevokeKey, encode_revocation(revocation),
                                           subject_of(revocation), node.root_key());
    return world_.hand_in(node, tx);
}

bool Operators::propose(RegistryChange change) {
    Node* by = any_running();
    if (by == nullptr || entry_of(*by) == nullptr) return false;
    const Proposal proposal{std::move(change), by->chain().tip().height + kProposalBlocks};
    const Bytes tx = by->make_transaction(TxType::kPropose, encode_proposal(proposal),
                                          subject_of(proposal), by->root_key());
    proposed_.insert(crypto::leaf_hash(tx));
    return world_.hand_in(*by, tx);
}

void Operators::approve_some(Node& node) {
    if (!random_.chance(kApproves) || node.chain().registry().find_node(node.slot()) == nullptr) {
        return;
    }
    const Millis now = world_.queue().now();
    for (const ProposalEntry& entry : all_proposals(node.chain().state())) {
        if (!proposed_.contains(entry.leaf) ||
            std::ranges::binary_search(entry.approvals, node.slot())) {
            continue;
        }
        const auto [known, is_new] = approved_.try_emplace({node.slot(), entry.leaf}, now);
        if (!is_new && now < known->second + kApproveAgain) continue;  // on its way
        known->second = now;
        const Bytes tx = node.make_transaction(TxType::kApprove, encode_approval(entry.leaf),
                                               approval_subject(entry.leaf), node.root_key());
        (void)world_.hand_in(node, tx);
    }
}

// --- what became of them -------------------------------------------------------------------------

// Whoever joined starts a node that knows nothing but the genesis: at once, for the others may need
// its votes. Which slot it has is certain, for nobody signs an epoch whose change is not final.
void Operators::seat_newcomers() {
    Node* known_to = any_running();
    if (known_to == nullptr) return;
    for (const Member& member : known_to->chain().registry().members()) {
        if (member.slot < world_.size()) continue;
        const auto& everyone = world_.founders().everyone;
        const auto who = std::ranges::find(everyone, member.name, &Organisation::name);
        world_.seat(*who, static_cast<Millis>(random_.between(kSecond, kMinute)));
    }
}

// Who knows nobody any more that is still a member can authenticate nobody: a newcomer, or one that
// was down for long, when all that it knew have left. The network cannot help it.
void Operators::carry_bundle_to(Node& node) {
    const auto is_there = [&](const Member& member) {
        return member.slot != node.slot() && member.is_active() && !world_.has_left(member.slot);
    };
    if (std::ranges::any_of(node.chain().registry().members(), is_there)) return;
    Node* const other = any_running();
    if (other == nullptr || other == &node || other->chain().tip().height <= node.chain().tip().height) {
        return;
    }
    world_.trace(&node, [] { return std::string("reads a bundle"); });
    node.read_bundle_of(*other);
}

void Operators::note_shrunk() {
    if (!shrinking_ || is_node(shrinking_->slot)) return;
    if (shrinking_->leaves) {
        world_.note_left(shrinking_->slot);
    } else {
        dropped_.insert(shrinking_->slot);
    }
    shrinking_.reset();
}

bool Operators::is_node(Slot slot) const {
    const auto& members = world_.final_ledger().epoch().members;
    return std::ranges::find(members, slot, &EpochMember::slot) != members.end();
}

bool Operators::may_shrink(const Node& node) const {
    if (shrinking_ || !is_node(node.slot())) return false;
    const auto& members = world_.final_ledger().epoch().members;
    if (members.size() < 2) return false;
    const auto liars = static_cast<std::size_t>(
        std::ranges::count_if(members, [&](const EpochMember& member) {
            return member.slot != node.slot() && member.slot < world_.size() &&
                   (!world_.node(member.slot).is_honest() || world_.node(member.slot).forgot());
        }));
    return liars <= (members.size() - 2) / 3;
}

Node* Operators::any_running() {
    std::vector<Node*> running;
    for (std::size_t i = 0; i < world_.size(); ++i) {
        Node& node = world_.node(i);
        if (node.is_up() && node.is_honest() && !node.chain().has_failed() &&
            !world_.has_left(node.slot())) {
            running.push_back(&node);
        }
    }
    return running.empty() ? nullptr : running[random_.below(running.size())];
}

const Member* Operators::entry_of(Node& node) {
    const Member* entry = node.chain().registry().find(node.slot());
    return entry != nullptr && entry->is_active() ? entry : nullptr;
}

}  // namespace assay::sim
