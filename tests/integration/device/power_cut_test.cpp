// 10,000 power cuts at every write of an update, on a medium that keeps any part of what was not
// synced. After each cut a boot loader must find a slot with a whole, released image; the update
// must still come to its end; and no cut may cost more than one chunk fetched again.
//
// ASSAY_POWER_CUTS sets another number of cuts.

#include <cstdlib>

#include <gtest/gtest.h>

#include "device/agent.hpp"
#include "device/uboot_env.hpp"
#include "host/crypto/sha256.hpp"
#include "tests/integration/device/fault_storage.hpp"
#include "tests/support/test_consortium.hpp"

namespace assay::device {
namespace {

using test::FaultStorage;
using test::ProvedRelease;
using test::TestConsortium;

constexpr std::size_t kChunkSize = 1000;
constexpr std::size_t kChunks = 5;
constexpr std::size_t kEnvBytes = 600;

Bytes image_of(std::uint64_t sequence) {
    Bytes image(kChunkSize * kChunks - 300);
    for (std::size_t i = 0; i < image.size(); ++i) {
        image[i] = static_cast<std::byte>((i * 31 + i / 251 + sequence * 57) & 0xff);
    }
    return image;
}

// A gateway without a network, which takes only what the protocol allows.
class MemoryGateway final : public Gateway {
  public:
    MemoryGateway(const ProvedRelease& proved, Bytes image, std::uint64_t sequence)
        : leaf_{proved.leaf()},
          proof_{proved.bundle()},
          image_{std::move(image)},
          chunks_{TestConsortium::chunks(image_, kChunkSize)},
          sequence_{sequence} {}

    Result<protocol::PollAnswer> poll(const protocol::PollRequest& request) override {
        protocol::PollAnswer answer;
        answer.sleep_ms = 1000;
        if (request.sequence < sequence_) {
            protocol::Assignment assignment;
            assignment.release = leaf_;
            assignment.sequence = sequence_;
            answer.assignment = assignment;
        }
        return answer;
    }
    Result<Bytes> proof(const ledger::LeafHash&) override { return proof_; }
    Result<std::vector<Sha256Digest>> chunk_digests(const ledger::LeafHash&,
                                                    std::uint64_t) override {
        return chunks_;
    }
    Result<Bytes> image_range(const ledger::LeafHash&,
                              std::uint64_t offset,
                              std::size_t bytes) override {
        ++fetched;
        return to_bytes(ByteView(image_).subspan(offset, bytes));
    }
    Result<ReceiptAnswer> send_receipt(ByteView receipt,
                                       const std::optional<protocol::ReceiptName>&) override {
        const auto decoded = ledger::decode_receipt(receipt).value();
        const auto [known, is_new] = receipts_.emplace(decoded.body.counter, to_bytes(receipt));
        EXPECT_EQ(known->second, to_bytes(receipt)) << "a counter was used twice";
        return ReceiptAnswer::kTaken;
    }
    std::uint64_t fetched = 0;

  private:
    ledger::LeafHash leaf_;
    Bytes proof_, image_;
    std::vector<Sha256Digest> chunks_;
    std::uint64_t sequence_;
    std::map<std::uint32_t, Bytes> receipts_;
};

// Unpacks by copying chunk-sized pieces; power may go between any two.
class CopyingInstaller final : public Installer {
  public:
    explicit CopyingInstaller(Storage& storage) : storage_{&storage} {}
    Result<void> install(const PendingRelease& release, const InstallTarget& target) override {
        const auto from = storage_->open(target.payload).value();
        const auto to = storage_->open_sized(target.slot_path, release.bytes).value();
        Bytes piece(kChunkSize);
        for (std::uint64_t at = 0; at < release.bytes; at += kChunkSize) {
            piece.resize(kChunkSize);
            piece.resize(from->read_at(at, piece).value());
            if (auto written = to->write_at(at, piece); !written) return written;
        }
        return to->sync();
    }

