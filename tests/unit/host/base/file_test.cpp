#include "host/base/file.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include "tests/support/temp_dir.hpp"

namespace assay {
namespace {

TEST(File, WritesReplacesAndReads) {
    const test::TempDir dir;
    ASSERT_TRUE(write_file_durable(dir / "a", as_bytes("one"), 0600));
    ASSERT_TRUE(write_file_durable(dir / "a", as_bytes("two"), 0600));
    EXPECT_EQ(as_text(read_file(dir / "a", 10).value()), "two");
    struct stat info {};
    ASSERT_EQ(::stat((dir / "a").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600U);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(dir.path()), {}), 1);
}

TEST(File, RefusesAFileAboveTheBound) {
    const test::TempDir dir;
    ASSERT_TRUE(write_file_durable(dir / "a", as_bytes("four")));
    auto content = read_file(dir / "a", 3);
    ASSERT_FALSE(content);
    EXPECT_TRUE(content.error().is(Refusal::kLimitExceeded));
}

TEST(File, NamesTheMissingFile) {
    const test::TempDir dir;
    auto content = read_file(dir / "nowhere", 3);
    ASSERT_FALSE(content);
    EXPECT_NE(content.error().to_string().find("nowhere"), std::string::npos);
    EXPECT_TRUE(content.error().is(std::errc::no_such_file_or_directory));
}

TEST(File, CreatesNestedFolders) {
    const test::TempDir dir;
    ASSERT_TRUE(create_directories_durable(dir.path() / "x" / "y"));
    EXPECT_TRUE(std::filesystem::is_directory(dir.path() / "x" / "y"));
    ASSERT_TRUE(write_file_durable(dir / "f", {}));
    EXPECT_FALSE(create_directories_durable(dir.path() / "f" / "y"));
}

TEST(FileLock, IsExclusive) {
    const test::TempDir dir;
    {
        auto first = FileLock::acquire(dir / "lock");
        ASSERT_TRUE(first);
        EXPECT_FALSE(FileLock::acquire(dir / "lock"));
    }
    EXPECT_TRUE(FileLock::acquire(dir / "lock"));
}

}  // namespace
}  // namespace assay
