#include "tests/crash/script.hpp"

#include <algorithm>
#include <random>
#include <span>

#include "host/base/assert.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "ledger/core/receipt_batch.hpp"
#include "tests/support/memory_store.hpp"

namespace assay::crash {
namespace {

using namespace ledger;
using test::Founders;

const crypto::KeyId kDevice{};

// So little that most of a short life is pruned, and files go with it.
ChainOptions pruning() {
    ChainOptions options;
    options.keep_blocks = 3;
    options.file_bytes = 4'096;
    return options;
}

std::unique_ptr<Chain> in_memory(const Script& script) {
    return Chain::open(std::make_unique<test::MemoryStore>(), script.founders.genesis_bytes,
                       script.rules())
        .value();
}

// Plays in memory what the script will say, on the member's chain and on a rival's.
class Author {
  public:
    Author(Script& script, unsigned seed)
        : script_{script}, random_{seed}, own_{in_memory(script)}, rival_{in_memory(script)} {}

    void transaction() {
        const Bytes tx = script_.kind == LedgerKind::kGateway ? batch() : policy();
        ASSAY_ASSERT(own_->accept_transaction(tx).has_value());
        ASSAY_ASSERT(rival_->accept_transaction(tx).has_value());
        now_.transactions.push_back(crypto::leaf_hash(tx));
        Step step;
        step.kind = Step::Kind::kTransaction;
        step.bytes = {tx};
        add(std::move(step));
    }
    void block() {
        Step step;
        step.kind = Step::Kind::kBlock;
        step.bytes = {extend(*own_)};
        give(*rival_, step.bytes.front());
        add(std::move(step));
    }
    void finalise() {
        Step vote;
        vote.kind = Step::Kind::kVote;
        now_.voted = own_->tip().height;
        add(std::move(vote));
        Step step;
        step.kind = Step::Kind::kCertificate;
        step.certificate = script_.founders.certificate_for(*own_, own_->tip().id, 1);
        for (Chain* chain : {own_.get(), rival_.get()})
            ASSAY_ASSERT(chain->accept_certificate(*step.certificate).verdict ==
                         CertificateOutcome::Verdict::kNew);
        add(std::move(step));
    }
    // One block of ours, then the rival's two of the same parent.
    void reorganisation() {
        Step ours;
        ours.kind = Step::Kind::kBlock;
        ours.bytes = {extend(*own_)};
        add(std::move(ours));
        for (int i = 0; i < 2; ++i) {
            Step theirs;
            theirs.kind = Step::Kind::kBlock;
            theirs.bytes = {extend(*rival_)};
            give(*own_, theirs.bytes.front());
            add(std::move(theirs));
        }
        ASSAY_ASSERT(own_->tip().id == rival_->tip().id);
    }
    void catch_up() {
        Step step;
        step.kind = Step::Kind::kBlocksLater;
        for (int i = 0; i < 3; ++i) {
            step.bytes.push_back(extend(*rival_));
            give(*own_, step.bytes.back());
        }
        add(std::move(step));
    }
    void receipt() {
        Step step;
        step.kind = Step::Kind::kReceipt;
        ++now_.receipts;
        step.bytes = {Bytes(40 + random_() % 200, static_cast<std::byte>(now_.receipts))};
        add(std::move(step));
    }
    void prune() {
        Step step;
        step.kind = Step::Kind::kPrune;
        add(std::move(step));
    }
    void restart() { add({}); }

