#include "ledger/net/peer_protocol.hpp"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>

#include <gtest/gtest.h>

#include "ledger/chain/leveldb_store.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using std::chrono::seconds;
using test::Founders;
using test::kGenesisTime;

Founders founders_of(std::size_t members) {
    Founders founders(members);
    founders.genesis.params.heartbeat_s = 1;  // empty blocks as often as a test likes
    founders.seal_genesis();
    return founders;
}

// One member: its chain, and its protocols by the slot at the other end.
struct Side {
    Side(const Founders& founders, Slot own_slot, ChainOptions options = {})
        : slot{own_slot}, chain{founders.open(dir / "c", options)} {
        sync.emplace(*chain);
    }
    PeerProtocol& with(Slot peer) {
        return protocols.try_emplace(peer, *sync, slot, peer).first->second;
    }

    test::TempDir dir;
    Slot slot;
    std::unique_ptr<Chain> chain;
    std::optional<Sync> sync;
    std::map<Slot, PeerProtocol> protocols;
};

// Two protocols back to back. Messages wait in `to_a` and `to_b` until the test lets them through.
struct Wire {
    Wire(Side& side_a, Side& side_b, std::uint32_t at_second)
        : a{side_a}, b{side_b}, second{at_second} {
        to_b.push_back(a.with(b.slot).hello());
        to_a.push_back(b.with(a.slot).hello());
    }

    [[nodiscard]] SyncTime now() const { return {SteadyTime{seconds{second}}, test::at(second)}; }

    // Delivers one message to `to`; false if there is none.
    bool step(Side& to) {
        auto& inbox = &to == &a ? to_a : to_b;
        auto& outbox = &to == &a ? to_b : to_a;
        PeerProtocol& protocol = to.with(&to == &a ? b.slot : a.slot);
        if (inbox.empty()) {
            auto served = protocol.next_served();
            if (!served) return false;
            outbox.push_back(std::move(*served));
            return true;
        }
        PeerMessage message = std::move(inbox.front());
        inbox.pop_front();
        auto actions = protocol.on_message(std::move(message), now());
        EXPECT_TRUE(actions.has_value()) << actions.error().to_string();
        if (actions) take(to, std::move(*actions));
        return true;
    }
    void take(Side& of, Actions actions) {
        auto& outbox = &of == &a ? to_b : to_a;
        for (auto& reply : actions.replies) outbox.push_back(std::move(reply));
        for (auto& penalty : actions.penalties) penalties.push_back(std::move(penalty));
        for (auto& relay : actions.relays) relays.push_back(std::move(relay));
        for (auto& notice : actions.notices) notices.push_back(std::move(notice));
    }
    void run() {
        while (step(a) || step(b)) {
        }
    }
    void tick() {
        take(a, a.with(b.slot).on_tick(now()));
        take(b, b.with(a.slot).on_tick(now()));
    }

    Side& a;
    Side& b;
    std::uint32_t second;
    std::deque<PeerMessage> to_a, to_b;
    std::vector<Penalty> penalties;
    std::vector<PeerMessage> relays;
    std::vector<Notice> notices;
};

void grow(const Founders& founders, Chain& chain, std::uint32_t& now, int blocks) {
    for (int i = 0; i < blocks; ++i, ++now) ASSERT_FALSE(founders.extend(chain, now).empty());
}

void give_all(const Chain& from, Chain& to, std::uint32_t now) {
    for (BlockHeight h = 1; h <= from.tip().height; ++h)
        ASSERT_TRUE(to.accept_block(*from.block(*from.id_at(h)), test::at(now)).tip_changed);
}

TEST(PeerProtocol, ALateMemberCatchesUpWithAtMostSixteenBlocksUnderWay) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 50);
    Wire wire(a, b, now);
    std::size_t most = 0;
    while (wire.step(a) || wire.step(b)) {
        most = std::max(most, b.sync->downloads().in_flight(0, InventoryKind::kBlock));
    }
    EXPECT_EQ(b.chain->tip().id, a.chain->tip().id);
    EXPECT_EQ(most, 16U);
    EXPECT_TRUE(wire.penalties.empty());
    EXPECT_EQ(b.with(0).peer_height(), 50U);
}

