#include "host/ipfs/source_board.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "host/ipfs/block_queue.hpp"
#include "host/ipfs/source.hpp"

namespace assay::ipfs {
namespace {

using namespace std::chrono_literals;
const SourceBoard::Time kNow{};
const Error kReset(std::make_error_code(std::errc::connection_reset), "http://a");

std::vector<WantedBlock> wanted(std::size_t count) {
    std::vector<WantedBlock> out;
    for (std::size_t i = 0; i < count; ++i) {
        const std::string text = std::to_string(i);
        out.emplace_back(Cid::raw_sha256(crypto::sha256(as_bytes(text))), 10, i * 10);
    }
    return out;
}

TEST(SourceBoard, GivesUpASourceThatKeepsFailing) {
    SourceBoard board(2);
    board.failed(0, kReset);
    board.failed(0, kReset);
    board.answered(0, 10, 1ms);
    board.failed(0, kReset);
    board.failed(0, kReset);
    EXPECT_TRUE(board.usable(0));
    board.failed(0, kReset);
    EXPECT_FALSE(board.usable(0));
    EXPECT_TRUE(board.usable(1));
    EXPECT_NE(board.describe().find("http://a"), std::string::npos);
}

TEST(SourceBoard, GivesUpASourceThatIsAlwaysOutrun) {
    SourceBoard board(1);
    for (int i = 0; i < 3; ++i) board.outrun(0, kReset);
    EXPECT_FALSE(board.usable(0));
}

TEST(SourceBoard, BansALiarOnce) {
    SourceBoard board(1);
    EXPECT_TRUE(board.ban(0, kReset));
    EXPECT_FALSE(board.ban(0, kReset));
    EXPECT_FALSE(board.usable(0));
}

TEST(SourceBoard, LeavesASourceAloneForAsLongAsItWants) {
    SourceBoard board(1);
    board.rest(0, kNow + 5s, kReset);
    EXPECT_FALSE(board.may_ask(0, kNow + 4s));
    EXPECT_TRUE(board.may_ask(0, kNow + 5s));
    for (int i = 0; i < 20; ++i) board.rest(0, kNow, kReset);
    EXPECT_FALSE(board.usable(0)) << "not for ever";
}

// A line of 20 MB/s: what is asked for at a time shares it. A far source answers each in its own time.
TEST(SourceBoard, FillsALineAndDoesNotQueueBehindIt) {
    SourceBoard board(2);
    const auto room = [&](std::size_t source) {
        int count = 0;
        for (; board.may_ask(source, kNow); ++count) board.asked(source);
        for (int i = 0; i < count; ++i) board.released(source);
        return count;
    };
    for (int i = 0; i < 200; ++i) {
        board.answered(0, 1 << 20, room(0) * 50ms);
        board.answered(1, 1 << 20, 300ms);
    }
    EXPECT_GE(room(0), 2);
    EXPECT_LE(room(0), 4);
    EXPECT_EQ(room(1), 8);
    EXPECT_EQ(board.usable_count(), 2U);
    EXPECT_GT(board.speed(0), board.speed(1));
}

TEST(SourceBoard, AsksMoreOfWhoAnswersAndLessOfWhoFails) {
    SourceBoard board(1);
    const auto room = [&] {
        int count = 0;
        for (; board.may_ask(0, kNow); ++count) board.asked(0);
        for (int i = 0; i < count; ++i) board.released(0);
        return count;
    };
    EXPECT_EQ(room(), 2);
    for (int i = 0; i < 100; ++i) board.answered(0, 10, 1ms);
    EXPECT_EQ(room(), 8);
    board.failed(0, kReset);
    EXPECT_EQ(room(), 4);
}

TEST(SourceBoard, PutsTheFastestFirst) {
    SourceBoard board(3);
    board.answered(0, 1000, 100ms);
    board.answered(1, 1000, 10ms);
    EXPECT_EQ(board.by_speed(), (std::vector<std::size_t>{2, 1, 0}));
    EXPECT_GT(board.usual_time(), 10ms);
}

TEST(BlockQueue, GivesBlocksInOrderWithinTheWindow) {
    BlockQueue queue(wanted(4), 25);
    EXPECT_EQ(queue.take(0, kNow), 0U);
    EXPECT_EQ(queue.take(1, kNow), 1U);
    EXPECT_FALSE(queue.take(0, kNow)) << "25 bytes hold two blocks of 10";
    EXPECT_TRUE(queue.full());
    ASSERT_TRUE(queue.arrived(0, 0, Bytes(10)));
    EXPECT_FALSE(queue.take(0, kNow)) << "it is not stored yet";
    queue.accepted(0);
    EXPECT_EQ(queue.accepted_in_row(), 1U);
    EXPECT_EQ(queue.take(0, kNow), 2U);
}

TEST(BlockQueue, AsksASecondSourceOnlyWhenTheFirstTakesLong) {
    BlockQueue queue(wanted(1), 100);
    EXPECT_EQ(queue.take(0, kNow), 0U);
    EXPECT_FALSE(queue.take_again(1, 2s, kNow + 1s));
    EXPECT_FALSE(queue.take_again(0, 2s, kNow + 3s)) << "it has been asked";
    EXPECT_EQ(queue.take_again(1, 2s, kNow + 3s), 0U);
    EXPECT_FALSE(queue.take_again(2, 2s, kNow + 9s)) << "two are enough";
    EXPECT_TRUE(queue.arrived(0, 1, Bytes(10)));
    EXPECT_FALSE(queue.arrived(0, 0, Bytes(10))) << "the first copy counts";
    queue.accepted(0);
    EXPECT_TRUE(queue.done());
}

TEST(BlockQueue, KeepsTheSecondRequestWhenTheFirstCopyIsWrong) {
    BlockQueue queue(wanted(1), 100);
    ASSERT_TRUE(queue.take(0, kNow));
    ASSERT_TRUE(queue.take_again(1, 1s, kNow + 3s));
    ASSERT_TRUE(queue.arrived(0, 0, Bytes(10)));
    queue.rejected(0);
    EXPECT_FALSE(queue.has_waiting());
    EXPECT_TRUE(queue.arrived(0, 1, Bytes(10)));
}

TEST(BlockQueue, KnowsWhenNobodyIsLeftToAsk) {
    BlockQueue queue(wanted(1), 100);
    SourceBoard board(2);
    ASSERT_TRUE(queue.take(0, kNow));
    queue.lacking(0, 0);
    EXPECT_EQ(queue.hopeless(board), nullptr);
    EXPECT_FALSE(queue.take(0, kNow));
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(queue.take(1, kNow));
        queue.failed(0, 1);
    }
    EXPECT_NE(queue.hopeless(board), nullptr);
}

TEST(BlockQueue, TakesRunsForOneRequest) {
    BlockQueue queue(wanted(5), 100);
    ASSERT_EQ(queue.take(0, kNow), 0U);
    EXPECT_EQ(queue.take_run(0, 0, 30, kNow), (std::vector<std::size_t>{0, 1, 2}));
    EXPECT_EQ(queue.take(1, kNow), 3U);
}

TEST(BlockQueue, ARunEndsWhereTheFileHasMoreThanIsWanted) {
    std::vector<WantedBlock> blocks = wanted(6);
    blocks.erase(blocks.begin() + 2);  // it is here already
    blocks[3].offset = std::nullopt;   // no part of the file
    BlockQueue queue(blocks, 100);
    ASSERT_EQ(queue.take(0, kNow), 0U);
    EXPECT_EQ(queue.take_run(0, 0, 100, kNow), (std::vector<std::size_t>{0, 1}));
    ASSERT_EQ(queue.take(0, kNow), 2U);
    EXPECT_EQ(queue.take_run(2, 0, 100, kNow), (std::vector<std::size_t>{2}));
}

TEST(Source, SaysHowItIsAsked) {
    EXPECT_EQ(parse_source("https://oem.example:8472")->kind, Source::Kind::kBlocks);
    EXPECT_EQ(parse_source("car+http://127.0.0.1:80")->kind, Source::Kind::kCars);
    EXPECT_EQ(parse_source("kubo+http://127.0.0.1:5001")->url, "http://127.0.0.1:5001");
    for (const char* text : {"", "oem.example", "http://a/", "http://a/b", "car+", "ftp://a"}) {
        EXPECT_FALSE(parse_source(text)) << text;
    }
}

}  // namespace
}  // namespace assay::ipfs
