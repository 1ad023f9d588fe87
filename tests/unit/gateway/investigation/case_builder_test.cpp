// Case files and histories out of the receipts of a fleet: 500 devices with 20 receipts each, in ten
// batches on a real gateway ledger, which is anchored on a real consortium ledger.

#include "gateway/investigation/case_builder.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "gateway/investigation/case_check.hpp"
#include "gateway/investigation/device_history.hpp"
#include "gateway/receipt/receipt_recorder.hpp"
#include "host/base/file.hpp"
#include "host/crypto/certificate.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/chain/leveldb_store.hpp"
#include "ledger/core/gateway_rules.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::gateway {
namespace {

constexpr std::uint32_t kFleetDevices = 500;
constexpr std::uint32_t kEach = 20;
constexpr std::uint64_t kInABatch = 1000;
constexpr std::uint32_t kFleetBegin = test::kGenesisTime + 1000;

std::string device_name(std::size_t number) { return fmt::format("device-{:03}", number); }

// Counts the receipts that are read.
class CountingReceipts final : public ledger::KeyValueStore {
  public:
    explicit CountingReceipts(std::unique_ptr<KeyValueStore> store) : store_{std::move(store)} {}
    [[nodiscard]] std::optional<Bytes> get(ByteView key) const override {
        if (key.front() == std::byte{'r'}) ++receipts_read;
        return store_->get(key);
    }
    void for_each(ByteView prefix, const Visitor& visit) const override {
        store_->for_each(prefix, visit);
    }
    [[nodiscard]] Result<void> write_synced(const ledger::WriteBatch& batch) override {
        return store_->write_synced(batch);
    }
    [[nodiscard]] const std::optional<Error>& failure() const noexcept override {
        return store_->failure();
    }
    mutable std::uint64_t receipts_read = 0;

  private:
    std::unique_ptr<KeyValueStore> store_;
};

// A ledger of two members in memory, and what cosigns it.
struct FleetLedger {
    explicit FleetLedger(ledger::LedgerKind kind) : founders{2} {
        const bool is_gateway = kind == ledger::LedgerKind::kGateway;
        founders.genesis.kind = kind;
        if (is_gateway) founders.genesis.consortium.emplace();
        founders.genesis.origin = is_gateway ? "fleet/gateway" : "fleet/consortium";
        founders.seal_genesis();
        auto store = std::make_unique<test::MemoryStore>();
        disk = store.get();
        chain = ledger::Chain::open(std::move(store), founders.genesis_bytes,
                                    is_gateway ? ledger::gateway_rules() : ledger::consortium_rules())
                    .value();
    }
    Bytes take(ledger::TxType type, const Bytes& record, const std::string& subject) {
        ledger::TxBody body;
        body.type = type;
        body.chain_id = founders.chain_id;
        body.valid_until = chain->tip().height + 20;
        body.body = record;
        Bytes tx = test::sign(body, founders.members[0], subject, founders.members[0].tx);
        EXPECT_TRUE(chain->accept_transaction(tx));
        return tx;
    }
    void settle() {
        for (int i = 0; i < 4; ++i) founders.extend_and_vote(*chain, now);
        EXPECT_EQ(chain->final_log_size(), chain->tip().log_size);
    }
    [[nodiscard]] FinalLedger final_now() const {
        const ledger::Checkpoint checkpoint{founders.genesis.origin, chain->final_log_size(),
                                            chain->log_root(chain->final_log_size())};
        ledger::Note note{ledger::checkpoint_text(checkpoint), {}};
        note.signatures = {sign_checkpoint(checkpoint, founders.members[0].log).value()};
        for (const test::TestMember& by : founders.members) {
            note.signatures.push_back(
                cosign_checkpoint(checkpoint, by.entry.name, now, by.cosign).value());
        }
        return {*chain, to_string(note), checkpoint.size, checkpoint.root};
    }
    [[nodiscard]] ledger::LogPolicy policy() const {
        return ledger::parse_log_policy(ledger::log_policy_text(chain->epoch().record(),
                                                                founders.genesis.origin))
            .value();
    }

