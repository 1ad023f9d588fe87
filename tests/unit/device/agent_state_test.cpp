#include "device/agent_state.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "ledger/core/receipt.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::device {
namespace {

AgentState full_state() {
    AgentState state;
    state.phase = Phase::kDownloading;
    InstalledRelease installed;
    installed.release = crypto::leaf_hash(as_bytes("one"));
    installed.slot = 1;
    installed.sequence = 1;
    installed.version = "1.0";
    installed.sha256 = crypto::sha256(as_bytes("image"));
    state.installed = installed;
    PendingRelease pending;
    pending.release = crypto::leaf_hash(as_bytes("two"));
    pending.slot = 1;
    pending.sequence = 2;
    pending.version = "2.0";
    pending.bytes = 10'000;
    pending.chunk_bytes = 4096;
    state.pending = pending;
    state.checkpoint = ledger::TrustedCheckpoint{5, crypto::empty_root(), 1'790'000'000};
    state.policy_version = 3;
    state.sequence_floor = 1;
    state.receipt_counter = 12;
    state.restarts_asked = 2;
    state.outbox = {to_bytes("receipt 11"), to_bytes("receipt 12")};
    state.kept = {to_bytes("receipt 9"), to_bytes("receipt 10")};
    state.kept_by = crypto::sha256(as_bytes("https://gateway"));
    state.refused = {{crypto::leaf_hash(as_bytes("bad")), 43, 2}};
    return state;
}

TEST(AgentState, ComesBackAsItWas) {
    for (const AgentState& state : {AgentState{}, full_state()}) {
        const auto decoded = decode_agent_state(encode_agent_state(state));
        ASSERT_TRUE(decoded) << decoded.error().to_string();
        EXPECT_EQ(*decoded, state);
    }
}

TEST(AgentState, IsOnlyItsWholeEncoding) {
    test::expect_only_whole_input(encode_agent_state(full_state()), decode_agent_state);
}

TEST(AgentState, RefusesAPhaseWithoutItsRelease) {
    AgentState state = full_state();
    state.pending.reset();
    EXPECT_FALSE(decode_agent_state(encode_agent_state(state)));
    state = full_state();
    state.phase = Phase::kConfirmed;
    EXPECT_FALSE(decode_agent_state(encode_agent_state(state)));
}

TEST(AgentState, RefusesReceiptsThatNobodyTookOrTooMany) {
    AgentState state = full_state();
    state.kept_by = {};
    EXPECT_FALSE(decode_agent_state(encode_agent_state(state)));
    state = full_state();
    while (state.kept.size() + state.outbox.size() < kOutboxMax) state.kept.push_back(to_bytes("x"));
    EXPECT_TRUE(decode_agent_state(encode_agent_state(state)));
    state.kept.push_back(to_bytes("x"));
    EXPECT_FALSE(decode_agent_state(encode_agent_state(state)));
}

Bytes receipt_about(ledger::ReceiptEvent event, std::uint32_t counter) {
    ledger::ReceiptBody body;
    body.event = event;
    body.counter = counter;
    static const auto key = crypto::PrivateKey::generate(crypto::Algorithm::kEd25519).value();
    return ledger::sign_receipt(body, key).value();
}

// Whoever hands out garbage must not wash away what happened.
TEST(Outbox, DropsTheOldestRefusalFirst) {
    using ledger::ReceiptEvent;
    AgentState state;
    const Bytes confirmed = receipt_about(ReceiptEvent::kConfirmed, 1);
    add_to_outbox(state, confirmed);
    for (std::uint32_t i = 2; i < 50; ++i) {
        add_to_outbox(state, receipt_about(ReceiptEvent::kRefused, i));
    }
    ASSERT_EQ(state.outbox.size(), kOutboxMax);
    EXPECT_EQ(state.outbox.front(), confirmed);
    const auto newest = ledger::decode_receipt(state.outbox.back());
    EXPECT_EQ(newest->body.counter, 49U);
    EXPECT_EQ(ledger::decode_receipt(state.outbox[1])->body.counter, 35U);

    for (std::uint32_t i = 50; i < 100; ++i) {
        add_to_outbox(state, receipt_about(ReceiptEvent::kVerified, i));
    }
    EXPECT_EQ(state.outbox.size(), kOutboxMax);
    EXPECT_EQ(ledger::decode_receipt(state.outbox.front())->body.counter, 84U);
}

TEST(Outbox, DropsWhatWasAcknowledgedBeforeWhatWasNot) {
    const auto gateway = crypto::sha256(as_bytes("https://gateway"));
    AgentState state;
    for (std::uint32_t i = 1; i <= 10; ++i) {
        add_to_outbox(state, receipt_about(ledger::ReceiptEvent::kVerified, i));
        keep_acknowledged(state, gateway);
    }
    EXPECT_EQ(state.kept.size(), 10U);
    EXPECT_EQ(state.kept_by, gateway);
    for (std::uint32_t i = 11; i <= 20; ++i) {
        add_to_outbox(state, receipt_about(ledger::ReceiptEvent::kRefused, i));
    }
    EXPECT_EQ(state.outbox.size(), 10U);
    ASSERT_EQ(state.kept.size(), 6U);
    EXPECT_EQ(ledger::decode_receipt(state.kept.front())->body.counter, 5U);
    for (std::uint32_t i = 21; i <= 30; ++i) {
        add_to_outbox(state, receipt_about(ledger::ReceiptEvent::kRefused, i));
    }
    EXPECT_EQ(state.outbox.size(), kOutboxMax);
    EXPECT_TRUE(state.kept.empty() && state.kept_by.is_zero());
}

TEST(Outbox, KeepsWhatOneGatewayAcknowledged) {
    AgentState state;
    for (const char* const gateway : {"one", "other"}) {
        add_to_outbox(state, to_bytes(gateway));
        keep_acknowledged(state, crypto::sha256(as_bytes(gateway)));
    }
    ASSERT_EQ(state.kept.size(), 1U);
    EXPECT_EQ(state.kept.front(), to_bytes("other"));
    EXPECT_EQ(state.kept_by, crypto::sha256(as_bytes("other")));
}

TEST(RefusedReleases, KeepsTheOneThatWasTriedMost) {
    AgentState state;
    const auto bad = crypto::leaf_hash(as_bytes("bad"));
    add_refused(state, {bad, 43, 3});
    for (int i = 0; i < 100; ++i) {
        add_refused(state, {crypto::leaf_hash(as_bytes(std::to_string(i))), 70, 1});
    }
    ASSERT_EQ(state.refused.size(), kRefusedMax);
    EXPECT_EQ(state.refused.front().release, bad);
    EXPECT_EQ(state.refused.back().release, crypto::leaf_hash(as_bytes("99")));
}

TEST(StateFile, IsFreshWithoutAFileAndKeepsWhatWasSaved) {
    const test::TempDir folder;
    DiskStorage storage;
    const StateFile file(folder / "state.cbor", storage);
    EXPECT_EQ(file.load().value(), AgentState{});
    ASSERT_TRUE(file.save(full_state()));
    EXPECT_EQ(file.load().value(), full_state());
}

// A damaged memory must not look like a blank device: that would forget the rollback floor.
TEST(StateFile, ReportsDamageInsteadOfStartingAfresh) {
    const test::TempDir folder;
    DiskStorage storage;
    const StateFile file(folder / "state.cbor", storage);
    Bytes bytes = encode_agent_state(full_state());
    bytes.pop_back();
    ASSERT_TRUE(storage.replace(folder / "state.cbor", bytes));
    EXPECT_TRUE(file.load().error().is(Refusal::kMalformed));
}

}  // namespace
}  // namespace assay::device
