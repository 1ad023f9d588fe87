// Images that leave a store and enter another: as files, and as CAR.

#include "host/ipfs/stored_file.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "host/compute/cpu_engine.hpp"
#include "host/crypto/sha256.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/car_file.hpp"
#include "host/ipfs/importer.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/fixtures.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/host/ipfs/directory_writer.hpp"

namespace assay::ipfs {
namespace {

class StoredFile : public ::testing::Test {
  protected:
    ImportResult import(std::size_t size, LeafFormat format) {
        content_ = assay::test::chacha20_bytes("stored", size);
        std::ofstream(folder_ / "image", std::ios::binary) << as_text(content_);
        const ImportProfile profile{"small", 1000, kWidthMin, format};
        return import_file(folder_ / "image", profile, engine_, store_).value();
    }
    Bytes read(const std::string& name) { return read_file(folder_ / name, 64U << 20).value(); }
    std::size_t files_in(const std::filesystem::path& folder) {
        return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder),
                                                      std::filesystem::directory_iterator()));
    }

    assay::test::TempDir folder_{assay::test::memory_folder()};
    BlockStore store_{BlockStore::open(folder_ / "store").value()};
    BlockStore other_{BlockStore::open(folder_ / "other").value()};
    compute::CpuEngine engine_{*compute::usable_backends().front()};
    Bytes content_;
};

TEST_F(StoredFile, ComesBackAsItWentIn) {
    for (const LeafFormat format : {LeafFormat::kRaw, LeafFormat::kDagPb}) {
        for (const std::size_t size : {0, 1, 1000, 1001, 290'000}) {
            const auto image = import(size, format);
            const auto bytes = write_stored_file(store_, image.cid, engine_, folder_ / "out");
            ASSERT_TRUE(bytes) << bytes.error().to_string();
            EXPECT_EQ(*bytes, size);
            EXPECT_EQ(read("out"), content_) << size;
            const auto dag = inspect_dag(store_, image.cid, &engine_);
            ASSERT_TRUE(dag);
            EXPECT_TRUE(dag->whole());
            EXPECT_EQ(dag->kind, "file");
            EXPECT_EQ(dag->file_bytes, size);
        }
    }
}

TEST_F(StoredFile, IsNotWrittenInPart) {
    const auto image = import(290'000, LeafFormat::kRaw);
    const auto leaf = Cid::raw_sha256(image.chunk_digests[200]);
    const Bytes good = store_.get(leaf).value();
    Bytes bad = good;
    bad[7] ^= std::byte{1};
    const std::size_t before = files_in(folder_.path());
    ASSERT_TRUE(write_file_durable(store_.path_of(leaf), bad));
    auto written = write_stored_file(store_, image.cid, engine_, folder_ / "out");
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is(Refusal::kBlockHashMismatch)) << written.error().to_string();
    EXPECT_EQ(inspect_dag(store_, image.cid, &engine_)->damaged, std::vector<Cid>{leaf});
    EXPECT_TRUE(inspect_dag(store_, image.cid, nullptr)->whole()) << "leaves are not read";
    EXPECT_FALSE(export_car(store_, image.cid, folder_ / "out.car"));
    ASSERT_TRUE(store_.remove(leaf));
    written = write_stored_file(store_, image.cid, engine_, folder_ / "out");
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is(std::errc::no_such_file_or_directory));
    EXPECT_EQ(inspect_dag(store_, image.cid, nullptr)->missing, std::vector<Cid>{leaf});
    EXPECT_FALSE(export_car(store_, image.cid, folder_ / "out.car"));
    EXPECT_EQ(files_in(folder_.path()), before) << "neither output nor a part of it";
}

