#include "gateway/investigation/case_file.hpp"

#include <gtest/gtest.h>

#include "tests/support/decoder_checks.hpp"
#include "tests/support/test_case.hpp"

namespace assay::gateway {
namespace {

TEST(CaseFile, ComesBackAsItWasSigned) {
    const test::TestCase world;
    const auto file = open_case_file(world.bytes());
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(*file, world.file);
    EXPECT_TRUE(looks_like_case_file(world.bytes()));
    EXPECT_FALSE(looks_like_case_file(as_bytes("c2sp.org/tlog-proof@v1")));
}

TEST(CaseFile, SaysWhatTheGatewayHasLostOrForgotten) {
    test::TestCase world;
    world.file.lost_batches = {3, 4, 70'000};
    world.file.devices[0].has_more_keys = true;
    const auto file = open_case_file(world.bytes());
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(*file, world.file);
    world.file.receipts.resize(1);
    world.file.consortium = CaseLog{};
    test::expect_only_whole_input(world.bytes(), open_case_file);
}

TEST(CaseFile, MayBeAboutNothingAtAll) {
    const auto key = test::key_named("gateway");
    CaseFile empty;
    empty.gateway = "gw";
    empty.key = key.public_key();
    empty.question.from = 1;
    empty.question.to = 2;
    empty.question.release = crypto::leaf_hash(as_bytes("release"));
    const auto file = open_case_file(sign_case_file(empty, key).value());
    ASSERT_TRUE(file) << file.error().to_string();
    EXPECT_EQ(*file, empty);
}

TEST(CaseFile, IsOnlyItsWholeEncoding) {
    test::TestCase world;
    world.file.receipts.resize(1);
    world.file.consortium = CaseLog{};
    test::expect_only_whole_input(world.bytes(), open_case_file);
}

TEST(CaseFile, IsRefusedWithAnyBitFlipped) {
    const test::TestCase world;
    const auto is_good = [](ByteView bytes) { return open_case_file(bytes).has_value(); };
    test::expect_every_bit_counts(world.bytes(), is_good, 9);
    test::expect_every_bit_counts(world.bytes(), is_good, 23);
}

TEST(CaseFile, RefusesWhatIsOutOfOrder) {
    const auto refusal = [](auto change) {
        test::TestCase world;
        change(world.file);
        const auto file = open_case_file(world.bytes());
        return file ? std::string() : file.error().code().message();
    };
    EXPECT_EQ(refusal([](CaseFile&) {}), "");
    EXPECT_EQ(refusal([](CaseFile& file) {
                  std::swap(file.consortium.entries[0], file.consortium.entries[1]);
              }),
              "malformed");
    EXPECT_EQ(refusal([](CaseFile& file) { file.receipts_log.checkpoint.clear(); }), "malformed");
    EXPECT_EQ(refusal([](CaseFile& file) { file.lost_batches = {3, 3}; }), "malformed");
    EXPECT_EQ(refusal([](CaseFile& file) { file.devices.push_back(file.devices[0]); }), "malformed");
    EXPECT_EQ(refusal([](CaseFile& file) { file.key = test::key_named("other").public_key(); }),
              "signature-invalid");
}

}  // namespace
}  // namespace assay::gateway
