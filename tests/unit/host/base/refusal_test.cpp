#include "host/base/refusal.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "host/base/result.hpp"

namespace assay {
namespace {

TEST(Refusal, NumbersAscendAndWordsAreUnique) {
    std::set<std::string_view> words;
    int last = 0;
    for (const RefusalInfo& info : refusals()) {
        EXPECT_GT(static_cast<int>(info.code), last) << info.word;
        last = static_cast<int>(info.code);
        EXPECT_TRUE(words.insert(info.word).second) << info.word;
        EXPECT_EQ(refusal_from_number(static_cast<std::uint64_t>(info.code)), info.code);
    }
    EXPECT_FALSE(refusal_from_number(0));
    EXPECT_FALSE(refusal_from_number(65535));
}

TEST(Refusal, TravelsInsideAnError) {
    const Result<int> result = fail(Refusal::kChunkHashMismatch, "chunk 7");
    EXPECT_TRUE(result.error().is(Refusal::kChunkHashMismatch));
    EXPECT_EQ(refusal_of(result.error().code()), Refusal::kChunkHashMismatch);
    EXPECT_EQ(result.error().to_string(), "chunk 7: chunk-hash-mismatch");
    EXPECT_FALSE(refusal_of(std::make_error_code(std::errc::io_error)));
}

TEST(Refusal, EveryWordIsDocumentedWithItsNumber) {
    std::ifstream file(ASSAY_SOURCE_ROOT "/docs/refusals.md");
    std::stringstream text;
    text << file.rdbuf();
    for (const RefusalInfo& info : refusals()) {
        const std::string row = "| " + std::to_string(static_cast<int>(info.code)) + " | `" +
                                std::string(info.word) + "` | " + std::string(info.meaning) + " |";
        EXPECT_NE(text.str().find(row), std::string::npos) << "docs/refusals.md lacks: " << row;
    }
}

}  // namespace
}  // namespace assay