TEST(PeerProtocol, TheBranchWithLessWorkGivesWay) {
    const Founders founders = founders_of(3);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 4);
    now += 1;  // other times, other blocks
    grow(founders, *b.chain, now, 7);
    ASSERT_NE(a.chain->id_at(1), b.chain->id_at(1));
    Wire wire(a, b, now);
    wire.run();
    EXPECT_EQ(a.chain->tip().id, b.chain->tip().id);
    EXPECT_EQ(a.chain->tip().height, 7U);
    EXPECT_TRUE(wire.penalties.empty());
}

TEST(PeerProtocol, ATransactionIsFetchedOnceAndPassedOn) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0]);
    const auto id = a.chain->accept_transaction(tx);
    ASSERT_TRUE(id.has_value());
    Wire wire(a, b, kGenesisTime + 1);
    wire.run();
    EXPECT_EQ(b.chain->mempool_transaction(*id), tx);
    const PeerMessage news = Announce{{InventoryItem(*id)}};
    ASSERT_EQ(wire.relays.size(), 1U);
    EXPECT_EQ(wire.relays[0], news);

    wire.to_b.push_back(news);
    wire.run();
    EXPECT_EQ(wire.relays.size(), 1U) << "known already";
    EXPECT_TRUE(wire.penalties.empty());
}

TEST(PeerProtocol, AnotherChainSlotOrFirstMessageEndsTheConnection) {
    const Founders founders = founders_of(2);
    Side side(founders, 0);
    const SyncTime now{SteadyTime{}, test::at(kGenesisTime)};

    PeerProtocol stranger(*side.sync, 0, 1);
    Hello hello{founders.chain_id, 1, 0, BlockId{}};
    hello.chain_id.bytes[0] ^= std::byte{1};
    auto refused = stranger.on_message(hello, now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(Refusal::kChainIdMismatch));

    refused = PeerProtocol(*side.sync, 0, 1).on_message(Hello{founders.chain_id, 2, 0, {}}, now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(Refusal::kPeerUnknown));

    refused = PeerProtocol(*side.sync, 0, 1).on_message(Ping{1}, now);
    ASSERT_FALSE(refused.has_value());
    EXPECT_TRUE(refused.error().is(Refusal::kMalformed));
}

TEST(PeerProtocol, WhatAPeerDoesNotDeliverIsAskedOfAnother) {
    const Founders founders = founders_of(3);
    Side silent(founders, 0), late(founders, 1), other(founders, 2);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *silent.chain, now, 3);
    give_all(*silent.chain, *other.chain, now);
    Wire bad(silent, late, now);
    while (late.sync->downloads().in_flight(0, InventoryKind::kBlock) == 0) {
        ASSERT_TRUE(bad.step(silent) || bad.step(late));
    }
    Wire good(other, late, now);  // the same answers, too late to be asked
    good.run();
    EXPECT_EQ(late.chain->tip().height, 0U) << "all three are under way from the silent one";

    good.second = bad.second = now + 5;
    bad.tick();
    good.tick();
    good.run();
    EXPECT_EQ(late.chain->tip().id, other.chain->tip().id);
    ASSERT_EQ(bad.penalties.size(), 1U);
    EXPECT_EQ(bad.penalties[0].slot, 0);
    EXPECT_EQ(bad.penalties[0].score, kPenaltyStall);

    bad.run();  // its answers come after all
    EXPECT_EQ(bad.penalties.size(), 1U) << "late is no crime";
}

TEST(PeerProtocol, APeerThatHasSentAllItMayIsStillAskedForTheirParent) {
    const Founders founders = founders_of(3);
    Side silent(founders, 0), late(founders, 1), other(founders, 2);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *silent.chain, now, 80);
    give_all(*silent.chain, *other.chain, now);
    Wire bad(silent, late, now);
    while (late.sync->downloads().in_flight(0, InventoryKind::kBlock) == 0)
        ASSERT_TRUE(bad.step(silent) || bad.step(late));
    Wire good(other, late, now);
    good.run();
    ASSERT_FALSE(late.sync->has_room_for_block_of(2)) << "all wait for what the silent one has";
    for (std::uint32_t wait = 5; wait < 65; wait += 5) {
        bad.second = good.second = now + wait;
        bad.tick();
        good.tick();
        good.run();
    }
    EXPECT_EQ(late.chain->tip().id, other.chain->tip().id);
}