  private:
    Storage* storage_;
};

enum class Board { kFileBoot, kUBootEnv, kInstaller };

struct Tally {
    std::uint64_t cuts = 0, bricks = 0, updates = 0, writes = 0, most_refetched = 0;
};

// A board, blank or with what another one holds.
class PowerCutBoard {
  public:
    PowerCutBoard(Board board,
                  const FaultStorage& medium,
                  std::uint64_t seed,
                  const TestConsortium& consortium,
                  const crypto::PrivateKey& key)
        : storage{seed, medium}, key_{&key} {
        options_.folder = "/device";
        options_.slots = Slots::files_in("/device/slots");
        options_.identity.anchor = consortium.anchor();
        options_.identity.device_class = consortium.device_class;
        options_.identity.component = "firmware";
        options_.identity.checkpoint_age_max_s = 3600;
        if (board == Board::kUBootEnv) {
            UBootEnvOptions env;
            env.copies = {{{"/dev/env", 0}, {"/dev/env", kEnvBytes}}};
            env.bytes = kEnvBytes;
            UBootEnv fresh;
            fresh.variables = {"bootcmd=run boot_assay"};
            Bytes both = encode_uboot_env(fresh, kEnvBytes).value();
            append(both, Bytes(kEnvBytes));
            if (storage.content("/dev/env").empty()) storage.put("/dev/env", both);
            boot_ = std::make_unique<UBootEnvStore>(env, storage);
        } else {
            boot_ = std::make_unique<FileBootStore>("/device/boot.cbor", storage);
        }
        if (board == Board::kInstaller) installer_ = std::make_unique<CopyingInstaller>(storage);
    }

    // Boots, and goes on until nothing is left to do or the power goes. False: it went.
    bool run(Gateway& gateway) {
        try {
            for (;;) {
                const BootLoader boot(*boot_);
                Agent agent(options_, {*key_, gateway, storage, boot, log_, nullptr,
                                       installer_.get()});
                auto next = agent.start();
                while (next && next->kind == Agent::Next::Kind::kSleep) {
                    next = agent.round();
                    if (next && next->kind == Agent::Next::Kind::kSleep) return true;
                }
                if (!next) {
                    ADD_FAILURE() << next.error().to_string();
                    return true;
                }
            }
        } catch (const test::PowerCut&) {
            return false;
        }
    }

    // What a boot loader would start now. Nothing: it does not know.
    [[nodiscard]] std::optional<Bytes> image_that_starts() {
        const auto state = boot_->read();
        if (!state) return std::nullopt;
        const bool tries = state->trial && state->tries_left > 0;
        return storage.content(options_.slots.at(tries ? *state->trial : state->active));
    }
    [[nodiscard]] AgentState state() {
        return StateFile("/device/state.cbor", storage).load().value();
    }

    FaultStorage storage;

  private:
    const crypto::PrivateKey* key_;
    AgentOptions options_;
    std::unique_ptr<BootStore> boot_;
    std::unique_ptr<Installer> installer_;
    std::FILE* nowhere_ = std::fopen("/dev/null", "w");
    EventLog log_{nowhere_, EventLog::Form::kText};

  public:
    PowerCutBoard(const PowerCutBoard&) = delete;
    PowerCutBoard& operator=(const PowerCutBoard&) = delete;
    ~PowerCutBoard() { std::fclose(nowhere_); }
};

class PowerCuts : public testing::Test {
  protected:
    // A board with release 1 on it, as production leaves it.
    [[nodiscard]] std::unique_ptr<PowerCutBoard> produced(Board kind) {
        const FaultStorage blank(0);
        auto board = std::make_unique<PowerCutBoard>(kind, blank, 0, consortium_, key_);
        MemoryGateway production(first_, image_of(1), 1);
        EXPECT_TRUE(board->run(production));
        EXPECT_EQ(board->image_that_starts(), image_of(1));
        return board;
    }

