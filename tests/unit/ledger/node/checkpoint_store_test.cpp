#include "ledger/node/checkpoint_store.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::at;
using test::Founders;
using test::kGenesisTime;

class CheckpointStoreTest : public testing::Test {
  protected:
    CheckpointStoreTest() : chain{founders.open(dir / "c")} {
        grow(*chain, 1);
        grow(*chain, 2);
    }
    void grow(Chain& of, std::uint64_t version) {
        test::PolicyOptions options;
        options.version = version;
        const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0], options);
        ASSERT_TRUE(of.accept_transaction(tx).has_value());
        ASSERT_FALSE(founders.extend(of, now).empty());
        ++now;
    }
    [[nodiscard]] CheckpointStore open() {
        auto store = CheckpointStore::open(dir / "final", *chain);
        EXPECT_TRUE(store.has_value()) << store.error().to_string();
        return std::move(*store);
    }
    [[nodiscard]] Checkpoint of_size(std::uint64_t size) const { return of_size(size, *chain); }
    [[nodiscard]] Checkpoint of_size(std::uint64_t size, const Chain& of) const {
        return {founders.genesis.origin, size, of.log_root(size)};
    }
    [[nodiscard]] std::string note_by(std::size_t member,
                                      const Checkpoint& checkpoint,
                                      std::uint64_t time = 1'000) const {
        const auto& keys = founders.members[member];
        Note note{checkpoint_text(checkpoint), {}};
        note.signatures.push_back(sign_checkpoint(checkpoint, keys.log).value());
        note.signatures.push_back(
            cosign_checkpoint(checkpoint, keys.entry.name, time, keys.cosign).value());
        return to_string(note);
    }
    // Adds the notes of the first `count` members; whether the last made a difference.
    [[nodiscard]] bool add_of(CheckpointStore& store, std::size_t count, const Checkpoint& what) {
        bool changed = false;
        for (std::size_t i = 0; i < count; ++i) {
            changed = store.add(static_cast<Slot>(i), note_by(i, what, 1'000 + i)).value();
        }
        return changed;
    }

    test::TempDir dir;
    Founders founders{4};  // m = 3
    std::unique_ptr<Chain> chain;
    std::uint32_t now = kGenesisTime + 5;
};

TEST_F(CheckpointStoreTest, CountsWithThreeOfFourMembers) {
    auto store = open();
    EXPECT_FALSE(add_of(store, 2, of_size(1)));
    EXPECT_FALSE(store.newest().has_value());
    EXPECT_FALSE(store.add(1, note_by(1, of_size(1))).value()) << "twice the same member";
    EXPECT_TRUE(store.add(2, note_by(2, of_size(1), 1'002)).value());
    ASSERT_TRUE(store.newest().has_value());
    EXPECT_EQ(store.newest()->size, 1U);
    EXPECT_EQ(store.newest()->root, chain->log_root(1));
    EXPECT_EQ(store.newest()->time, at(1'000)) << "the least of the three";
    const auto epoch = first_epoch(founders.chain_id, chain->registry());
    EXPECT_TRUE(verify_checkpoint(store.newest()->text, founders.genesis.origin, epoch));
}

TEST_F(CheckpointStoreTest, NewerCosignaturesReplaceOlderOnes) {
    auto store = open();
    ASSERT_TRUE(add_of(store, 3, of_size(1)));
    for (std::size_t i = 0; i < 3; ++i) {
        EXPECT_TRUE(store.add(static_cast<Slot>(i), note_by(i, of_size(1), 5'000)).value());
    }
    EXPECT_EQ(store.newest()->time, at(5'000));
    EXPECT_FALSE(store.add(0, note_by(0, of_size(1), 4'000)).value()) << "an old one again";
}

TEST_F(CheckpointStoreTest, KeepsTheLargestAndNeverGoesBack) {
    auto store = open();
    ASSERT_TRUE(add_of(store, 3, of_size(2)));
    EXPECT_FALSE(add_of(store, 4, of_size(1)));
    EXPECT_EQ(store.newest()->size, 2U);
}

TEST_F(CheckpointStoreTest, IsThereAgainAfterARestart) {
    std::optional<FinalCheckpoint> before;
    {
        auto store = open();
        ASSERT_TRUE(add_of(store, 3, of_size(2)));
        before = store.newest();
    }
    EXPECT_EQ(open().newest(), before);
    ASSERT_TRUE(write_file_durable(dir / "final", as_bytes("garbage")).has_value());
    const auto broken = CheckpointStore::open(dir / "final", *chain);
    ASSERT_FALSE(broken.has_value());
    EXPECT_NE(broken.error().context().find("remove it"), std::string::npos);
}

TEST_F(CheckpointStoreTest, WaitsForTheChainToGetThere) {
    auto store = open();
    const auto ahead = founders.open(dir / "ahead");
    for (BlockHeight h = 1; h <= 2; ++h) {
        ahead->accept_block(*chain->block(*chain->id_at(h)), at(now));
    }
    grow(*ahead, 3);
    EXPECT_FALSE(add_of(store, 3, of_size(3, *ahead)));
    EXPECT_FALSE(store.newest().has_value());
    chain->accept_block(*ahead->block(ahead->tip().id), at(now));
    EXPECT_TRUE(store.on_tip().value());
    EXPECT_EQ(store.newest()->size, 3U);
    EXPECT_TRUE(store.conflict().empty());
}

TEST_F(CheckpointStoreTest, ReportsAQuorumForAnotherLog) {
    auto store = open();
    Checkpoint other = of_size(1);
    other.root.bytes[0] ^= std::byte{1};
    EXPECT_FALSE(add_of(store, 3, other));
    EXPECT_FALSE(store.newest().has_value());
    EXPECT_NE(store.conflict().find("another log of size 1"), std::string::npos);
}

TEST_F(CheckpointStoreTest, RefusesWhatNoMemberSigned) {
    auto store = open();
    const auto word = [&](std::string_view note) {
        const auto added = store.add(0, note);
        return added ? Refusal{} : assay::refusal_of(added.error().code()).value_or(Refusal{});
    };
    EXPECT_EQ(word("garbage"), Refusal::kMalformed);
    Checkpoint elsewhere = of_size(1);
    elsewhere.origin = "other.example/log";
    EXPECT_EQ(word(note_by(0, elsewhere)), Refusal::kOriginMismatch);

    const test::TestMember stranger(9, "m0", kRolesAll);
    Note forged{checkpoint_text(of_size(1)), {}};
    forged.signatures.push_back(sign_checkpoint(of_size(1), stranger.log).value());
    forged.signatures.push_back(cosign_checkpoint(of_size(1), "m0", 1, stranger.cosign).value());
    EXPECT_EQ(word(to_string(forged)), Refusal::kSignatureInvalid);

    // Among good lines a stranger's is left out.
    Note mixed = parse_note(note_by(0, of_size(1))).value();
    mixed.signatures.push_back(forged.signatures[1]);
    EXPECT_TRUE(store.add(0, to_string(mixed)).has_value());
    ASSERT_TRUE(add_of(store, 3, of_size(1)));
    EXPECT_EQ(parse_note(store.newest()->text)->signatures.size(), 6U);
}

TEST_F(CheckpointStoreTest, AMemberCannotCrowdOutOthers) {
    auto store = open();
    for (std::uint64_t size = 100; size < 200; ++size) {
        Checkpoint invented = of_size(1);
        invented.size = size;
        ASSERT_TRUE(store.add(3, note_by(3, invented)).has_value());
    }
    EXPECT_TRUE(add_of(store, 3, of_size(2)));
}

TEST_F(CheckpointStoreTest, AMemberCannotTakeAwayWhatOthersSigned) {
    auto store = open();
    ASSERT_TRUE(store.add(3, note_by(3, of_size(2))).has_value()) << "the first to name it";
    EXPECT_FALSE(store.add(0, note_by(0, of_size(2))).value());
    for (std::uint64_t size = 100; size < 200; ++size) {
        Checkpoint invented = of_size(1);
        invented.size = size;
        ASSERT_TRUE(store.add(3, note_by(3, invented)).has_value());
    }
    ASSERT_TRUE(store.add(1, note_by(1, of_size(2))).value());
    EXPECT_EQ(store.newest()->size, 2U);
}

}  // namespace
}  // namespace assay::ledger