  private:
    void add(Step step) {
        now_.tip = own_->tip().id;
        now_.final_height = own_->final_block().height;
        step.after = now_;
        script_.steps.push_back(std::move(step));
    }
    Bytes extend(Chain& chain) {
        ++time_;
        Bytes block = script_.founders.extend(chain, time_);
        ASSAY_ASSERT(!block.empty());
        return block;
    }
    void give(Chain& chain, const Bytes& block) const {
        ASSAY_ASSERT(chain.accept_block(block, test::at(time_)).verdict == BlockVerdict::kValid);
    }
    Bytes policy() {
        return test::make_policy_tx(script_.founders.chain_id, script_.founders.members[0],
                                    {++number_, 1, 10'000});
    }
    Bytes batch() {
        ReceiptBatch record;
        record.batch_no = ++number_;
        record.previous_root = last_root_;
        record.count = 1;
        record.root = last_root_ = crypto::leaf_hash(as_bytes(std::to_string(number_)));
        record.events[4] = 1;
        record.blob_bytes = 200;
        const Bytes encoded = encode_receipt_batch(record);
        TxBody body;
        body.type = TxType::kReceiptBatch;
        body.chain_id = script_.founders.chain_id;
        body.valid_until = 10'000;
        body.body = encoded;
        return test::sign(body, script_.founders.members[0], receipt_batch_subject(0, number_),
                          script_.founders.members[0].tx);
    }

    Script& script_;
    std::mt19937 random_;
    std::unique_ptr<Chain> own_, rival_;
    Promise now_;
    std::uint32_t time_ = test::kGenesisTime + 5;
    std::uint64_t number_ = 0;
    LogHash last_root_;
};

}  // namespace

Script::Script(LedgerKind ledger_kind, std::size_t rounds, unsigned seed) : kind{ledger_kind} {
    founders.genesis.kind = kind;
    if (kind == LedgerKind::kGateway) founders.genesis.consortium = ChainId{};
    founders.seal_genesis();
    Author author(*this, seed);
    for (std::size_t round = 1; round <= rounds; ++round) {
        author.transaction();
        if (kind == LedgerKind::kGateway) author.receipt();
        author.block();
        author.finalise();
        if (round % 3 == 0) author.transaction();
        if (round % 4 == 0) author.reorganisation();
        if (round % 5 == 0) author.catch_up();
        if (round % 3 == 1) author.prune();
        if (round % 4 == 2) author.restart();
    }
}

const RuleSet& Script::rules() const {
    return kind == LedgerKind::kGateway ? gateway_rules() : consortium_rules();
}

Result<void> Member::open() {
    receipts_.reset();
    store_.reset();
    voter_.reset();
    chain_.reset();
    auto opened = Chain::open(dir_ / "chain", script_.founders.genesis_bytes, script_.rules(), pruning());
    if (!opened) return fail(std::move(opened).error());
    chain_ = *std::move(opened);
    const bool is_new = chain_->tip().height == 0;
    auto voter = Voter::open(durable_file(dir_ / "safety.votes"), chain_->chain_id(), 0,
                             script_.founders.members[0].entry.vote, is_new);
    if (!voter) return fail(std::move(voter).error());
    voter_.emplace(*std::move(voter));
    if (auto begun = voter_->begin(); !begun) return begun;
    return script_.kind == LedgerKind::kGateway ? open_receipts() : Result<void>();
}

Result<void> Member::open_receipts() {
    receipts_.reset();
    store_.reset();
    auto store = open_leveldb(dir_ / "store");
    if (!store) return fail(std::move(store).error());
    store_ = *std::move(store);
    auto receipts = gateway::ReceiptStore::open(*store_);
    if (!receipts) return fail(std::move(receipts).error());
    receipts_.emplace(*std::move(receipts));
    return store_->failure() ? Result<void>(fail(*store_->failure())) : Result<void>();
}

Result<void> Member::play(const Step& step) {
    const auto now = test::at(UINT32_MAX / 2);
    switch (step.kind) {
        case Step::Kind::kTransaction: {
            const auto accepted = chain_->accept_transaction(step.bytes.front());
            if (accepted || accepted.error().is(Refusal::kDuplicateTransaction)) return {};
            return fail(Error(accepted.error()));
        }
        case Step::Kind::kBlock:
        case Step::Kind::kBlocksLater: {
            const Durable durable = step.kind == Step::Kind::kBlock ? Durable::kNow : Durable::kLater;
            for (const Bytes& block : step.bytes) {
                const auto outcome = chain_->accept_block(block, now, durable);
                const bool good = outcome.verdict == BlockVerdict::kValid ||
                                  outcome.verdict == BlockVerdict::kDuplicate;
                if (!good) return fail(std::errc::io_error, outcome.detail);
            }
            return chain_->flush();
        }
        case Step::Kind::kCertificate:
            (void)chain_->accept_certificate(*step.certificate);
            return chain_->has_failed() ? Result<void>(fail(std::errc::io_error, chain_->failure()))
                                        : Result<void>();
        case Step::Kind::kVote: return vote();
        case Step::Kind::kReceipt: {
            const auto counter = static_cast<std::uint32_t>(step.after.receipts);
            auto added = receipts_->add(kDevice, counter, step.bytes.front(), now);
            if (!added) return fail(std::move(added).error());
            return {};
        }
        case Step::Kind::kPrune: return prune();
        case Step::Kind::kRestart: return open();
    }
    return {};
}

Result<void> Member::prune() {
    for (;;) {
        const auto pruned = chain_->prune_next();
        if (!pruned) return fail(Error(pruned.error()));
        if (!*pruned) break;
    }
    return chain_->has_failed() ? Result<void>(fail(std::errc::io_error, chain_->failure()))
                                : Result<void>();
}

Result<void> Member::vote() {
    const auto target = chain_->vote_target(chain_->tip().id);
    if (!target) return fail(std::errc::io_error, "no target");
    auto cast = voter_->vote(*target, chain_->final_block().height, script_.founders.members[0].vote);
    if (!cast) return fail(std::move(cast).error());
    return {};
}

Result<void> Member::recover() {
    const bool has_receipts = script_.kind != LedgerKind::kGateway || receipts_;
    if (!chain_ || !voter_ || voter_->state() != VotingState::kOn || !has_receipts) return open();
    if (chain_->has_failed()) {
        if (auto recovered = chain_->recover(); !recovered) return recovered;
    }
    return store_ && store_->failure() ? open_receipts() : Result<void>();
}

std::string Member::judge(const Promise& before, const Promise& after) {
    if (chain_->has_failed()) return chain_->failure();
    if (chain_->tip().id != before.tip && chain_->tip().id != after.tip) {
        return "tip at height " + std::to_string(chain_->tip().height);
    }
    if (chain_->final_block().height < before.final_height) return "final block";
    // That the tables fit the tip was checked when it was opened: older ones are there with it.
    const std::size_t newest = std::min<std::size_t>(before.transactions.size(), 8);
    for (const LeafHash& leaf : std::span(before.transactions).last(newest)) {
        const auto waits = [&](const TxId& id) {
            return crypto::leaf_hash(*chain_->mempool_transaction(id)) == leaf;
        };
        if (!chain_->find(leaf) && !std::ranges::any_of(chain_->mempool_ids(), waits)) {
            return "transaction";
        }
    }
    const auto is_vote = [&](const Vote& own) { return own.link.target.height == *before.voted; };
    if (before.voted && voter_->vote_floor() < *before.voted &&
        std::ranges::none_of(voter_->votes(), is_vote)) {
        return "vote for height " + std::to_string(*before.voted);
    }
    if (voter_->state() != VotingState::kOn) return "voting is off: " + voter_->why_off();
    if (!receipts_) return before.receipts == 0 ? "" : "no store of receipts";
    if (receipts_->stored() < before.receipts || receipts_->stored() > after.receipts ||
        !receipts_->read(1, receipts_->stored())) {
        return "receipts: " + std::to_string(receipts_->stored());
    }
    return "";
}

}  // namespace assay::crash
