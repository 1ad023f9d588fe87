#include "ledger/node/mining.hpp"

#include <atomic>
#include <thread>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "host/compute/engine_registry.hpp"
#include "ledger/net/task_group.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ledger {
namespace {

using test::Founders;
using test::kGenesisTime;

// Time is what the test says.
class SetClock final : public Clock {
  public:
    [[nodiscard]] Timestamp now() const noexcept override { return test::at(second); }
    std::uint32_t second = kGenesisTime + 5;
};

// A device that went away.
class LostEngine final : public compute::PowEngine {
  public:
    [[nodiscard]] const compute::EngineInfo& info() const noexcept override { return info_; }
    [[nodiscard]] Result<compute::PowResult> search(const compute::PowWork&,
                                                    std::stop_token) override {
        return fail(std::errc::no_such_device, "device lost");
    }

  private:
    compute::EngineInfo info_{"opencl:9", "gone"};
};

// Searches until it is told to stop.
class EndlessEngine final : public compute::PowEngine {
  public:
    [[nodiscard]] const compute::EngineInfo& info() const noexcept override { return info_; }
    [[nodiscard]] Result<compute::PowResult> search(const compute::PowWork& work,
                                                    std::stop_token stop) override {
        header = work.header;
        ++searches;
        while (!stop.stop_requested()) std::this_thread::yield();
        return compute::PowResult{};
    }
    std::atomic<int> searches = 0;
    compute::HeaderBytes header{};  // of the last; written before `searches`

  private:
    compute::EngineInfo info_{"endless", "never finds"};
};

class MiningTest : public testing::Test {
  protected:
    MiningTest() : chain{founders.open(dir / "c")} {}
    ~MiningTest() override {
        if (mining) mining->request_stop();
        test::run_awaitable(io, tasks.stop());
    }

    void start(compute::PowEngine& engine) {
        const MiningOptions options{&engine, 1.0};
        mining = std::make_unique<Mining>(io.get_executor(), *chain, 0, founders.members[0].seal,
                                          options, clock);
        tasks.spawn(mining->run([this] { ++told; }));
    }
    void submit(std::uint64_t version = 1) {
        test::PolicyOptions options;
        options.version = version;
        const Bytes tx = test::make_policy_tx(founders.chain_id, founders.members[0], options);
        ASSERT_TRUE(chain->accept_transaction(tx).has_value());
        mining->on_transaction_added();
    }
    [[nodiscard]] bool run_until(const std::function<bool()>& condition) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
        io.restart();
        while (!condition()) {
            if (io.run_one_for(std::chrono::milliseconds{1}) == 0 &&
                std::chrono::steady_clock::now() > end) {
                return false;
            }
        }
        return true;
    }

    test::TempDir dir;
    Founders founders{1};
    std::unique_ptr<Chain> chain;
    SetClock clock;
    compute::Engines engines;
    boost::asio::io_context io;
    std::unique_ptr<Mining> mining;
    TaskGroup tasks{io.get_executor()};
    int told = 0;
};

TEST_F(MiningTest, WakesForATransactionAndTellsOfTheBlock) {
    start(*engines.find_pow("cpu")->engine);
    io.poll();
    EXPECT_EQ(mining->status().hashes, 0U);
    submit();
    ASSERT_TRUE(run_until([&] { return told == 1; }));
    EXPECT_EQ(chain->tip().height, 1U);
    EXPECT_EQ(mining->status().blocks, 1U);
    EXPECT_GT(mining->status().hashes, 0U);
}

TEST_F(MiningTest, SaysWhyItsEngineFails) {
    LostEngine lost;
    start(lost);
    submit();
    ASSERT_TRUE(run_until([&] { return !mining->status().last_error.empty(); }));
    EXPECT_EQ(mining->status().engine, "opencl:9");
    EXPECT_NE(mining->status().last_error.find("opencl:9: device lost"), std::string::npos);
    EXPECT_EQ(chain->tip().height, 0U);
}

TEST_F(MiningTest, BetterWorkEndsTheSearchUnderWay) {
    EndlessEngine endless;
    start(endless);
    submit();
    ASSERT_TRUE(run_until([&] { return endless.searches == 1; }));
    ASSERT_FALSE(founders.extend(*chain, clock.second).empty());
    mining->on_tip_changed();
    ASSERT_TRUE(run_until([&] { return !mining->status().searching; }));
    EXPECT_EQ(endless.searches, 1) << "the parent's second has not passed";

    clock.second += 1;
    mining->on_tip_changed();
    ASSERT_TRUE(run_until([&] { return endless.searches == 2; })) << "an empty block to settle";
    submit(2);
    ASSERT_TRUE(run_until([&] { return endless.searches == 3; }));
}

TEST_F(MiningTest, SearchesNothingTwice) {
    EndlessEngine endless;
    start(endless);
    submit();
    ASSERT_TRUE(run_until([&] { return endless.searches == 1; }));
    const compute::HeaderBytes first = endless.header;
    mining->on_tip_changed();  // though it did not: the same block within the same second
    ASSERT_TRUE(run_until([&] { return endless.searches == 2; }));
    EXPECT_NE(endless.header, first) << "another extranonce, another Merkle root";
}

}  // namespace
}  // namespace assay::ledger