    // From release 1 to release 2, with the power going at the n-th write, and in every third update
    // once or twice more while it is made good.
    void update(Board kind,
                const FaultStorage& medium,
                std::uint64_t n,
                std::uint64_t seed,
                Tally& tally) {
        PowerCutBoard board(kind, medium, seed, consortium_, key_);
        MemoryGateway after(second_, image_of(2), 2);
        std::mt19937_64 random(seed);
        std::uint64_t cuts = 0;
        board.storage.cut_at(n);
        while (!board.run(after)) {
            ++cuts;
            const auto starts = board.image_that_starts();
            if (!starts || (*starts != image_of(1) && *starts != image_of(2))) {
                ++tally.bricks;
                ADD_FAILURE() << "a brick: board " << static_cast<int>(kind) << ", write " << n
                              << ", seed " << seed;
                return;
            }
            if (seed % 3 == 0 && cuts < 3) board.storage.cut_at(1 + random() % 20);
        }
        board.storage.cut_at(0);
        tally.cuts += cuts;
        ++tally.updates;
        const auto state = board.state();
        ASSERT_EQ(state.phase, Phase::kConfirmed) << "write " << n << ", seed " << seed;
        ASSERT_EQ(state.installed->sequence, 2U);
        ASSERT_EQ(board.image_that_starts(), image_of(2));
        ASSERT_LE(after.fetched, kChunks + cuts) << "write " << n << ", seed " << seed;
        if (cuts == 1) tally.most_refetched = std::max(tally.most_refetched, after.fetched - kChunks);
    }

    // How many writes an update has that nothing disturbs.
    [[nodiscard]] std::uint64_t writes_of_an_update(Board kind, const FaultStorage& medium) {
        PowerCutBoard board(kind, medium, 0, consortium_, key_);
        MemoryGateway after(second_, image_of(2), 2);
        EXPECT_TRUE(board.run(after));
        return board.storage.writes();
    }

    TestConsortium consortium_;
    const crypto::PrivateKey key_ =
        crypto::PrivateKey::generate(crypto::Algorithm::kEcdsaP256).value();
    const ProvedRelease first_{consortium_, consortium_.release(1, image_of(1), kChunkSize)};
    const ProvedRelease second_{consortium_, consortium_.release(2, image_of(2), kChunkSize),
                                TestConsortium::kTime + 60};
};

TEST_F(PowerCuts, NoneOfTenThousandMakesABrick) {
    const char* const wanted = std::getenv("ASSAY_POWER_CUTS");
    const std::uint64_t goal = wanted == nullptr ? 10'000 : std::strtoull(wanted, nullptr, 10);
    Tally tally;
    struct Point {
        Board kind;
        const FaultStorage* medium;
        std::uint64_t write;
    };
    std::vector<Point> points;
    std::vector<std::unique_ptr<PowerCutBoard>> boards;
    for (const Board kind : {Board::kFileBoot, Board::kUBootEnv, Board::kInstaller}) {
        boards.push_back(produced(kind));
        const FaultStorage& medium = boards.back()->storage;
        const std::uint64_t writes = writes_of_an_update(kind, medium);
        EXPECT_GE(writes, 2 * kChunks + 8) << "chunks twice, size, states, boot states";
        for (std::uint64_t n = 1; n <= writes; ++n) points.push_back({kind, &medium, n});
        tally.writes += writes;
    }
    for (std::uint64_t seed = 1; tally.cuts < goal && !HasFailure(); ++seed) {
        for (const auto& [kind, medium, n] : points) {
            if (tally.cuts >= goal || HasFailure()) break;
            update(kind, *medium, n, seed * 1000 + n, tally);
        }
    }
    EXPECT_GE(tally.cuts, goal);
    EXPECT_EQ(tally.bricks, 0U);
    EXPECT_LE(tally.most_refetched, 1U);
    std::printf("%llu power cuts at %llu writes in %llu updates: %llu bricks; after one cut at most "
                "%llu chunk fetched again\n",
                static_cast<unsigned long long>(tally.cuts),
                static_cast<unsigned long long>(tally.writes),
                static_cast<unsigned long long>(tally.updates),
                static_cast<unsigned long long>(tally.bricks),
                static_cast<unsigned long long>(tally.most_refetched));
}

// The test itself must be able to find a brick: without the sync, the slot is not what it seems.
TEST_F(PowerCuts, AMediumThatLosesPowerForgetsWhatWasNotSynced) {
    int kept = 0;
    int lost = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        FaultStorage storage(seed);
        const auto volume = storage.open_sized("/x", 4).value();
        storage.cut_at(1);
        EXPECT_THROW((void)volume->write_at(0, as_bytes("data")), test::PowerCut);
        ++(storage.content("/x") == to_bytes(as_bytes("data")) ? kept : lost);
    }
    EXPECT_GT(kept, 0);
    EXPECT_GT(lost, 0);
}

}  // namespace
}  // namespace assay::device