    test::Founders founders;
    std::unique_ptr<ledger::Chain> chain;
    test::MemoryStore* disk = nullptr;  // the chain's
    std::uint32_t now = test::kGenesisTime + 100;
};

class CaseFleet {
  public:
    CaseFleet() {
        found_authority();
        release();
        for (std::uint32_t i = 0; i < kFleetDevices; ++i) enrol(device_name(i));
        for (std::uint32_t i = 0; i < kFleetDevices * kEach; ++i) hear(i);
        record();
        anchor();
    }

    [[nodiscard]] CaseSources sources() const { return {*receipts, *devices, *authority}; }
    [[nodiscard]] Result<CaseFile> ask(CaseQuestion question) {
        store.receipts_read = 0;
        auto builder = CaseBuilder::begin(std::move(question), sources(), consortium.final_now(),
                                          gateways.final_now());
        if (!builder) return fail(std::move(builder).error());
        for (steps = 1;; ++steps) {
            const auto more = builder->step();
            if (!more) return fail(Error(more.error()));
            if (!*more) break;
        }
        const auto bytes = builder->finish("m0", gateways.founders.members[0].tx,
                                           test::at(gateways.now));
        if (!bytes) return fail(Error(bytes.error()));
        return open_case_file(*bytes);
    }
    [[nodiscard]] CaseReport judge(const CaseFile& file) const {
        const ledger::LogPolicy policies[] = {consortium.policy(), gateways.policy()};
        auto report = check_case(file, policies);
        EXPECT_TRUE(report) << report.error().to_string();
        return report.value_or(CaseReport{});
    }
    void hear(std::uint32_t number) {
        const std::uint32_t device = number % kFleetDevices;
        const std::uint32_t round = number / kFleetDevices;
        ledger::ReceiptBody body;
        body.device = devices->find(device_name(device))->ledger_id;
        body.release = releases[round < kEach / 2 ? 0 : 1];
        body.event = ledger::ReceiptEvent::kConfirmed;
        body.counter = round + 1;
        const Bytes bytes = ledger::sign_receipt(body, keys[device]).value();
        ASSERT_TRUE(receipts->add(crypto::key_id(keys[device].public_key()), body.counter, bytes,
                                  test::at(kFleetBegin + number)));
    }

    test::TempDir dir{test::memory_folder()};
    FleetLedger consortium{ledger::LedgerKind::kConsortium};
    FleetLedger gateways{ledger::LedgerKind::kGateway};
    CountingReceipts store{ledger::open_leveldb(dir.path() / "store").value()};
    std::optional<ReceiptStore> receipts = ReceiptStore::open(store).value();
    std::optional<DeviceRegistry> devices = DeviceRegistry::open(store).value();
    std::optional<SiteAuthority> authority;
    std::vector<crypto::PrivateKey> keys;
    std::vector<ledger::LeafHash> releases;
    std::uint64_t steps = 0;  // of the last question

