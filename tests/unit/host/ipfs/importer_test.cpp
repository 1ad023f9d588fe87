#include "host/ipfs/importer.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/dag_walk.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::ipfs {
namespace {

using assay::test::TempDir;

class Importer : public ::testing::Test {
  protected:
    Result<ImportResult> import_bytes(ByteView content, const ImportProfile& profile) {
        std::ofstream(folder_ / "image", std::ios::binary) << as_text(content);
        return import_file(folder_ / "image", profile, engine_, store_);
    }

    TempDir folder_{assay::test::memory_folder()};
    BlockStore store_{BlockStore::open(folder_ / "store").value()};
    compute::CpuEngine engine_{*compute::usable_backends().front()};
};

// The ratified vectors of IPIP-499 (ipfs/specs, src/ipips/ipip-0499.md) for files. Content is the
// ChaCha20 keystream of the seed, or the text itself. Those of 1 GiB: ASSAY_LARGE_VECTORS=1.
struct Vector {
    const char* profile;
    const char* cid;
    const char* seed;
    std::uint64_t bytes;
};
constexpr Vector kRatified[] = {
    {"unixfs-v0-2015", "QmWmRj3dFDZdb6ABvbmKhEL6TmPbAfBZ1t5BxsEyJrcZhE", "chunk-v0-seed", 262144},
    {"unixfs-v0-2015", "QmYyLxtzZyW22zpoVAtKANLRHpDjZtNeDjQdJrcQNWoRkJ", "chunk-v0-seed", 262145},
    {"unixfs-v0-2015", "QmUbBALi174SnogsUzLpYbD4xPiBSFANF4iztWCsHbMKh2", "v0-seed", 45613056},
    {"unixfs-v0-2015", "QmV81WL765sC8DXsRhE5fJv2rwhS4icHRaf3J9Zk5FdRnW", "v0-seed", 45613057},
    {"unixfs-v1-2025", "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta",
     "chunk-v1-seed", 1048576},
    {"unixfs-v1-2025", "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64",
     "chunk-v1-seed", 1048577},
    {"unixfs-v1-2025", "bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm",
     "v1-2025-seed", 1073741824},
    {"unixfs-v1-2025", "bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe",
     "v1-2025-seed", 1073741825},
};

TEST_F(Importer, GivesTheRatifiedCids) {
    const char* large = std::getenv("ASSAY_LARGE_VECTORS");
    for (const Vector& vector : kRatified) {
        if (vector.bytes > 100'000'000 && (large == nullptr || std::string(large) != "1")) continue;
        const auto path = folder_ / "vector";
        assay::test::write_chacha20_file(path.string(), vector.seed, vector.bytes);
        const auto result =
            import_file(path, find_profile(vector.profile).value(), engine_, store_);
        ASSERT_TRUE(result) << result.error().to_string();
        EXPECT_EQ(result->cid.to_string(), vector.cid) << vector.profile << " " << vector.bytes;
        EXPECT_EQ(result->bytes, vector.bytes);
        EXPECT_TRUE(store_.is_pinned(result->cid));
    }
}

TEST_F(Importer, GivesTheRatifiedCidsOfASmallText) {
    const ByteView text = as_bytes("hello world");
    EXPECT_EQ(import_bytes(text, unixfs_v1_2025())->cid.to_string(),
              "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e");
    EXPECT_EQ(import_bytes(text, unixfs_v0_2015())->cid.to_string(),
              "Qmf412jQZiuVUtdgnB36FXFX7xg5V6KEbSJ4dpQuhkLyfD");
}

TEST_F(Importer, GivesTheWellKnownCidsOfNothing) {
    const auto raw = import_bytes({}, unixfs_v1_2025());
    ASSERT_TRUE(raw) << raw.error().to_string();
    EXPECT_EQ(raw->cid.to_string(), "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku");
    EXPECT_TRUE(raw->chunk_digests.empty());
    EXPECT_EQ(raw->chunk_root, crypto::empty_root());
    const auto wrapped = import_bytes({}, unixfs_v0_2015());
    ASSERT_TRUE(wrapped);
    EXPECT_EQ(wrapped->cid.to_string(), "QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH");
}

TEST_F(Importer, DigestsTheFileAndItsChunks) {
    for (const LeafFormat format : {LeafFormat::kRaw, LeafFormat::kDagPb}) {
        const ImportProfile profile{"small chunks", 1000, kWidthMin, format};
        const Bytes content = assay::test::chacha20_bytes("digests", 10'500);
        const auto result = import_bytes(content, profile);
        ASSERT_TRUE(result) << result.error().to_string();
        EXPECT_EQ(result->sha256, crypto::sha256(content));
        ASSERT_EQ(result->chunk_digests.size(), 11U);
        std::vector<LogHash> leaves;
        for (std::size_t i = 0; i < 11; ++i) {
            const ByteView chunk =
                ByteView(content).subspan(i * 1000, std::min<std::size_t>(1000, 10'500 - i * 1000));
            EXPECT_EQ(result->chunk_digests[i], crypto::sha256(chunk));
            leaves.push_back(crypto::leaf_hash(crypto::sha256(chunk).view()));
        }
        EXPECT_EQ(result->chunk_root, crypto::tree_root(leaves));
    }
}

// Everything the retriever will ask for is in the store and has the hash that its CID names.
TEST_F(Importer, StoresAWholeImageThatWalksBack) {
    const Bytes content = assay::test::chacha20_bytes("walk", 290'000);
    for (const LeafFormat format : {LeafFormat::kRaw, LeafFormat::kDagPb}) {
        const ImportProfile profile{"small chunks", 1024, kWidthMin, format};
        const auto result = import_bytes(content, profile);
        ASSERT_TRUE(result);
        auto walk = DagWalk::start(result->cid, result->bytes, profile.chunk_bytes);
        ASSERT_TRUE(walk);
        while (!walk->complete()) {
            for (const WantedBlock& node : walk->wanted()) {
                const auto block = store_.get(node.cid, node.bytes_max);
                ASSERT_TRUE(block) << block.error().to_string();
                ASSERT_EQ(crypto::sha256(*block), node.cid.sha256());
                ASSERT_TRUE(walk->add(node.cid, *block));
            }
        }
        const ImageReader reader(store_, walk->image());
        EXPECT_EQ(reader.image().chunk_digests, result->chunk_digests);
        Bytes back(content.size());
        ASSERT_TRUE(reader.read_at(0, back));
        EXPECT_EQ(back, content);
    }
}

TEST_F(Importer, ReportsProgressUntilTheEnd) {
    const auto path = folder_ / "large";
    assay::test::write_chacha20_file(path.string(), "progress", 40 << 20);
    std::vector<std::uint64_t> seen;
    const auto note = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_EQ(total, std::uint64_t{40} << 20);
        seen.push_back(done);
    };
    ASSERT_TRUE(import_file(path, unixfs_v1_2025(), engine_, store_, note));
    EXPECT_EQ(seen, (std::vector<std::uint64_t>{8 << 20, 16 << 20, 24 << 20, 32 << 20, 40 << 20}));
}

TEST_F(Importer, NamesAFileWithoutStoringIt) {
    for (const std::size_t size : {0, 1, 999, 1000, 1001, 300'000}) {
        for (const LeafFormat format : {LeafFormat::kRaw, LeafFormat::kDagPb}) {
            const ImportProfile profile{"small chunks", 1000, kWidthMin, format};
            const Bytes content = assay::test::chacha20_bytes("names", size);
            std::ofstream(folder_ / "image", std::ios::binary) << as_text(content);
            const auto named = name_file(folder_ / "image", profile, engine_);
            ASSERT_TRUE(named) << named.error().to_string();
            EXPECT_EQ(store_.stat()->blocks, 0U);
            BlockStore other = BlockStore::open(folder_ / "other").value();
            const auto stored = import_file(folder_ / "image", profile, engine_, other);
            ASSERT_TRUE(stored);
            EXPECT_EQ(named->cid, stored->cid);
            EXPECT_EQ(named->bytes, size);
            EXPECT_EQ(named->chunk_root, stored->chunk_root);
        }
    }
}

TEST_F(Importer, PinsByHandOrUntilARelease) {
    std::ofstream(folder_ / "image") << "kept";
    const auto kept = import_file(folder_ / "image", unixfs_v1_2025(), engine_, store_);
    ASSERT_TRUE(kept);
    EXPECT_TRUE(store_.find_pin(kept->cid)->by_hand);
    std::ofstream(folder_ / "image") << "released";
    const auto released =
        import_file(folder_ / "image", unixfs_v1_2025(), engine_, store_, {}, 2'000'000'000);
    ASSERT_TRUE(released);
    EXPECT_FALSE(store_.find_pin(released->cid)->by_hand);
    EXPECT_EQ(store_.find_pin(released->cid)->keep_until, 2'000'000'000U);
}

TEST_F(Importer, TakesFilesOnly) {
    const auto folder = import_file(folder_.path(), unixfs_v1_2025(), engine_, store_);
    ASSERT_FALSE(folder);
    EXPECT_TRUE(folder.error().is(std::errc::is_a_directory)) << folder.error().to_string();
    EXPECT_EQ(store_.stat()->blocks, 0U);
}

TEST_F(Importer, NamesWhatIsWrong) {
    const auto missing = import_file(folder_ / "missing", unixfs_v1_2025(), engine_, store_);
    ASSERT_FALSE(missing);
    EXPECT_TRUE(missing.error().is(std::errc::no_such_file_or_directory));
    EXPECT_NE(missing.error().context().find("missing"), std::string::npos);

    const Bytes content(10);
    for (const ImportProfile& profile :
         {ImportProfile{"no chunk", 0, 1024, LeafFormat::kRaw},
          ImportProfile{"large chunk", kBlockBytesMax + 1, 1024, LeafFormat::kRaw},
          ImportProfile{"large wrapped chunk", kBlockBytesMax, 1024, LeafFormat::kDagPb},
          ImportProfile{"narrow", 1024, kWidthMin - 1, LeafFormat::kRaw},
          ImportProfile{"wide", 1024, kWidthMax + 1, LeafFormat::kRaw}}) {
        const auto result = import_bytes(content, profile);
        ASSERT_FALSE(result) << profile.name;
        EXPECT_TRUE(result.error().is(Refusal::kLimitExceeded)) << profile.name;
    }
    EXPECT_FALSE(find_profile("unixfs-v2"));
}

}  // namespace
}  // namespace assay::ipfs