TEST(PeerProtocol, BlocksThatArriveBeforeTheirParentsWait) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 8);
    Wire wire(a, b, now);
    while (b.sync->downloads().in_flight(0, InventoryKind::kBlock) < 8) {
        ASSERT_TRUE(wire.step(a) || wire.step(b));
    }
    while (wire.step(a)) {
    }  // all answers are on their way
    const auto is_block = [](const auto& m) { return std::holds_alternative<BlockMessage>(m); };
    const auto first = std::find_if(wire.to_b.begin(), wire.to_b.end(), is_block);
    ASSERT_EQ(std::count_if(first, wire.to_b.end(), is_block), 8);
    std::reverse(first, wire.to_b.end());
    for (int i = 0; i < 7; ++i) wire.step(b);
    EXPECT_EQ(b.chain->tip().height, 0U);
    wire.run();
    EXPECT_EQ(b.chain->tip().id, a.chain->tip().id);
    EXPECT_TRUE(wire.penalties.empty());
}

TEST(PeerProtocol, ABlockAheadOfOurClockIsKeptAndTriedAgain) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 500;
    grow(founders, *a.chain, now, 1);
    Wire wire(a, b, kGenesisTime + 1);  // b's clock
    wire.run();
    EXPECT_EQ(b.chain->tip().height, 0U);
    EXPECT_TRUE(wire.penalties.empty());
    Actions actions;
    b.sync->retry_early(test::at(now), actions);
    EXPECT_EQ(b.chain->tip().height, 1U);
    EXPECT_TRUE(actions.tip_changed);
}

TEST(PeerProtocol, AnInvalidBlockNamesTheMemberThatSentIt) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 1);
    Wire wire(a, b, now);
    const auto is_block = [](const auto& m) { return std::holds_alternative<BlockMessage>(m); };
    while (std::none_of(wire.to_b.begin(), wire.to_b.end(), is_block)) {
        ASSERT_TRUE(wire.step(b) || wire.step(a));
    }
    auto& block =
        std::get<BlockMessage>(*std::find_if(wire.to_b.begin(), wire.to_b.end(), is_block));
    block.bytes.back() ^= std::byte{1};
    wire.run();
    EXPECT_EQ(b.chain->tip().height, 0U);
    ASSERT_EQ(wire.penalties.size(), 1U);
    EXPECT_EQ(wire.penalties[0].slot, 0);
    EXPECT_EQ(wire.penalties[0].score, kPenaltyInvalid);
}

TEST(PeerProtocol, HeadersMustBeAskedForLinkAndCarryWork) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 3);
    const auto headers = a.chain->headers_after({}, 10);
    ASSERT_EQ(headers.size(), 3U);
    // What b says to `answer` as the reply to its first get-headers.
    const auto judge = [&](Headers answer) {
        PeerProtocol protocol(*b.sync, 1, 0);
        const SyncTime at{SteadyTime{}, test::at(now)};
        EXPECT_TRUE(protocol.on_message(Hello{founders.chain_id, 0, 3, {}}, at).has_value());
        auto actions = protocol.on_message(std::move(answer), at);
        EXPECT_TRUE(actions.has_value());
        b.sync->forget(0);
        return actions ? *std::move(actions) : Actions{};
    };
    EXPECT_TRUE(judge(Headers{headers}).penalties.empty());

    const auto gap = judge(Headers{{headers[0], headers[2]}});
    ASSERT_EQ(gap.penalties.size(), 1U);
    EXPECT_EQ(gap.penalties[0].score, kPenaltyUnasked);
    EXPECT_TRUE(gap.replies.empty()) << "nothing of it is fetched";

    auto lazy = headers;
    const auto target = expand_target(lazy[1].header.bits);
    while (meets_target(lazy[1].id(), *target)) ++lazy[1].header.nonce;
    EXPECT_EQ(judge(Headers{lazy}).penalties.at(0).score, kPenaltyInvalid);

    PeerProtocol unasked(*b.sync, 1, 0);
    const SyncTime at{SteadyTime{}, test::at(now)};
    ASSERT_TRUE(unasked.on_message(Hello{founders.chain_id, 0, 3, {}}, at).has_value());
    ASSERT_TRUE(unasked.on_message(Headers{}, at).has_value());
    EXPECT_EQ(unasked.on_message(Headers{headers}, at)->penalties.at(0).score, kPenaltyUnasked);
    const auto block = *a.chain->block(a.chain->tip().id);
    EXPECT_EQ(unasked.on_message(BlockMessage{block}, at)->penalties.at(0).score, kPenaltyUnasked);
    EXPECT_EQ(b.chain->tip().height, 0U);
}