  private:
    void found_authority() {
        const MemberFolder folder(dir.path() / "member");
        const auto key = test::new_key(crypto::Algorithm::kEcdsaP256);
        EXPECT_TRUE(create_directories_durable(folder.site_ca().parent_path()));
        EXPECT_TRUE(crypto::save_key(folder.site_ca_key(), key));
        EXPECT_TRUE(write_file_durable(folder.site_ca(), crypto::make_ca(key, "site").value()));
        EXPECT_TRUE(write_file_durable(folder.operator_salt(),
                                       as_bytes("00112233445566778899aabbccddeeff\n"), 0600));
        authority = SiteAuthority::load(folder).value();
    }
    void release() {
        const test::TestMember& oem = consortium.founders.members[0];
        EXPECT_TRUE(consortium.chain->accept_transaction(
            test::make_policy_tx(consortium.founders.chain_id, oem)));
        for (const std::uint64_t sequence : {1, 2}) {
            auto record = test::TestConsortium().release(sequence, as_bytes("image"));
            record.vendor = ledger::Uuid{std::byte{1}};
            releases.push_back(crypto::leaf_hash(consortium.take(
                ledger::TxType::kRelease, encode_release(record), subject_of(record))));
        }
        consortium.settle();
    }
    void enrol(const std::string& id) {
        keys.push_back(test::new_key(crypto::Algorithm::kEcdsaP256));
        const auto name = ledger::ledger_device_id(authority->salt_of(id), id);
        EXPECT_TRUE(devices->enrol({id, name, keys.back().public_key(), {}, {}},
                                   DeviceRegistry::KeyChange::kRefuse, test::at(kFleetBegin)));
    }
    void record() {
        const auto submit = [this](ByteView tx) -> Result<void> {
            const auto accepted = gateways.chain->accept_transaction(tx);
            if (!accepted) return fail(Error(accepted.error()));
            return {};
        };
        const ledger::Chain& chain = *consortium.chain;
        const auto head = [&chain] {
            return ledger::ConsortiumHead{chain.final_block().height, chain.final_block().id,
                                          chain.final_log_size()};
        };
        const auto final_size = [this] { return gateways.chain->final_log_size(); };
        RecorderOptions options;
        options.flush_count = kInABatch;
        ReceiptRecorder recorder(*receipts, {*gateways.chain, submit, final_size, head},
                                 {0, "m0", gateways.founders.members[0].tx}, options);
        for (int i = 0; i < 100 && recorder.on_ledger() < receipts->stored(); ++i) {
            ASSERT_TRUE(recorder.step(test::at(kFleetBegin + 1'000'000)));
            if (gateways.chain->mempool_ids().empty()) continue;
            gateways.settle();
        }
        ASSERT_EQ(recorder.on_ledger(), kFleetDevices * kEach);
    }
    void anchor() {
        const FinalLedger now = gateways.final_now();
        const ledger::ChainTip block = gateways.chain->at_height(gateways.chain->final_block().height);
        const auto record = ledger::make_ledger_anchor(gateways.founders.chain_id, block.height,
                                                       block.id, now.checkpoint)
                                .value();
        consortium.take(ledger::TxType::kAnchor, encode_ledger_anchor(record), subject_of(record));
        consortium.settle();
    }
};

class CaseOfAFleet : public testing::Test {
  protected:
    static void SetUpTestSuite() { fleet_ = std::make_unique<CaseFleet>(); }
    static void TearDownTestSuite() { fleet_.reset(); }
    static CaseQuestion about(std::optional<std::string> device,
                              std::optional<ledger::LeafHash> release = {},
                              std::optional<std::uint64_t> from = {},
                              std::optional<std::uint64_t> to = {}) {
        return {std::move(device), release, from, to};
    }
    static bool is_later(const Error& error) {  // 503, and Retry-After
        return error.is(std::errc::resource_unavailable_try_again);
    }
    static std::unique_ptr<CaseFleet> fleet_;
};
std::unique_ptr<CaseFleet> CaseOfAFleet::fleet_;

TEST_F(CaseOfAFleet, OneDeviceOfManyHasItsOwnReceiptsInOrder) {
    const auto file = fleet_->ask(about(device_name(42)));
    ASSERT_TRUE(file) << file.error().to_string();
    const CaseReport report = fleet_->judge(*file);
    EXPECT_EQ(report.devices, std::vector<std::string>{device_name(42)});
    ASSERT_EQ(report.steps.size(), kEach);
    for (std::uint32_t i = 0; i < kEach; ++i) {
        EXPECT_EQ(report.steps[i].receipt.counter, i + 1);
        EXPECT_EQ(report.steps[i].batch, i / 2 + 1);
        EXPECT_EQ(report.steps[i].received, kFleetBegin + i * kFleetDevices + 42);
    }
    EXPECT_EQ(report.releases.size(), 2U);
    ASSERT_TRUE(report.anchored);
    EXPECT_EQ(report.anchored->size, 10U);
    ASSERT_EQ(report.missing.size(), 1U);
    EXPECT_NE(report.missing[0].find("no offer is recorded here"), std::string::npos);
    for (std::uint32_t other = 0; other < kFleetDevices; ++other) {
        const auto& id = fleet_->devices->find(device_name(other))->ledger_id;
        const bool is_in = std::ranges::any_of(
            file->devices, [&](const CaseDevice& device) { return device.ledger_id == id; });
        ASSERT_EQ(is_in, other == 42);
    }
}

TEST_F(CaseOfAFleet, ASpanOfTimeReadsTheBatchesOfThatSpanAlone) {
    const auto file = fleet_->ask(about({}, {}, kFleetBegin + 3000, kFleetBegin + 3999));
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(file->receipts_log.entries.size(), 1U);
    EXPECT_EQ(fleet_->store.receipts_read, kInABatch) << "the others are never in memory";
    EXPECT_EQ(fleet_->steps, 2U) << "one batch a step, and the end";
    const CaseReport report = fleet_->judge(*file);
    ASSERT_EQ(report.steps.size(), 1000U);
    EXPECT_EQ(report.steps.front().received, kFleetBegin + 3000);
    EXPECT_EQ(report.steps.back().received, kFleetBegin + 3999);
    EXPECT_EQ(report.devices.size(), kFleetDevices);
    ASSERT_EQ(report.whole.size(), 2U);
    EXPECT_NE(report.whole[0].find("500 of 500 counters"), std::string::npos) << report.whole[0];
    EXPECT_NE(report.whole[1].find("1 of the 1 batches"), std::string::npos) << report.whole[1];

    const auto border = fleet_->ask(about({}, {}, kFleetBegin + 3999, kFleetBegin + 4000));
    ASSERT_TRUE(border) << border.error().to_string();
    EXPECT_EQ(border->receipts.size(), 2U);
    EXPECT_EQ(border->receipts_log.entries.size(), 2U);
    EXPECT_EQ(fleet_->ask(about({}, {}, kFleetBegin + 100'000))->receipts.size(), 0U);
    EXPECT_EQ(fleet_->store.receipts_read, 0U);
}

TEST_F(CaseOfAFleet, AReleaseHasTheReceiptsOfAllDevices) {
    const auto file = fleet_->ask(about({}, fleet_->releases[1]));
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(fleet_->steps, 11U) << "one batch a step, and the end";
    const CaseReport report = fleet_->judge(*file);
    EXPECT_EQ(report.steps.size(), kFleetDevices * kEach / 2);
    EXPECT_EQ(report.devices.size(), kFleetDevices);
    ASSERT_EQ(report.releases.size(), 1U);
    EXPECT_EQ(report.releases[0].leaf, fleet_->releases[1]);
    for (const CaseStep& step : report.steps) ASSERT_GT(step.receipt.counter, kEach / 2);
}

TEST_F(CaseOfAFleet, QuestionsNarrowEachOther) {
    const auto file = fleet_->ask(about(device_name(7), fleet_->releases[0], kFleetBegin + 4000));
    ASSERT_TRUE(file) << file.error().to_string();
    const CaseReport report = fleet_->judge(*file);
    ASSERT_EQ(report.steps.size(), 2U);  // rounds 8 and 9
    EXPECT_EQ(report.steps[0].receipt.counter, 9U);
    EXPECT_EQ(report.steps[1].receipt.counter, 10U);
    EXPECT_TRUE(fleet_->ask(about("nobody")).error().is(Refusal::kDeviceUnknown));
    EXPECT_TRUE(fleet_->ask(about({}, crypto::leaf_hash(as_bytes("none"))))
                    .error()
                    .is(Refusal::kReleaseUnknown));
}

TEST_F(CaseOfAFleet, AHistoryLooksUpEachReleaseOnce) {
    int lookups = 0;
    const ledger::Chain& chain = *fleet_->consortium.chain;
    const ConsortiumView view{chain.state(), chain.final_log_size(),
                              [&](const ledger::LeafHash& leaf) {
                                  ++lookups;
                                  return chain.find(leaf);
                              }};
    fleet_->store.receipts_read = 0;
    const auto history = device_history(*fleet_->devices->find(device_name(3)), *fleet_->receipts,
                                        fleet_->gateways.final_now(), view);
    ASSERT_TRUE(history) << history.error().to_string();
    const auto& rows = history->at("history").as_array();
    ASSERT_EQ(rows.size(), kEach);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        EXPECT_EQ(rows[i].at("counter").to_number<std::size_t>(), i + 1);
        EXPECT_EQ(rows[i].at("state"), "final");
        EXPECT_EQ(rows[i].at("version"), i < kEach / 2 ? "1.1" : "1.2");
    }
    EXPECT_EQ(lookups, 2);
    EXPECT_EQ(fleet_->store.receipts_read, kEach);
}

TEST_F(CaseOfAFleet, ALedgerBehindItsCheckpointIsNotAsked) {
    const auto begin = [&](FinalLedger consortium, FinalLedger gateways) {
        const auto builder = CaseBuilder::begin(about(device_name(1)), fleet_->sources(),
                                                std::move(consortium), std::move(gateways));
        return builder ? std::optional<Error>() : builder.error();
    };
    const FinalLedger consortium = fleet_->consortium.final_now();
    const FinalLedger gateways = fleet_->gateways.final_now();
    EXPECT_FALSE(begin(consortium, gateways).has_value());
    for (FinalLedger longer : {consortium, gateways}) {
        ++longer.size;
        EXPECT_TRUE(is_later(*begin(longer, gateways)));
        EXPECT_TRUE(is_later(*begin(consortium, longer)));
        --longer.size;
        longer.root = LogHash{};
        EXPECT_TRUE(is_later(*begin(longer, gateways)));
        EXPECT_TRUE(is_later(*begin(consortium, longer)));
    }
}

// These are the last ones, for they add to the fleet and break it.
TEST_F(CaseOfAFleet, WhatWaitsForTheLedgerComesLast) {
    fleet_->hear(kFleetDevices * kEach + 5);
    ASSERT_TRUE(fleet_->receipts->note_lost({11, {}, 0, 0, 0}));  // its block is not here either
    ASSERT_TRUE(fleet_->receipts->note_lost({12, {}, 7, kFleetBegin + 90'000, kFleetBegin + 90'009}));
    const auto file = fleet_->ask(about(device_name(5)));
    ASSERT_TRUE(file) << file.error().to_string();
    ASSERT_EQ(file->receipts.size(), kEach + 1);
    EXPECT_FALSE(file->receipts.back().place);
    const CaseReport report = fleet_->judge(*file);
    EXPECT_EQ(report.steps.back().batch, 0U);
    const auto said = [&](std::string_view what) {
        return std::ranges::any_of(report.missing, [&](const std::string& text) {
            return text.find(what) != std::string::npos;
        });
    };
    EXPECT_TRUE(said("1 of the receipts of device-005 are not on the ledger"));
    EXPECT_TRUE(said("Batches 11 to 12 of m0 are lost, it says"));
    const auto earlier = fleet_->ask(about({}, {}, kFleetBegin + 3000, kFleetBegin + 3999));
    ASSERT_TRUE(earlier) << earlier.error().to_string();
    EXPECT_EQ(earlier->lost_batches, std::vector<std::uint64_t>{11}) << "nobody knows what was in it";
}

TEST_F(CaseOfAFleet, ALedgerThatFailsMakesNoReceiptOneThatIsNotOnIt) {
    auto builder = CaseBuilder::begin(about(device_name(5)), fleet_->sources(),
                                      fleet_->consortium.final_now(), fleet_->gateways.final_now());
    ASSERT_TRUE(builder) << builder.error().to_string();
    ASSERT_TRUE(builder->step());
    fleet_->gateways.disk->break_down();
    const auto step = builder->step();
    ASSERT_FALSE(step);
    EXPECT_TRUE(is_later(step.error()));
    const auto file = builder->finish("m0", fleet_->gateways.founders.members[0].tx,
                                      test::at(fleet_->gateways.now));
    ASSERT_FALSE(file);
    EXPECT_TRUE(is_later(file.error()));
    const ledger::Chain& chain = *fleet_->consortium.chain;
    const ConsortiumView view{chain.state(), chain.final_log_size(),
                              [&](const ledger::LeafHash& leaf) { return chain.find(leaf); }};
    const FinalLedger failed{*fleet_->gateways.chain, {}, 0};
    const auto history =
        device_history(*fleet_->devices->find(device_name(3)), *fleet_->receipts, failed, view);
    ASSERT_FALSE(history);
    EXPECT_TRUE(is_later(history.error()));
}

}  // namespace
}  // namespace assay::gateway
