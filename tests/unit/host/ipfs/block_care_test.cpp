// Collecting what nothing keeps, and finding what has rotted.

#include <fstream>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "host/ipfs/block_check.hpp"
#include "host/ipfs/collect.hpp"
#include "host/ipfs/dag_visit.hpp"
#include "host/ipfs/importer.hpp"
#include "host/ipfs/scrub.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kNow = 1'900'000'000;

class BlockCare : public ::testing::Test {
  protected:
    // 300 leaves below two levels of nodes.
    ImportResult import(std::string_view seed, std::optional<std::uint64_t> keep_until = {}) {
        const auto path = folder_ / "image";
        assay::test::write_chacha20_file(path.string(), seed, 300'000);
        const ImportProfile profile{"small", 1000, kWidthMin, LeafFormat::kRaw};
        return import_file(path, profile, engine_, store_, {}, keep_until).value();
    }

    std::vector<Cid> blocks_of(const Cid& root) {
        std::vector<Cid> blocks;
        std::unordered_set<Cid> seen;
        const auto visited =
            visit_dag(store_, root, seen, {[&](const Cid& cid, ByteView) -> Result<void> {
                          blocks.push_back(cid);
                          return {};
                      }});
        EXPECT_TRUE(visited) << visited.error().to_string();
        return blocks;
    }

    void flip_a_bit(const Cid& cid) {
        std::fstream file(store_.path_of(cid), std::ios::in | std::ios::out | std::ios::binary);
        char byte = 0;
        file.seekg(5).read(&byte, 1);
        byte = static_cast<char>(byte ^ 1);
        file.seekp(5).write(&byte, 1);
    }

    assay::test::TempDir folder_{assay::test::memory_folder()};
    BlockStore store_{BlockStore::open(folder_ / "store").value()};
    compute::CpuEngine engine_{*compute::usable_backends().front()};
};

TEST_F(BlockCare, CollectsWhatNoPinKeeps) {
    const auto kept = import("kept");
    const auto dropped = import("dropped");
    const std::size_t each = blocks_of(kept.cid).size();
    EXPECT_EQ(each, 300U + 3 + 1);
    ASSERT_TRUE(store_.unpin(dropped.cid));
    const auto plan = collect_blocks(store_, kNow, /*try_only=*/true);
    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(plan->blocks_removed, each);
    EXPECT_EQ(store_.stat()->blocks, 2 * each) << "a trial changes nothing";
    const auto done = collect_blocks(store_, kNow);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->blocks_removed, each);
    EXPECT_EQ(done->blocks_kept, each);
    EXPECT_GE(done->bytes_removed, 300'000U);
    EXPECT_EQ(blocks_of(kept.cid).size(), each);
    for (const Cid& cid : blocks_of(kept.cid)) EXPECT_TRUE(store_.has(cid));
    EXPECT_FALSE(store_.has(dropped.cid));
}

TEST_F(BlockCare, KeepsReleasesUntilTheirDate) {
    const auto release = import("release", kNow + 10);
    EXPECT_EQ(collect_blocks(store_, kNow)->blocks_removed, 0U);
    EXPECT_TRUE(store_.is_pinned(release.cid));
    const auto later = collect_blocks(store_, kNow + 10);
    ASSERT_TRUE(later);
    EXPECT_EQ(later->pins_expired, std::vector<Cid>{release.cid});
    EXPECT_EQ(later->blocks_kept, 0U);
    EXPECT_FALSE(store_.is_pinned(release.cid));
    EXPECT_EQ(store_.stat()->blocks, 0U);
}

TEST_F(BlockCare, KeepsWhatIsInUseWhateverItsDateAndHoweverLittleIsHere) {
    const auto offered = import("offered", kNow - 10);
    const auto arriving = import("arriving");
    const auto blocks = blocks_of(arriving.cid);
    ASSERT_TRUE(store_.unpin(arriving.cid));  // pinned once it is whole
    ASSERT_TRUE(store_.remove(blocks.at(1)));  // a node: what is below it is not known
    ASSERT_TRUE(store_.remove(blocks.back()));
    const std::vector<Cid> in_use{offered.cid, arriving.cid, Cid::raw_sha256({})};
    const auto done = collect_blocks(store_, kNow, /*try_only=*/false, in_use);
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_TRUE(done->pins_expired.empty());
    EXPECT_TRUE(store_.has(offered.cid));
    EXPECT_TRUE(store_.is_pinned(offered.cid));
    EXPECT_TRUE(store_.has(arriving.cid));
    EXPECT_FALSE(store_.is_pinned(arriving.cid));
    EXPECT_EQ(done->blocks_removed, 128U) << "the leaves that nothing leads to";
    EXPECT_EQ(collect_blocks(store_, kNow)->blocks_kept, 0U);
}

TEST_F(BlockCare, KeepsBlocksThatTwoImagesShare) {
    const auto first = import("shared", kNow + 10);
    const auto second = import("shared", kNow + 20);
    EXPECT_EQ(first.cid, second.cid);
    EXPECT_EQ(collect_blocks(store_, kNow + 15)->blocks_removed, 0U);
}

TEST_F(BlockCare, RemovesNothingWhileSomeoneWrites) {
    ASSERT_TRUE(store_.unpin(import("unpinned").cid));
    {
        const auto lease = store_.lease();
        const auto refused = collect_blocks(store_, kNow);
        ASSERT_FALSE(refused);
        EXPECT_TRUE(refused.error().is(std::errc::resource_unavailable_try_again));
    }
    EXPECT_TRUE(collect_blocks(store_, kNow));
    EXPECT_EQ(store_.stat()->blocks, 0U);
}

TEST_F(BlockCare, RemovesNothingWhenAPinCannotBeFollowed) {
    const auto kept = import("kept");
    ASSERT_TRUE(store_.unpin(import("unpinned").cid));
    const auto before = store_.stat()->blocks;
    const Cid node = blocks_of(kept.cid).at(1);  // below the root
    ASSERT_EQ(node.codec(), Codec::kDagPb);
    flip_a_bit(node);
    const auto damaged = collect_blocks(store_, kNow);
    ASSERT_FALSE(damaged);
    EXPECT_TRUE(damaged.error().is(Refusal::kBlockHashMismatch)) << damaged.error().to_string();
    EXPECT_NE(damaged.error().context().find(kept.cid.to_string()), std::string::npos);
    EXPECT_EQ(store_.stat()->blocks, before);
    ASSERT_TRUE(store_.remove(node));
    EXPECT_TRUE(collect_blocks(store_, kNow).error().is(std::errc::no_such_file_or_directory));
    EXPECT_EQ(store_.stat()->blocks, before - 1);
}

// Walking the pins of a large store takes minutes: nobody waits for that, and what they do meanwhile
// counts.
TEST_F(BlockCare, ImportsGoOnWhileWhatIsKeptIsLookedFor) {
    const auto old = import("old");
    ASSERT_TRUE(store_.unpin(old.cid));
    const auto dated = import("dated", kNow - 10);
    const auto garbage = import("garbage");
    ASSERT_TRUE(store_.unpin(garbage.cid));
    auto collection = Collection::begin(store_, kNow);
    ASSERT_TRUE(collection);
    ASSERT_TRUE(collection->mark({}));
    const auto meanwhile = import("meanwhile");
    EXPECT_EQ(import("old").cid, old.cid) << "its blocks were here, so none was written";
    ASSERT_TRUE(store_.pin_until(dated.cid, kNow + 10));
    ASSERT_TRUE(collection->close());
    const auto done = collection->sweep({}, /*try_only=*/false);
    ASSERT_TRUE(done) << done.error().to_string();
    EXPECT_TRUE(done->pins_expired.empty());
    EXPECT_EQ(done->blocks_removed, 304U) << "those of the garbage";
    for (const auto& kept : {old, dated, meanwhile}) {
        EXPECT_EQ(blocks_of(kept.cid).size(), 304U);
        for (const Cid& cid : blocks_of(kept.cid)) EXPECT_TRUE(store_.has(cid));
    }
}

TEST_F(BlockCare, WhatArrivesWhileItIsLookedAtIsKeptWhole) {
    const auto arriving = import("arriving");
    ASSERT_TRUE(store_.unpin(arriving.cid));
    const Cid node = blocks_of(arriving.cid).at(1);
    const Bytes content = store_.get(node).value();
    ASSERT_TRUE(store_.remove(node));
    const std::vector<Cid> in_use{arriving.cid};
    auto collection = Collection::begin(store_, kNow);
    ASSERT_TRUE(collection->mark(in_use)) << "the leaves below the node are not known to be kept";
    ASSERT_TRUE(store_.put(node, content));
    ASSERT_TRUE(store_.pin_until(arriving.cid, kNow - 1));  // whole, and past its date at once
    ASSERT_TRUE(collection->close());
    EXPECT_EQ(collection->sweep(in_use, /*try_only=*/false)->blocks_removed, 0U);
}

TEST_F(BlockCare, CollectsOnceAtATimeAndStopsWhenTold) {
    ASSERT_TRUE(store_.unpin(import("unpinned").cid));
    (void)import("kept");
    std::stop_source source;
    {
        auto first = Collection::begin(store_, kNow, source.get_token());
        const auto second = Collection::begin(store_, kNow);
        ASSERT_FALSE(second);
        EXPECT_TRUE(second.error().is(std::errc::resource_unavailable_try_again));
        ASSERT_TRUE(first->mark({}));
        ASSERT_TRUE(first->close());
        source.request_stop();
        EXPECT_TRUE(first->sweep({}, false).error().is(std::errc::operation_canceled));
    }
    auto again = Collection::begin(store_, kNow, source.get_token());
    EXPECT_TRUE(again->mark({}).error().is(std::errc::operation_canceled));
    EXPECT_EQ(store_.stat()->blocks, 2 * 304U);
}

TEST_F(BlockCare, ForgetsDamagedBlocksThatNothingKeepsAnyMore) {
    const auto kept = import("kept");
    const auto dropped = import("dropped");
    for (const auto& image : {kept, dropped}) {
        ASSERT_TRUE(store_.set_aside(blocks_of(image.cid).back()));
    }
    ASSERT_TRUE(store_.unpin(dropped.cid));
    EXPECT_EQ(collect_blocks(store_, kNow, /*try_only=*/true)->damaged_removed, 1U);
    EXPECT_EQ(store_.lost_blocks()->size(), 2U);
    EXPECT_EQ(collect_blocks(store_, kNow)->damaged_removed, 1U);
    ASSERT_EQ(store_.lost_blocks()->size(), 1U);
    EXPECT_EQ(store_.lost_blocks()->front(), blocks_of(kept.cid).back());
}

// Also of blocks that carry another CID in the store's pins than in its file names.
TEST_F(BlockCare, KnowsBlocksByTheirHashAlone) {
    const Bytes content = to_bytes("the same bytes under two codecs");
    const Cid raw = Cid::raw_sha256(crypto::sha256(content));
    ASSERT_TRUE(store_.put(raw, content));
    Bytes as_cbor = raw.bytes();
    as_cbor[1] = std::byte{0x51};
    ASSERT_TRUE(store_.pin(decode_cid(as_cbor).value()));
    EXPECT_EQ(collect_blocks(store_, kNow)->blocks_kept, 1U);
}

TEST_F(BlockCare, ScrubbingSetsAsideWhatHasRotted) {
    const auto image = import("image");
    const std::vector<Cid> blocks = blocks_of(image.cid);
    EXPECT_TRUE(scrub_blocks(store_, engine_, {})->damaged.empty());
    flip_a_bit(blocks[7]);
    ASSERT_TRUE(write_file_durable(store_.path_of(blocks[9]), as_bytes("")));
    std::vector<Cid> told;
    ScrubOptions options;
    options.on_damaged = [&told](const Cid& cid) { told.push_back(cid); };
    const auto report = scrub_blocks(store_, engine_, options);
    ASSERT_TRUE(report) << report.error().to_string();
    EXPECT_TRUE(report->finished);
    EXPECT_EQ(report->blocks, blocks.size());
    EXPECT_EQ(report->damaged.size(), 2U);
    EXPECT_EQ(told, report->damaged);
    for (const std::size_t i : {7, 9}) {
        EXPECT_FALSE(store_.has(blocks[i]));
        EXPECT_TRUE(std::filesystem::exists(folder_ / "store/damaged" /
                                            store_.path_of(blocks[i]).filename()));
    }
    EXPECT_TRUE(scrub_blocks(store_, engine_, {})->damaged.empty());
}

TEST_F(BlockCare, ScrubbingGoesOnWhereItWasStopped) {
    (void)import("image");
    const std::uint64_t all = scrub_blocks(store_, engine_, {})->blocks;
    std::stop_source source;
    ScrubOptions options;
    options.stop = source.get_token();
    int batches = 0;
    options.on_progress = [&](std::uint64_t) {
        if (++batches == 5) source.request_stop();
    };
    const auto first = scrub_blocks(store_, engine_, options);
    ASSERT_TRUE(first);
    EXPECT_FALSE(first->finished);
    EXPECT_LT(first->blocks, all);
    ScrubOptions rest;
    rest.from_start = false;
    const auto second = scrub_blocks(store_, engine_, rest);
    ASSERT_TRUE(second->finished);
    // The folder that was cut off is done again.
    EXPECT_GE(first->blocks + second->blocks, all);
    EXPECT_LT(second->blocks, all);
    EXPECT_EQ(scrub_blocks(store_, engine_, rest)->blocks, all) << "the next pass sees everything";
}

TEST_F(BlockCare, ScrubbingWakesFromItsRestWhenToldToStop) {
    (void)import("image");
    ScrubOptions options;
    options.share = 1e-9;  // days of rest after each batch
    std::stop_source source;
    options.stop = source.get_token();
    options.on_progress = [&source](std::uint64_t) { source.request_stop(); };
    const auto report = scrub_blocks(store_, engine_, options);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->finished);
}

TEST(BlockCheck, KnowsEachHashFunction) {
    const Bytes content = to_bytes("abc");
    EXPECT_TRUE(is_block_of(Cid::raw_sha256(crypto::sha256(content)), content));
    EXPECT_FALSE(is_block_of(Cid::raw_sha256(crypto::sha256(content)), as_bytes("abd")));
    const Cid identity = parse_cid("bafkqabiaaebagba").value();
    EXPECT_TRUE(is_block_of(identity, identity.digest()));
    EXPECT_FALSE(is_block_of(identity, content));
    Bytes doubled = Cid::raw_sha256(crypto::sha256d(content)).bytes();
    doubled[2] = std::byte{0x56};
    EXPECT_TRUE(is_block_of(decode_cid(doubled).value(), content));
}

}  // namespace
}  // namespace assay::ipfs