// A clogged line delivers at last the answers to all that was asked meanwhile.
TEST(PeerProtocol, LateHeadersAreNoCrime) {
    const Founders founders = founders_of(2);
    Side b(founders, 1);
    PeerProtocol protocol(*b.sync, 1, 0);
    SyncTime at{SteadyTime{}, test::at(kGenesisTime + 50)};
    ASSERT_TRUE(protocol.on_message(Hello{founders.chain_id, 0, 3, {}}, at).has_value());
    std::size_t asked = 1;
    for (int i = 0; i < 100; ++i) {
        at.steady += seconds{1};
        const Actions actions = protocol.on_tick(at);
        asked += static_cast<std::size_t>(std::ranges::count_if(
            actions.replies, [](const auto& m) { return std::holds_alternative<GetHeaders>(m); }));
        for (const Penalty& penalty : actions.penalties) EXPECT_EQ(penalty.score, 0);
    }
    EXPECT_GT(asked, 2U);
    for (std::size_t i = 0; i < asked; ++i) {
        EXPECT_TRUE(protocol.on_message(Headers{}, at)->penalties.empty()) << i;
    }
    EXPECT_FALSE(protocol.on_message(Headers{}, at)->penalties.empty()) << "one more than asked";
}

// Reads find nothing once it has failed, so an honest peer's headers would not link.
TEST(PeerProtocol, AFailedDatabaseJudgesNobody) {
    const Founders founders = founders_of(2);
    Side a(founders, 0);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 3);
    auto store = std::make_unique<test::MemoryStore>();
    test::MemoryStore& disk = *store;
    auto chain = Chain::open(std::move(store), founders.genesis_bytes, consortium_rules());
    ASSERT_TRUE(chain.has_value()) << chain.error().to_string();
    Sync sync(**chain);
    PeerProtocol protocol(sync, 1, 0);
    const SyncTime at{SteadyTime{}, test::at(now)};
    ASSERT_TRUE(protocol.on_message(Hello{founders.chain_id, 0, 3, {}}, at).has_value());
    disk.break_down();
    const BlockId genesis[] = {*a.chain->id_at(0)};
    const auto actions = protocol.on_message(Headers{a.chain->headers_after(genesis, 9)}, at);
    ASSERT_TRUE(actions.has_value());
    EXPECT_TRUE(actions->penalties.empty());
    EXPECT_TRUE(actions->replies.empty());
}

TEST(PeerProtocol, AnswersWhatItHasAndSaysWhatItHasNot) {
    const Founders founders = founders_of(2);
    Side a(founders, 0);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 1);
    PeerProtocol protocol(*a.sync, 0, 1);
    const SyncTime at{SteadyTime{}, test::at(now)};
    ASSERT_TRUE(protocol.on_message(Hello{founders.chain_id, 1, 0, {}}, at).has_value());
    const InventoryItem missing(TxId{});
    const InventoryItem tip(a.chain->tip().id);
    ASSERT_TRUE(protocol.on_message(GetData{{missing, tip}}, at).has_value());
    EXPECT_EQ(protocol.next_served(), PeerMessage(NotFound{missing}));
    EXPECT_EQ(protocol.next_served(),
              PeerMessage(BlockMessage{*a.chain->block(a.chain->tip().id)}));
    EXPECT_FALSE(protocol.next_served().has_value());
    EXPECT_EQ(protocol.on_message(Ping{9}, at)->replies.at(0), PeerMessage(Pong{9}));

    const GetData greedy{std::vector<InventoryItem>(kGetDataMax, tip)};
    int penalties = 0;
    for (int i = 0; i < 20; ++i) {
        penalties += static_cast<int>(protocol.on_message(greedy, at)->penalties.size());
    }
    EXPECT_GT(penalties, 0) << "what is owed to one peer is bounded";
}

// A member that keeps everything, one that has let old blocks go, and one that is new.
class PrunedPeer : public testing::Test {
  protected:
    static constexpr BlockHeight kBlocks = 40;

