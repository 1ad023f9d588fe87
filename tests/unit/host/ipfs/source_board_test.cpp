#include "host/ipfs/source_board.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"

namespace assay::ipfs {
namespace {

std::vector<WantedBlock> wanted(std::size_t count) {
    std::vector<WantedBlock> out;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text = std::to_string(i);
        out.emplace_back(Cid::raw_sha256(crypto::sha256(as_bytes(text))), 10);
    }
    return out;
}

const Error kReset(std::make_error_code(std::errc::connection_reset), "http://a");

TEST(SourceBoard, GivesUpASourceThatKeepsFailing) {
    SourceBoard board(2);
    board.failed(0, kReset);
    board.failed(0, kReset);
    board.answered(0);
    board.failed(0, kReset);
    board.failed(0, kReset);
    EXPECT_TRUE(board.usable(0));
    board.failed(0, kReset);
    EXPECT_FALSE(board.usable(0));
    EXPECT_TRUE(board.usable(1));
    EXPECT_NE(board.describe().find("http://a"), std::string::npos);
}

TEST(SourceBoard, BansALiarOnce) {
    SourceBoard board(1);
    EXPECT_TRUE(board.ban(0, kReset));
    EXPECT_FALSE(board.ban(0, kReset));
    EXPECT_FALSE(board.usable(0));
}

TEST(WindowBoard, AsksForEachBlockOnce) {
    WindowBoard window(wanted(2), 2);
    EXPECT_EQ(window.take(0), 0U);
    EXPECT_EQ(window.take(1), 1U);
    EXPECT_EQ(window.take(0), std::nullopt);
    window.arrived(0, 0, Bytes(3));
    EXPECT_EQ(window.take(1), std::nullopt);
    EXPECT_FALSE(window.done());
    window.slots()[0].accepted = true;
    window.slots()[1].accepted = true;
    EXPECT_TRUE(window.done());
}

TEST(WindowBoard, AsksAnotherSourceForWhatOneLacks) {
    SourceBoard sources(2);
    WindowBoard window(wanted(1), 2);
    ASSERT_EQ(window.take(0), 0U);
    window.missing(0, 0);
    EXPECT_EQ(window.take(0), std::nullopt);
    EXPECT_EQ(window.hopeless(sources), nullptr);
    ASSERT_EQ(window.take(1), 0U);
    window.missing(0, 1);
    EXPECT_NE(window.hopeless(sources), nullptr);
}

TEST(WindowBoard, TriesAFailedBlockASecondTimeOnly) {
    SourceBoard sources(1);
    WindowBoard window(wanted(1), 1);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(window.hopeless(sources), nullptr);
        ASSERT_EQ(window.take(0), 0U);
        window.failed(0);
    }
    EXPECT_EQ(window.take(0), std::nullopt);
    EXPECT_NE(window.hopeless(sources), nullptr);
}

TEST(WindowBoard, TakesUpAgainWhatGotNoAnswer) {
    WindowBoard window(wanted(2), 1);
    ASSERT_EQ(window.take(0), 0U);
    ASSERT_EQ(window.take(0), 1U);
    window.arrived(0, 0, Bytes(1));
    window.release_unanswered();
    EXPECT_EQ(window.take(0), 1U);
    EXPECT_EQ(window.take(0), std::nullopt);
}

TEST(WindowBoard, WantsARejectedBlockFromSomebodyElse) {
    SourceBoard sources(2);
    WindowBoard window(wanted(1), 2);
    ASSERT_EQ(window.take(0), 0U);
    window.arrived(0, 0, Bytes(5));
    window.reject(0);
    ASSERT_TRUE(sources.ban(0, kReset));
    EXPECT_EQ(window.hopeless(sources), nullptr);
    EXPECT_EQ(window.take(1), 0U);
    EXPECT_TRUE(window.slots()[0].bytes.empty());
}

}  // namespace
}  // namespace assay::ipfs
