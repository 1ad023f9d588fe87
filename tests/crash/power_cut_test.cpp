// The power goes after every single call that changes a disk, and what the disk then may hold is
// opened again. One run of the script is recorded; for each call and each loss model the disk is
// put together from the record. Nothing that was acknowledged before the cut may be missing.

#include <algorithm>
#include <cstdio>
#include <map>
#include <random>

#include <gtest/gtest.h>

#include "tests/crash/disk_model.hpp"
#include "tests/crash/script.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::crash {
namespace {

struct Recording {
    std::vector<FileCall> calls;
    std::vector<std::size_t> acknowledged;  // calls made when each step was
};

Recording record(const Script& script, const std::filesystem::path& dir) {
    Recording made;
    const Watching watching(dir, [&](const FileCall& call) {
        made.calls.push_back(call);
        return 0;
    });
    Member member(script, dir);
    EXPECT_TRUE(member.open().has_value());
    for (const Step& step : script.steps) {
        const auto played = member.play(step);
        EXPECT_TRUE(played.has_value()) << played.error().to_string();
        made.acknowledged.push_back(made.calls.size());
    }
    EXPECT_GT(member.chain().first_block(), 10U) << "blocks are let go all the time";
    const auto frees_blocks = [](const FileCall& call) {
        return call.kind == FileCall::Kind::kRemove && call.path.find("blk0") != std::string::npos;
    };
    EXPECT_TRUE(std::ranges::any_of(made.calls, frees_blocks));
    return made;
}

std::string name_of(Loss loss) {
    const char* const names[] = {"nothing lost", "all unsynced lost", "torn", "torn with garbage"};
    return names[static_cast<std::size_t>(loss)];
}

struct Tally {
    std::size_t states = 0, lost = 0, unopened = 0, repaired = 0;

    void operator+=(const Tally& more) {
        states += more.states;
        lost += more.lost;
        unopened += more.unopened;
        repaired += more.repaired;
    }
};

class Cuts {
  public:
    Cuts(const Script& script, const Recording& recording, unsigned seed)
        : script_{script}, recording_{recording}, random_{seed}, seed_{seed} {}

    Tally try_all(Loss loss) {
        DiskModel disk;
        Tally tally;
        std::size_t step = 0;  // under way
        for (std::size_t call = 0; call < recording_.calls.size(); ++call) {
            disk.apply(recording_.calls[call]);
            while (step < script_.steps.size() && recording_.acknowledged[step] <= call + 1) ++step;
            try_one(disk.after_cut(loss, random_), step, tally,
                    name_of(loss) + " after call " + std::to_string(call));
        }
        return tally;
    }

  private:
    // The first `steps` were acknowledged.
    void try_one(const DiskModel::Tree& tree, std::size_t steps, Tally& tally, const std::string& what) {
        const auto dir = dir_ / "d";
        std::filesystem::remove_all(dir);
        std::filesystem::create_directories(dir);
        write_tree(dir, tree);
        const Promise nothing = first_promise();
        const Promise& before = steps == 0 ? nothing : script_.steps[steps - 1].after;
        const Promise& after = steps == script_.steps.size() ? before : script_.steps[steps].after;
        ++tally.states;
        Member member(script_, dir);
        if (const auto opened = member.open(); !opened) {
            ++tally.unopened;
            ADD_FAILURE() << what << ", seed " << seed_ << ": " << opened.error().to_string();
            return;
        }
        if (member.chain().repair()) ++tally.repaired;
        if (const std::string missing = member.judge(before, after); !missing.empty()) {
            ++tally.lost;
            ADD_FAILURE() << what << ", seed " << seed_ << ", step " << steps << ": " << missing;
        }
    }
    [[nodiscard]] Promise first_promise() const {
        Promise promise;
        promise.tip = ledger::genesis_header(script_.founders.genesis, script_.founders.genesis_bytes).id();
        return promise;
    }

    const Script& script_;
    const Recording& recording_;
    DiskModel::Random random_;
    unsigned seed_;
    test::TempDir dir_{test::memory_folder()};
};

// Several short lives rather than one long one: every state is opened, and a long ledger takes longer.
constexpr int kLives = 4;

void cut_everywhere(ledger::LedgerKind kind, std::size_t rounds, std::size_t states_wanted) {
    std::map<Loss, Tally> tallies;
    Tally all;
    std::size_t calls = 0;
    for (int life = 0; life < kLives; ++life) {
        const unsigned seed = std::random_device{}();
        const Script script(kind, rounds, seed);
        const test::TempDir dir{test::memory_folder()};
        const Recording recording = record(script, dir.path());
        calls += recording.calls.size();
        std::printf("seed %u: %zu steps, %zu calls\n", seed, script.steps.size(),
                    recording.calls.size());
        Cuts cuts(script, recording, seed);
        for (const Loss loss : kLosses) {
            const Tally tally = cuts.try_all(loss);
            tallies[loss] += tally;
            all += tally;
        }
    }
    for (const auto& [loss, tally] : tallies) {
        std::printf("%-18s %6zu cut states, %zu lost something acknowledged, %zu did not open, "
                    "%zu were rebuilt\n",
                    name_of(loss).c_str(), tally.states, tally.lost, tally.unopened, tally.repaired);
    }
    std::printf("%s ledger: %zu cut states after %zu calls; %zu lost, %zu did not open\n",
                std::string(to_string(kind)).c_str(), all.states, calls, all.lost, all.unopened);
    EXPECT_EQ(all.repaired, 0U) << "a power cut is no damage";
    EXPECT_GE(all.states, states_wanted);
}

TEST(PowerCut, ConsortiumLosesNothingIn10000States) {
    cut_everywhere(ledger::LedgerKind::kConsortium, 22, 10'000);
}

TEST(PowerCut, GatewayLosesNothingIn10000States) {
    cut_everywhere(ledger::LedgerKind::kGateway, 18, 10'000);
}

}  // namespace
}  // namespace assay::crash
