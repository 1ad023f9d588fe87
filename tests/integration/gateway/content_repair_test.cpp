// A round of repairs among sources that are dead, lie or have the blocks.

#include "gateway/content_repair.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "host/http/router.hpp"
#include "host/http/server.hpp"
#include "host/ipfs/content_server.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

// Answers every request with the same, and counts them.
class OneAnswer {
  public:
    OneAnswer(boost::asio::io_context& io, unsigned status) {
        router_.get("/ipfs/{cid}", [this, status](http::Request) -> boost::asio::awaitable<http::Response> {
            ++asked;
            co_return http::Response(status, "application/vnd.ipld.raw", to_bytes("no such block"));
        });
        server_ = http::Server::listen(io.get_executor(), {}, std::cref(router_)).value();
        server_->start();
    }
    [[nodiscard]] ipfs::Source source() const { return ipfs::Source("http://" + server_->address()); }

    int asked = 0;

  private:
    http::Router router_;
    std::unique_ptr<http::Server> server_;
};

TEST(RepairRound, LeavesDeadSourcesAndLiarsAside) {
    constexpr int kBlocks = 12;
    boost::asio::io_context io{1};
    boost::asio::thread_pool disk{1};
    assay::test::TempDir folder;
    auto theirs = ipfs::BlockStore::open(folder / "theirs").value();
    auto ours = ipfs::BlockStore::open(folder / "ours").value();
    std::vector<ipfs::Cid> lost;
    for (int i = 0; i < kBlocks; ++i) {
        const Bytes content = assay::test::chacha20_bytes("block " + std::to_string(i), 1000);
        lost.push_back(ipfs::Cid::raw_sha256(crypto::sha256(content)));
        ASSERT_TRUE(theirs.put(lost.back(), content));
        ASSERT_TRUE(ours.put(lost.back(), to_bytes("rotten")));
        ASSERT_TRUE(ours.set_aside(lost.back()));
    }
    OneAnswer dead(io, 500), liar(io, 200);
    http::Router router;
    ipfs::add_content_routes(router, theirs, disk, [](const http::PeerIdentity*) { return true; });
    const auto honest = http::Server::listen(io.get_executor(), {}, std::cref(router)).value();
    honest->start();
    Config config;
    config.content_sources = {dead.source(), liar.source(),
                              ipfs::Source("http://" + honest->address())};
    http::Client client(io.get_executor());
    RefusalLog refusals;
    int repaired = 0;
    auto all = [&]() -> boost::asio::awaitable<void> {
        RepairRound round({config, client, ours, refusals, disk});
        for (const ipfs::Cid& cid : lost) {
            const bool done = co_await round.repair(cid);
            if (done) ++repaired;
        }
        io.stop();
    };
    boost::asio::co_spawn(io, all(), boost::asio::detached);
    io.run();
    disk.join();
    EXPECT_EQ(repaired, kBlocks);
    EXPECT_TRUE(ours.lost_blocks()->empty());
    EXPECT_LE(dead.asked, 3);
    EXPECT_EQ(liar.asked, 1);
    EXPECT_EQ(refusals.entries().at(Refusal::kBlockHashMismatch).count, 1U);
}

}  // namespace
}  // namespace assay::gateway
