#include "ledger/chain/log_store.hpp"

#include <gtest/gtest.h>

#include "host/base/codec.hpp"

namespace assay::ledger {
namespace {

LeafHash leaf(std::uint64_t number) { return crypto::leaf_hash(Writer().u64(number).take()); }

void expect_log(const LogStore& log, std::span<const LeafHash> leaves) {
    ASSERT_EQ(log.size(), leaves.size());
    for (std::size_t size = 0; size <= leaves.size(); ++size) {
        const auto part = leaves.first(size);
        ASSERT_EQ(log.root(size), crypto::tree_root(part)) << size;
        for (std::size_t index = 0; index < size; ++index) {
            ASSERT_EQ(log.inclusion_path(index, size), crypto::inclusion_path(part, index))
                << index << " of " << size;
        }
        for (std::size_t from = 0; from <= size; ++from) {
            ASSERT_EQ(log.consistency_path(from, size), crypto::consistency_path(part, from))
                << from << " of " << size;
        }
    }
}

TEST(LogStore, HasTheRootsAndPathsOfItsLeavesAtEverySize) {
    LogStore log;
    std::vector<LeafHash> leaves;
    for (std::uint64_t i = 0; i < 70; ++i) {
        log.append(leaf(i));
        leaves.push_back(leaf(i));
    }
    expect_log(log, leaves);
}

TEST(LogStore, ForgetsTheLeavesOfBlocksLeftBehind) {
    for (std::size_t kept = 0; kept <= 20; ++kept) {
        LogStore log;
        std::vector<LeafHash> leaves;
        for (std::uint64_t i = 0; i < 20; ++i) log.append(leaf(i));
        log.truncate(kept);
        for (std::uint64_t i = 0; i < kept; ++i) leaves.push_back(leaf(i));
        for (std::uint64_t i = 100; i < 117; ++i) {
            log.append(leaf(i));
            leaves.push_back(leaf(i));
        }
        expect_log(log, leaves);
    }
}

// Were each path a pass over the log, this test would run for minutes.
TEST(LogStore, ProvesInALargeLogWithoutReadingItAll) {
    constexpr std::uint64_t kSize = 200'001;
    LogStore log;
    for (std::uint64_t i = 0; i < kSize; ++i) log.append(leaf(i));
    const LogHash root = log.root(kSize);
    for (std::uint64_t index = 0; index < kSize; index += 100) {
        const auto path = log.inclusion_path(index, kSize);
        ASSERT_TRUE(crypto::verify_inclusion(leaf(index), index, kSize, path, root)) << index;
    }
}

}  // namespace
}  // namespace assay::ledger
