#include "gateway/member_folder.hpp"

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

TEST(OperatorTokenFile, IsRefusedIfOthersCanReadIt) {
    const test::TempDir dir;
    const MemberFolder folder(dir.path());
    ASSERT_TRUE(write_file_durable(folder.operator_token(), as_bytes("secret\n"), 0600));
    EXPECT_EQ(read_operator_token(folder).value(), "secret");
    for (const mode_t mode : {0640U, 0604U, 0666U}) {
        ASSERT_TRUE(write_file_durable(folder.operator_token(), as_bytes("secret\n"), mode));
        const auto token = read_operator_token(folder);
        ASSERT_FALSE(token) << std::oct << mode;
        EXPECT_TRUE(token.error().is(std::errc::permission_denied));
        EXPECT_NE(token.error().context().find("chmod 600"), std::string::npos);
    }
}

}  // namespace
}  // namespace assay::gateway