    PrunedPeer() {
        for (BlockHeight i = 0; i < kBlocks; ++i) add();
        while (pruned.chain->prune_next().value()) {
        }
    }
    static ChainOptions keeping_few() {
        ChainOptions options;
        options.keep_blocks = 4;
        return options;
    }
    // On both.
    void add() {
        const Bytes block = founders.extend_and_vote(*whole.chain, now);
        ASSERT_EQ(pruned.chain->accept_block(block, test::at(now)).verdict, BlockVerdict::kValid);
        for (const Certificate& certificate : whole.chain->newest_certificates()) {
            (void)pruned.chain->accept_certificate(certificate);
        }
        ++now;
    }

    Founders founders = founders_of(2);
    std::uint32_t now = kGenesisTime + 5;
    Side whole{founders, 0};
    Side pruned{founders, 1, keeping_few()};
};

TEST_F(PrunedPeer, IsNamedAndItsBlocksAreAskedOfOthers) {
    ASSERT_GT(pruned.chain->first_block(), 30U);
    Side fresh(founders, 2);
    Wire from_pruned(pruned, fresh, now);
    from_pruned.run();
    EXPECT_EQ(fresh.chain->tip().height, 0U);
    EXPECT_EQ(fresh.with(1).peer_first_block(), pruned.chain->first_block());
    ASSERT_EQ(from_pruned.notices.size(), 1U) << "once, though many blocks were asked for";
    EXPECT_EQ(from_pruned.notices[0].name, "peer-pruned");
    EXPECT_EQ(from_pruned.notices[0].slot, 1);
    EXPECT_TRUE(from_pruned.penalties.empty()) << "it is not to blame";

    Wire from_whole(whole, fresh, now);
    from_whole.run();
    EXPECT_EQ(fresh.chain->tip().id, whole.chain->tip().id);

    // What comes next is to be had from either.
    add();
    from_pruned.take(pruned, Actions{});
    from_pruned.to_b.emplace_back(Announce{{InventoryItem(pruned.chain->tip().id)}});
    from_pruned.run();
    EXPECT_EQ(fresh.chain->tip().id, pruned.chain->tip().id);
    EXPECT_EQ(from_pruned.notices.size(), 1U);
    EXPECT_TRUE(from_pruned.penalties.empty());
}

TEST_F(PrunedPeer, IsAskedAgainLaterNotAtOnce) {
    Side fresh(founders, 2);
    Wire wire(pruned, fresh, now);
    wire.run();
    const auto asked = [&] {
        wire.tick();
        const bool any = std::ranges::any_of(wire.to_a, [](const PeerMessage& message) {
            return std::holds_alternative<GetData>(message);
        });
        wire.run();
        return any;
    };
    const auto until = static_cast<std::uint32_t>(seconds(kPrunedAgain).count());
    for (std::uint32_t i = 1; i < until; ++i) {
        ++wire.second;
        EXPECT_FALSE(asked()) << i;
    }
    ++wire.second;
    EXPECT_TRUE(asked());
    EXPECT_FALSE(asked());
    EXPECT_EQ(wire.notices.size(), 2U);
    EXPECT_TRUE(wire.penalties.empty());
}

// Its first block lies behind us already: nothing is in the way.
TEST_F(PrunedPeer, ServesWhoHasTheEarlierBlocks) {
    Side late(founders, 2);
    for (BlockHeight height = 1; height < pruned.chain->first_block(); ++height) {
        const Bytes block = whole.chain->block(whole.chain->id_at(height).value()).value();
        ASSERT_EQ(late.chain->accept_block(block, test::at(now)).verdict, BlockVerdict::kValid);
    }
    Wire wire(pruned, late, now);
    wire.run();
    EXPECT_EQ(late.chain->tip().id, pruned.chain->tip().id);
    EXPECT_EQ(late.with(1).peer_first_block(), 0U);
    EXPECT_TRUE(wire.notices.empty());
}

