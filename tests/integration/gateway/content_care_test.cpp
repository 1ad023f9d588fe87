// A gateway looks after its content store by itself: what the disk damages is fetched again, what
// nothing keeps goes.

#include <fstream>

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "tests/integration/gateway/daemons.hpp"
#include "tests/support/chacha20_file.hpp"

namespace assay::gateway {
namespace {

using test::Consortium;
using test::eventually;

ipfs::Cid block_named(std::string_view text) {
    return ipfs::Cid::raw_sha256(crypto::sha256(as_bytes(text)));
}

void flip_a_bit(const std::filesystem::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    char byte = 0;
    file.seekg(1000).read(&byte, 1);
    byte = static_cast<char>(byte ^ 1);
    file.seekp(1000).write(&byte, 1);
}

class ContentCareTest : public ::testing::Test {
  protected:
    void start_gateway(const std::string& care) {
        world_.gw.stop();
        world_.start_gateway("sources = [\"https://" + world_.oem.address("content") + "\"]\n" +
                             care);
    }
    std::uint64_t count(const std::string& what) {
        return world_.gw.get("/v1/status").at("content").at(what).to_number<std::uint64_t>();
    }

    Consortium world_;
    ipfs::BlockStore store_{ipfs::BlockStore::open(world_.gw.folder().content()).value()};
    const Bytes image_ = assay::test::chacha20_bytes("cared for", 3'500'000);
};

TEST_F(ContentCareTest, AFlippedBitIsFoundAndFetchedAgain) {
    start_gateway("scrub_every = \"1s\"\nscrub_share = 1.0\ncollect_every = \"0s\"\n");
    world_.set_policy();
    const std::string leaf = world_.publish(image_, 1);
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf) == "ready"; }));
    const ipfs::Cid second =
        ipfs::Cid::raw_sha256(crypto::sha256(ByteView(image_).subspan(1 << 20, 1 << 20)));
    const auto path = store_.path_of(second);
    flip_a_bit(path);
    ASSERT_TRUE(eventually([&] { return count("repaired") == 1; }));
    EXPECT_EQ(count("damaged"), 1U);
    EXPECT_EQ(count("not_repaired"), 0U);
    EXPECT_EQ(world_.gw.refusals("block-hash-mismatch"), 1) << "the operator is told";
    cli::FolderOptions gateway;
    gateway.dir = world_.gw.folder().dir();
    EXPECT_NE(cli::show_status(gateway)->text.find("1 blocks damaged by this disk, 1 fetched again"),
              std::string::npos);
    EXPECT_EQ(read_file(path, 1 << 20).value(),
              to_bytes(ByteView(image_).subspan(1 << 20, 1 << 20)));
    EXPECT_TRUE(store_.lost_blocks()->empty());
    EXPECT_TRUE(std::filesystem::is_empty(store_.root() / "damaged"));
    EXPECT_EQ(world_.stage(leaf), "ready");
}

TEST_F(ContentCareTest, WhatWasLostIsFetchedAfterARestart) {
    world_.set_policy();
    const std::string leaf = world_.publish(image_, 1);
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf) == "ready"; }));
    world_.gw.stop();
    const ipfs::Cid first =
        ipfs::Cid::raw_sha256(crypto::sha256(ByteView(image_).first(1 << 20)));
    ASSERT_TRUE(store_.set_aside(first));  // as a scrub did that found no source
    EXPECT_EQ(store_.lost_blocks().value(), std::vector<ipfs::Cid>{first});
    start_gateway("");
    ASSERT_TRUE(eventually([&] { return store_.has(first) && store_.lost_blocks()->empty(); }));
}

TEST_F(ContentCareTest, CollectsWhatNothingKeepsAndNothingThatIsOffered) {
    start_gateway("collect_every = \"1s\"\nscrub_every = \"0s\"\n");
    world_.set_policy();
    const std::string leaf = world_.publish(image_, 1, /*retain_years=*/0);
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf) == "ready"; }));
    const std::size_t blocks = store_.stat()->blocks;
    ASSERT_TRUE(store_.put(block_named("garbage"), as_bytes("garbage")));
    const auto collected = [&] {
        const auto content = world_.gw.get("/v1/status").at("content").as_object();
        return content.contains("collect") && !store_.has(block_named("garbage"));
    };
    ASSERT_TRUE(eventually(collected));
    EXPECT_EQ(store_.stat()->blocks, blocks) << "its date has passed, but devices may ask for it";
    test::TestDevice device(world_, "device-1");
    ASSERT_TRUE(device.poll().assignment);
    EXPECT_EQ(device.request("GET", "/agent/v1/releases/" + leaf + "/image").body, image_);
}

TEST_F(ContentCareTest, TheVerbAsksTheDaemonWhichKnowsWhatIsOffered) {
    start_gateway("collect_every = \"0s\"\nscrub_every = \"0s\"\n");
    world_.set_policy();
    const std::string leaf = world_.publish(image_, 1, /*retain_years=*/0);
    ASSERT_TRUE(eventually([&] { return world_.stage(leaf) == "ready"; }));
    const std::size_t blocks = store_.stat()->blocks;
    ASSERT_TRUE(store_.put(block_named("garbage"), as_bytes("garbage")));
    cli::ImageOptions by_member, by_store;
    by_member.dir = world_.gw.folder().dir();
    by_member.dry_run = true;
    by_store.store = world_.gw.folder().content();
    for (const cli::ImageOptions& options : {by_member, by_store}) {
        const auto done = cli::collect_images(options);
        ASSERT_TRUE(done) << done.error().message;
        EXPECT_EQ(done->json.at("blocks_removed"), 1);
        EXPECT_EQ(done->json.at("blocks_kept"), static_cast<std::int64_t>(blocks));
        EXPECT_EQ(store_.has(block_named("garbage")), options.dry_run);
    }
    {
        const auto lease = store_.lease();  // an import is under way
        const auto busy = cli::collect_images(by_store);
        ASSERT_FALSE(busy);
        EXPECT_EQ(busy.error().code, cli::ExitCode::kLocked) << busy.error().message;
        EXPECT_EQ(busy.error().word, "content-busy");
        EXPECT_FALSE(busy.error().advice.empty());
    }
    world_.gw.stop();
    EXPECT_EQ(cli::collect_images(by_store)->json.at("blocks_removed"),
              static_cast<std::int64_t>(blocks))
        << "without the daemon dates alone count";
}

}  // namespace
}  // namespace assay::gateway
