// Every single call that changes a disk fails once, with EIO and with ENOSPC. Nothing crashes, what
// cannot be kept is not acknowledged, the chain says that it has failed, and goes on, without a
// restart, from what lies on the disk. Then a disk that stays full for a while.

#include <cerrno>
#include <cstdio>
#include <random>

#include <gtest/gtest.h>

#include "tests/crash/file_calls.hpp"
#include "tests/crash/script.hpp"
#include "tests/support/store_damage.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::crash {
namespace {

void expect_sound(ledger::Chain& chain) {
    test::check_all(chain);
    EXPECT_FALSE(chain.has_failed()) << chain.failure();
}

// A failed chain knows nothing, takes nothing and makes nothing.
void expect_silent(ledger::Chain& chain, const Bytes& transaction) {
    EXPECT_FALSE(chain.failure().empty());
    EXPECT_FALSE(chain.accept_transaction(transaction));
    EXPECT_FALSE(chain.block(chain.tip().id));
    EXPECT_FALSE(chain.make_template(0, test::at(UINT32_MAX / 2)));
}

struct FaultCounts {
    std::size_t failed = 0;    // calls made to fail
    std::size_t stopped = 0;   // times a chain had failed
    std::size_t rebuilt = 0;
};

class OneCallFails {
  public:
    OneCallFails(ledger::LedgerKind kind, unsigned seed, int error)
        : script_{kind, 22, seed}, error_{error} {}

    FaultCounts run() {
        const Watching watching(dir_.path(), [this](const FileCall&) { return on_call(); });
        Member member(script_, dir_.path());
        Promise before;
        before.tip =
            ledger::genesis_header(script_.founders.genesis, script_.founders.genesis_bytes).id();
        const Step opening = ledger_opening(before);
        repeat(member, opening, before);
        for (std::size_t i = 0; i < script_.steps.size() && !testing::Test::HasFailure(); ++i) {
            SCOPED_TRACE("step " + std::to_string(i));
            repeat(member, script_.steps[i], before);
            before = script_.steps[i].after;
        }
        return counts_;
    }
    [[nodiscard]] std::size_t steps() const noexcept { return script_.steps.size(); }

  private:
    static Step ledger_opening(const Promise& before) {
        Step step;
        step.after = before;
        return step;
    }
    int on_call() {
        if (!armed_ || seen_++ != fail_at_) return 0;
        fired_ = true;
        return error_;
    }
    // With the first call failing, then with the second...
    void repeat(Member& member, const Step& step, const Promise& before) {
        for (fail_at_ = 0;; ++fail_at_) {
            seen_ = 0;
            fired_ = false;
            armed_ = true;
            const auto played = member.play(step);
            armed_ = false;
            if (!fired_ && played) return;
            if (!fired_) --fail_at_;  // LevelDB says now that it failed behind the scenes before
            if (fired_) ++counts_.failed;
            if (member.is_open() && member.chain().has_failed()) {
                ++counts_.stopped;
                EXPECT_TRUE(!played || step.kind != Step::Kind::kBlock);
                expect_silent(member.chain(), script_.steps.front().bytes.front());
            }
            const auto recovered = member.recover();
            ASSERT_TRUE(recovered.has_value()) << recovered.error().to_string();
            expect_sound(member.chain());
            if (member.chain().repair()) ++counts_.rebuilt;
            const std::string missing = member.judge(played ? step.after : before, step.after);
            ASSERT_EQ(missing, "") << "call " << fail_at_;
        }
    }

    const Script script_;
    const int error_;
    test::TempDir dir_{test::memory_folder()};
    bool armed_ = false, fired_ = false;
    std::size_t seen_ = 0, fail_at_ = 0;
    FaultCounts counts_;
};

void every_call_fails_once(ledger::LedgerKind kind, int error, std::size_t calls_wanted) {
    FaultCounts all;
    while (all.failed < calls_wanted && !testing::Test::HasFailure()) {
        const unsigned seed = std::random_device{}();
        OneCallFails life(kind, seed, error);
        const FaultCounts counts = life.run();
        std::printf("seed %u: %zu steps, %zu calls failed once, %zu times the ledger stopped\n", seed,
                    life.steps(), counts.failed, counts.stopped);
        ASSERT_GT(counts.stopped, 100U);
        all.failed += counts.failed;
        all.rebuilt += counts.rebuilt;
    }
    EXPECT_EQ(all.rebuilt, 0U) << "a passing failure is no damage";
    std::printf("%s ledger: %zu calls failed once with %s, nothing lost\n",
                std::string(to_string(kind)).c_str(), all.failed, error == EIO ? "EIO" : "ENOSPC");
}

TEST(FailingDisk, ConsortiumGoesOnAfterEachOf2000InputErrors) {
    every_call_fails_once(ledger::LedgerKind::kConsortium, EIO, 2'000);
}
TEST(FailingDisk, ConsortiumGoesOnAfterEachOf2000FullDisks) {
    every_call_fails_once(ledger::LedgerKind::kConsortium, ENOSPC, 2'000);
}
TEST(FailingDisk, GatewayGoesOnAfterEachOf2000InputErrors) {
    every_call_fails_once(ledger::LedgerKind::kGateway, EIO, 2'000);
}
TEST(FailingDisk, GatewayGoesOnAfterEachOf2000FullDisks) {
    every_call_fails_once(ledger::LedgerKind::kGateway, ENOSPC, 2'000);
}

// Full for the time of every third step: recovering fails too, until there is space again.
TEST(FailingDisk, WaitsForSpaceAndGoesOn) {
    const unsigned seed = std::random_device{}();
    std::printf("seed %u\n", seed);
    const Script script(ledger::LedgerKind::kConsortium, 30, seed);
    const test::TempDir dir{test::memory_folder()};
    bool is_full = false;
    const Watching watching(dir.path(), [&](const FileCall& call) {
        const bool grows = call.kind == FileCall::Kind::kWrite ||
                           call.kind == FileCall::Kind::kCreate ||
                           call.kind == FileCall::Kind::kMakeFolder;
        return is_full && grows ? ENOSPC : 0;
    });
    Member member(script, dir.path());
    ASSERT_TRUE(member.open().has_value());
    Promise before;
    before.tip = member.chain().tip().id;
    std::size_t times = 0;
    for (std::size_t i = 0; i < script.steps.size(); ++i) {
        SCOPED_TRACE("step " + std::to_string(i));
        const Step& step = script.steps[i];
        is_full = i % 3 == 0;
        const bool played = member.play(step).has_value();
        if (is_full && !played) {
            ++times;
            for (int again = 0; again < 3 && member.is_open() && member.chain().has_failed(); ++again) {
                const auto recovered = member.recover();
                // A database that has nothing to write opens on a full disk too.
                EXPECT_TRUE(recovered || recovered.error().is(std::errc::no_space_on_device))
                    << recovered.error().to_string();
            }
        }
        is_full = false;
        const auto recovered = member.recover();
        ASSERT_TRUE(recovered.has_value()) << recovered.error().to_string();
        ASSERT_EQ(member.judge(played ? step.after : before, step.after), "");
        ASSERT_TRUE(member.play(step).has_value());
        ASSERT_FALSE(member.chain().repair()) << "a full disk is no damage";
        before = step.after;
    }
    EXPECT_GT(times, 40U);
}

}  // namespace
}  // namespace assay::crash
