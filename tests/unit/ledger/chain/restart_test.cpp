// A chain that ends at any moment and is opened again: by its own hand, or killed.

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/chain_builder.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::Founders;
using test::kGenesisTime;

Bytes policy(const Founders& founders, std::uint64_t version) {
    return test::make_policy_tx(founders.chain_id, founders.members[0], {version, 1, 10'000});
}

std::string state_of(const Chain& chain) {
    std::string text;
    chain.state().for_each({}, [&text](ByteView key, ByteView value) {
        text += std::string(as_text(key)) + std::string(as_text(value));
        return true;
    });
    return text;
}

void expect_same(const Chain& a, const Chain& b) {
    EXPECT_EQ(a.tip().id, b.tip().id);
    EXPECT_EQ(a.tip().height, b.tip().height);
    EXPECT_EQ(a.tip().log_root, b.tip().log_root);
    EXPECT_EQ(a.mempool_ids(), b.mempool_ids());
    EXPECT_EQ(state_of(a), state_of(b));
    EXPECT_EQ(a.locator(), b.locator());
}

TEST(Restart, ContinuesAfterEveryBlock) {
    const test::TempDir dir;
    const Founders founders(2);
    auto chain = founders.open(dir / "restarted");
    const auto steady = founders.open(dir / "steady");
    std::uint32_t now = kGenesisTime + 5;
    for (std::uint64_t version = 1; version <= 12; ++version) {
        const Bytes tx = policy(founders, version);
        ASSERT_TRUE(chain->accept_transaction(tx));
        ASSERT_TRUE(steady->accept_transaction(tx));
        const Bytes block = founders.extend(*chain, now);
        ASSERT_EQ(steady->accept_block(block, test::at(now)).verdict, BlockVerdict::kValid);
        chain.reset();
        chain = founders.open(dir / "restarted");
        expect_same(*chain, *steady);
        ++now;
    }
}

// What lies on disk while the chain is still open is what a kill -9 leaves behind.
TEST(Restart, AbandonedAfterEveryStepItIsAllThere) {
    const test::TempDir dir;
    const Founders founders(2);
    const auto chain = founders.open(dir / "c");
    std::uint32_t now = kGenesisTime + 5;
    int copies = 0;
    const auto check = [&] {
        const auto copy = dir / ("copy" + std::to_string(++copies));
        std::filesystem::copy(dir / "c", copy, std::filesystem::copy_options::recursive);
        expect_same(*founders.open(copy), *chain);
    };
    for (std::uint64_t version = 1; version <= 10; version += 2) {
        ASSERT_TRUE(chain->accept_transaction(policy(founders, version)));
        check();
        ASSERT_TRUE(chain->accept_transaction(policy(founders, version + 1)));
        founders.extend(*chain, now);
        check();
        ++now;
    }
}

// A child works until it is killed; everything it said was done is there afterwards.
TEST(Restart, KilledAtAnyMomentItKeepsWhatItAcknowledged) {
    const test::TempDir dir;
    const Founders founders(1);
    std::uint64_t version = 0;
    for (int round = 0; round < 6; ++round) {
        int done[2];
        ASSERT_EQ(::pipe(done), 0);
        const pid_t child = ::fork();
        ASSERT_GE(child, 0);
        if (child == 0) {
            const auto chain = founders.open(dir / "c");
            std::uint32_t now = chain->tip().time + 1;
            for (std::uint64_t next = version + 1;; ++next, ++now) {
                const bool accepted = chain->accept_transaction(policy(founders, next)).has_value();
                if (next % 3 == 0) founders.extend(*chain, now);
                if (!accepted || ::write(done[1], &next, sizeof next) != sizeof next) ::_exit(1);
            }
        }
        ::close(done[1]);
        std::uint64_t reported = 0;
        for (int i = 0; i < 5 + 3 * round; ++i) {
            ASSERT_EQ(::read(done[0], &reported, sizeof reported),
                      static_cast<ssize_t>(sizeof reported));
        }
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        while (::read(done[0], &reported, sizeof reported) == sizeof reported) {
        }
        ::close(done[0]);

        const auto chain = founders.open(dir / "c");
        const std::uint64_t kept = chain->tip().log_size + chain->mempool_size();
        EXPECT_GE(kept, reported);
        EXPECT_LE(kept, reported + 1) << "one may have been under way";
        version = kept;
    }
    EXPECT_GE(version, 70U);
}

TEST(Restart, RefusesTheFolderOfAnotherLedger) {
    const test::TempDir dir;
    const Founders founders(1);
    founders.open(dir / "c").reset();
    const Founders others(1);
    const auto chain = Chain::open(dir / "c", others.genesis_bytes, consortium_rules());
    ASSERT_FALSE(chain);
    EXPECT_TRUE(chain.error().is(Refusal::kChainIdMismatch)) << chain.error().to_string();
}

TEST(Restart, RefusesAFolderThatIsInUse) {
    const test::TempDir dir;
    const Founders founders(1);
    const auto first = founders.open(dir / "c");
    EXPECT_FALSE(Chain::open(dir / "c", founders.genesis_bytes, consortium_rules()));
}

}  // namespace
}  // namespace assay::ledger