TEST_F(StoredFile, KnowsWhatIsBelowAMissingNodeIsUnknown) {
    const auto image = import(290'000, LeafFormat::kRaw);
    ASSERT_TRUE(store_.remove(image.cid));
    EXPECT_FALSE(inspect_dag(store_, image.cid, nullptr));
    EXPECT_FALSE(write_stored_file(store_, image.cid, engine_, folder_ / "out"));
}

TEST_F(StoredFile, IsNoDirectory) {
    test::DirectoryWriter writer(1);
    const auto image = import(10, LeafFormat::kRaw);
    const Cid directory = writer.basic({{"image", image.cid, 10}}).cid;
    ASSERT_TRUE(store_.put(directory, writer.blocks.at(directory)));
    const auto written = write_stored_file(store_, directory, engine_, folder_ / "out");
    ASSERT_FALSE(written);
    EXPECT_TRUE(written.error().is(std::errc::is_a_directory)) << written.error().to_string();
    const auto dag = inspect_dag(store_, directory, nullptr);
    ASSERT_TRUE(dag);
    EXPECT_EQ(dag->kind, "directory");
    EXPECT_EQ(dag->blocks, 2U);
    EXPECT_FALSE(std::filesystem::exists(folder_ / "out"));
}

TEST_F(StoredFile, TravelsAsACar) {
    const auto image = import(290'000, LeafFormat::kRaw);
    const auto sent = export_car(store_, image.cid, folder_ / "image.car");
    ASSERT_TRUE(sent) << sent.error().to_string();
    EXPECT_EQ(sent->blocks, store_.stat()->blocks);
    EXPECT_EQ(check_car(folder_ / "image.car", engine_)->blocks, sent->blocks);
    const auto taken = import_car(folder_ / "image.car", engine_, other_);
    ASSERT_TRUE(taken) << taken.error().to_string();
    EXPECT_EQ(taken->roots, std::vector<Cid>{image.cid});
    EXPECT_EQ(taken->bytes, sent->bytes);
    EXPECT_TRUE(other_.find_pin(image.cid)->by_hand);
    ASSERT_TRUE(write_stored_file(other_, image.cid, engine_, folder_ / "out"));
    EXPECT_EQ(read("out"), content_);
    // Byte for byte what another implementation of "depth first, each block once" writes, so again.
    ASSERT_TRUE(export_car(other_, image.cid, folder_ / "again.car"));
    EXPECT_EQ(read("again.car"), read("image.car"));
}

TEST_F(StoredFile, NothingOfABadCarStays) {
    const auto image = import(290'000, LeafFormat::kRaw);
    ASSERT_TRUE(export_car(store_, image.cid, folder_ / "image.car"));
    const Bytes car = read("image.car");
    const auto refused = [&](ByteView bytes) {
        EXPECT_TRUE(write_file_durable(folder_ / "bad.car", bytes));
        const auto taken = import_car(folder_ / "bad.car", engine_, other_);
        EXPECT_FALSE(taken);
        EXPECT_EQ(other_.stat()->blocks, 0U);
        EXPECT_TRUE(other_.pins()->empty());
        return taken ? Error({}, "") : taken.error();
    };
    Bytes bad = car;
    bad.back() ^= std::byte{1};
    EXPECT_TRUE(refused(bad).is(Refusal::kBlockHashMismatch));
    EXPECT_TRUE(refused(ByteView(car).first(car.size() - 1)).is(Refusal::kContentIncomplete));
    // Cut between two blocks: only the root can tell that something is missing.
    const std::size_t last = encode_car_section_head(image.cid, 1000).size() + 1000;
    EXPECT_TRUE(refused(ByteView(car).first(car.size() - last)).is(Refusal::kContentIncomplete));
    EXPECT_TRUE(refused(as_bytes("\x09no archive")).is(Refusal::kMalformed));
    EXPECT_TRUE(refused({}).is(Refusal::kContentIncomplete));
    // What was here before stays.
    const Cid kept = Cid::raw_sha256(image.chunk_digests[5]);
    ASSERT_TRUE(other_.put(kept, store_.get(kept).value()));
    ASSERT_TRUE(write_file_durable(folder_ / "bad.car", bad));
    EXPECT_FALSE(import_car(folder_ / "bad.car", engine_, other_));
    EXPECT_EQ(other_.stat()->blocks, 1U);
}

TEST_F(StoredFile, ForeignCarsOfHashesThatAreNotOursAreRefused) {
    ASSAY_FIXTURE_OR_SKIP(path, "ipfs/go-car/v2/testdata/sample-v1.car");
    const auto taken = import_car(path, engine_, other_);
    ASSERT_FALSE(taken);
    EXPECT_TRUE(taken.error().is(Refusal::kCidUnsupported)) << taken.error().to_string();
    EXPECT_EQ(other_.stat()->blocks, 0U);
}

TEST_F(StoredFile, ForeignCarsOfBothVersionsAreTaken) {
    for (const char* name : {"gateway-conformance/trustless_gateway_car/dir-with-duplicate-files.car",
                             "kubo/TestGatewayMultiRange.car", "kubo/TestDagStatCARv2.car",
                             "go-car/v2/testdata/sample-unixfs-v2.car"}) {
        ASSAY_FIXTURE_OR_SKIP(path, std::string("ipfs/") + name);
        const auto taken = import_car(path, engine_, other_);
        ASSERT_TRUE(taken) << name << ": " << taken.error().to_string();
        for (const Cid& root : taken->roots) {
            EXPECT_TRUE(other_.is_pinned(root));
            EXPECT_TRUE(inspect_dag(other_, root, &engine_)->whole()) << name;
        }
    }
}

// A disk without room: a small filesystem of its own, where tests may mount one.
TEST_F(StoredFile, LeavesNothingOnAFullDisk) {
    const auto small = folder_ / "small";
    std::filesystem::create_directory(small);
    const std::string command =
        "mount -t tmpfs -o size=2m tmpfs '" + small.string() + "' 2>/dev/null";
    if (std::system(command.c_str()) != 0) GTEST_SKIP() << "may not mount a small filesystem";
    {
        BlockStore full = BlockStore::open(small / "store").value();
        (void)import(1000, LeafFormat::kRaw);
        assay::test::write_chacha20_file((folder_ / "large").string(), "large", 5 << 20);
        const auto imported =
            import_file(folder_ / "large", unixfs_v1_2025(), engine_, full);
        EXPECT_FALSE(imported);
        if (imported) return;
        EXPECT_TRUE(imported.error().is(std::errc::no_space_on_device))
            << imported.error().to_string();
        EXPECT_EQ(full.stat()->blocks, 0U);
        EXPECT_TRUE(full.pins()->empty());
        EXPECT_TRUE(std::filesystem::is_empty(small / "store/blocks/.temp"));
        const auto image = import_file(folder_ / "large", unixfs_v1_2025(), engine_, store_);
        EXPECT_FALSE(write_stored_file(store_, image->cid, engine_, small / "out"));
        EXPECT_FALSE(export_car(store_, image->cid, small / "out.car"));
        EXPECT_EQ(files_in(small), 1U);
    }
    EXPECT_EQ(std::system(("umount '" + small.string() + "'").c_str()), 0);
}

}  // namespace
}  // namespace assay::ipfs
