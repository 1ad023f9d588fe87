#include "host/compute/opencl/program_store.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/decoder_checks.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::compute::opencl {
namespace {

ProgramBinary program(std::string kernel, std::string driver = "3.1") {
    ProgramBinary out;
    out.identity.kernel = std::move(kernel);
    out.identity.options = "-DASSAY_LANES=8";
    out.identity.platform = "Portable Computing Language, OpenCL 3.0";
    out.identity.device = "a processor";
    out.identity.driver = std::move(driver);
    out.code = to_bytes("machine code of " + out.identity.kernel);
    return out;
}

std::filesystem::path write_binary(const test::TempDir& dir, const Bytes& file) {
    EXPECT_TRUE(write_file_durable(dir / "engines.bin", file));
    return dir / "engines.bin";
}

TEST(Programs, AreReadBackAsTheyWereWritten) {
    const Bytes file = encode_programs({program("search"), program("messages")});
    const auto read = decode_programs(file);
    ASSERT_TRUE(read) << read.error().to_string();
    ASSERT_EQ(read->size(), 2U);
    EXPECT_EQ((*read)[1].identity, program("messages").identity);
    EXPECT_EQ((*read)[1].code, program("messages").code);
}

TEST(Programs, AnyDamageToTheCodeIsNoticed) {
    const Bytes file = encode_programs({program("search")});
    test::expect_only_whole_input(file, decode_programs);
    for (std::size_t i = file.size() - 10; i < file.size(); ++i) {
        Bytes damaged = file;
        damaged[i] ^= std::byte{1};
        const auto read = decode_programs(damaged);
        ASSERT_FALSE(read);
        EXPECT_NE(read.error().context().find("damaged"), std::string::npos);
    }
}

TEST(ProgramStore, KeepsWhatWasCompiledByEverythingItDependsOn) {
    const test::TempDir dir;
    const auto store = ProgramStore::open(dir / "cache", {}).value();
    EXPECT_FALSE(store.offline());
    ASSERT_TRUE(store.keep(program("search")));
    EXPECT_EQ(store.find(program("search").identity).value(), program("search").code);
    for (int i = 0; i < 6; ++i) {
        ProgramIdentity other = program("search").identity;
        std::string* const texts[] = {&other.kernel, &other.options, &other.platform, &other.device,
                                      &other.driver};
        if (i < 5) *texts[i] += "x";
        if (i == 5) other.source.bytes[0] = std::byte{1};
        EXPECT_FALSE(store.find(other).value().has_value()) << i;
    }
    EXPECT_FALSE(ProgramStore().find(program("search").identity).value().has_value());
}

TEST(ProgramStore, ADamagedCacheIsAnEmptyOne) {
    const test::TempDir dir;
    const auto store = ProgramStore::open(dir.path(), {}).value();
    ASSERT_TRUE(store.keep(program("search")));
    for (const auto& entry : std::filesystem::directory_iterator(dir.path())) {
        std::filesystem::resize_file(entry.path(), 40);
    }
    EXPECT_FALSE(store.find(program("search").identity).value().has_value());
    ASSERT_TRUE(store.keep(program("search")));
    EXPECT_TRUE(store.find(program("search").identity).value().has_value());
}

TEST(ProgramStore, ABinaryStandsInForTheCompiler) {
    const test::TempDir dir;
    const auto path = write_binary(dir, encode_programs({program("search")}));
    const auto store = ProgramStore::open(dir / "cache", path).value();
    EXPECT_TRUE(store.offline());
    EXPECT_EQ(store.find(program("search").identity).value(), program("search").code);
    ASSERT_TRUE(store.keep(program("messages")));
    const auto missing = store.find(program("messages").identity);
    ASSERT_FALSE(missing) << "the cache does not stand in for the binary";
    EXPECT_NE(missing.error().context().find("has no messages"), std::string::npos);
}

TEST(ProgramStore, ABinaryForAnotherDeviceOrDriverSaysForWhichItIs) {
    const test::TempDir dir;
    const auto path = write_binary(dir, encode_programs({program("search", "3.0")}));
    const auto store = ProgramStore::open({}, path).value();
    const auto found = store.find(program("search", "3.1").identity);
    ASSERT_FALSE(found);
    EXPECT_TRUE(found.error().is(std::errc::no_such_device));
    EXPECT_NE(found.error().context().find("driver 3.1"), std::string::npos);
    EXPECT_NE(found.error().context().find("driver 3.0"), std::string::npos);
}

TEST(ProgramStore, ADamagedOrMissingBinaryIsAnErrorThatNamesTheRemedy) {
    const test::TempDir dir;
    EXPECT_FALSE(ProgramStore::open({}, dir / "missing.bin"));
    Bytes file = encode_programs({program("search")});
    file.back() ^= std::byte{1};
    const auto damaged = ProgramStore::open({}, write_binary(dir, file));
    ASSERT_FALSE(damaged);
    EXPECT_NE(damaged.error().context().find("engines compile"), std::string::npos);
    EXPECT_FALSE(ProgramStore::open({}, write_binary(dir, to_bytes(std::string_view("text")))));
}

}  // namespace
}  // namespace assay::compute::opencl