// Who sends as many headers as fit and then has none of the blocks is not asked on and on.
TEST(PeerProtocol, WhoLacksWhatItNamesIsNotAskedWithoutEnd) {
    const Founders founders = founders_of(2);
    const auto rich = Chain::open(std::make_unique<test::MemoryStore>(), founders.genesis_bytes,
                                  consortium_rules())
                          .value();
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *rich, now, static_cast<int>(kHeadersMax) + 1);
    Side fresh(founders, 1);
    PeerProtocol& protocol = fresh.with(0);
    std::deque<PeerMessage> inbox;
    inbox.emplace_back(Hello{founders.chain_id, 0, rich->tip().height, rich->tip().id});
    int questions = 0;
    for (; !inbox.empty() && questions < 10; inbox.pop_front()) {
        auto actions = protocol.on_message(std::move(inbox.front()),
                                           {SteadyTime{seconds{now}}, test::at(now)});
        ASSERT_TRUE(actions);
        for (PeerMessage& reply : actions->replies) {
            if (const auto* ask = std::get_if<GetHeaders>(&reply)) {
                ++questions;
                inbox.emplace_back(Headers{rich->headers_after(ask->locator, kHeadersMax)});
            } else if (const auto* data = std::get_if<GetData>(&reply)) {
                for (const InventoryItem& item : data->items) inbox.emplace_back(NotFound{item});
            }
        }
    }
    EXPECT_LE(questions, 1);
    const auto later = protocol.on_tick({SteadyTime{seconds{now + 3}}, test::at(now)});
    EXPECT_TRUE(std::ranges::any_of(later.replies, [](const PeerMessage& message) {
        return std::holds_alternative<GetHeaders>(message);
    }));
}

TEST(PeerProtocol, HandsVotesToTheMembersDuties) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    Wire wire(a, b, kGenesisTime + 5);
    wire.run();
    Vote vote;
    vote.slot = 1;
    vote.link.target.height = 1;
    const auto actions = a.with(1).on_message(VoteMessage{vote}, wire.now());
    ASSERT_TRUE(actions.has_value());
    EXPECT_EQ(actions->votes, std::vector<Vote>{vote});
    EXPECT_TRUE(actions->penalties.empty());
}

// A disk that fails from a moment of the test's choice on.
class BreakableStore final : public KeyValueStore {
  public:
    BreakableStore(std::unique_ptr<KeyValueStore> store, const bool& is_broken)
        : store_{std::move(store)}, is_broken_{is_broken} {}
    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override { return store_->get(key); }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        store_->for_each(prefix, visit);
    }
    [[nodiscard]] Result<void> write_synced(const WriteBatch& batch) override {
        if (!is_broken_) return store_->write_synced(batch);
        failure_ = Error(std::make_error_code(std::errc::no_space_on_device), "disk");
        return fail(*failure_);
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override { return failure_; }

  private:
    std::unique_ptr<KeyValueStore> store_;
    const bool& is_broken_;
    std::optional<Error> failure_;
};

// What a repair could not save comes from the peer, over the connection that is there.
TEST(PeerProtocol, ARebuiltLedgerGetsTheBlocksThatItLost) {
    const Founders founders = founders_of(2);
    Side a(founders, 0), b(founders, 1);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *a.chain, now, 50);
    Wire wire(a, b, now);
    wire.run();
    wire.tick();
    ASSERT_EQ(b.chain->tip().id, a.chain->tip().id);

    const auto file = b.dir / std::string("c") / "blocks" / "blk00000.dat";
    std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
    while (!b.chain->has_failed()) ASSERT_FALSE(b.chain->check_next());
    ASSERT_TRUE(b.chain->recover().has_value());
    ASSERT_TRUE(b.chain->repair().has_value());
    ASSERT_LT(b.chain->tip().height, 30U);
    wire.tick();
    wire.run();
    EXPECT_EQ(b.chain->tip().id, a.chain->tip().id);
    EXPECT_TRUE(wire.penalties.empty());
}

TEST(Sync, DoesNotAskAgainForABlockThatItsDiskCouldNotTake) {
    const Founders founders = founders_of(1);
    Side source(founders, 0);
    std::uint32_t now = kGenesisTime + 5;
    grow(founders, *source.chain, now, 1);
    const BlockId id = source.chain->tip().id;
    const test::TempDir dir;
    bool is_broken = false;
    auto store = std::make_unique<BreakableStore>(open_leveldb(dir / "c").value(), is_broken);
    const auto chain =
        Chain::open(std::move(store), founders.genesis_bytes, consortium_rules()).value();
    Sync sync(*chain);
    is_broken = true;
    Actions actions;
    sync.accept_block({id, 0, source.chain->block(id).value()}, test::at(now), actions);
    EXPECT_TRUE(actions.penalties.empty()) << "it is nobody's fault";
    EXPECT_FALSE(actions.tip_changed);
    EXPECT_FALSE(sync.lacks(InventoryItem(id)));
}

}  // namespace
}  // namespace assay::ledger
