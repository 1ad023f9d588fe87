#include "gateway/open_files.hpp"

#include <sys/resource.h>

#include <gtest/gtest.h>

namespace assay::gateway {
namespace {

TEST(OpenFiles, AreRaisedToWhatTheSystemAllows) {
    rlimit files{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    const rlimit before = files;
    files.rlim_cur = std::min<rlim_t>(256, files.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &files), 0);
    EXPECT_EQ(raise_open_files_limit(), files.rlim_max);
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &files), 0);
    EXPECT_EQ(files.rlim_cur, files.rlim_max);
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace assay::gateway
