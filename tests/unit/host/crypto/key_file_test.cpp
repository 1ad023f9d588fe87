#include "host/crypto/key_file.hpp"

#include <fstream>

#include <sys/stat.h>

#include <gtest/gtest.h>

#include "host/base/file.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::crypto {
namespace {

namespace fs = std::filesystem;

class KeyFile : public testing::TestWithParam<Algorithm> {
  protected:
    test::TempDir folder_;
    fs::path path_ = folder_ / "root.key";
    PrivateKey key_ = PrivateKey::generate(GetParam()).value();
};

TEST_P(KeyFile, GivesBackTheKeyThatWasSaved) {
    ASSERT_TRUE(save_key(path_, key_));
    const auto loaded = load_key(path_);
    ASSERT_TRUE(loaded) << loaded.error().to_string();
    EXPECT_EQ(loaded->public_key(), key_.public_key());
    EXPECT_TRUE(verify(key_.public_key(), as_bytes("m"), loaded->sign(as_bytes("m")).value()));
}

TEST_P(KeyFile, IsReadableByItsOwnerAlone) {
    const mode_t before = ::umask(0);
    const auto saved = save_key(path_, key_);
    ::umask(before);
    ASSERT_TRUE(saved);
    struct stat info {};
    ASSERT_EQ(::stat(path_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777U, 0600U);
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1) << "nothing left aside";
}

TEST_P(KeyFile, IsNeverOverwritten) {
    ASSERT_TRUE(save_key(path_, key_));
    const auto again = save_key(path_, PrivateKey::generate(GetParam()).value());
    ASSERT_FALSE(again);
    EXPECT_TRUE(again.error().is(std::errc::file_exists)) << again.error().to_string();
    EXPECT_EQ(load_key(path_)->public_key(), key_.public_key());
    EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), {}), 1) << "nothing left aside";
}

TEST_P(KeyFile, IsRefusedWhenOthersCanReadIt) {
    ASSERT_TRUE(save_key(path_, key_));
    for (const mode_t mode : {0640U, 0604U, 0666U}) {
        ASSERT_EQ(::chmod(path_.c_str(), mode), 0);
        const auto loaded = load_key(path_);
        ASSERT_FALSE(loaded);
        EXPECT_TRUE(loaded.error().is(std::errc::permission_denied));
        EXPECT_NE(loaded.error().context().find("chmod 600 " + path_.string()), std::string::npos);
    }
}

TEST_P(KeyFile, IsRefusedCutAtAnyLength) {
    const Bytes pem = key_.to_pem().value();
    for (std::size_t size = 0; size + 2 < pem.size(); ++size) {
        ASSERT_TRUE(write_file_durable(path_, ByteView(pem).first(size), 0600));
        EXPECT_FALSE(load_key(path_)) << size;
    }
}

TEST(LoadKey, NamesTheFileThatIsMissing) {
    const test::TempDir folder;
    const auto loaded = load_key(folder / "absent.key");
    ASSERT_FALSE(loaded);
    EXPECT_TRUE(loaded.error().is(std::errc::no_such_file_or_directory));
    EXPECT_NE(loaded.error().context().find("absent.key"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Both,
                         KeyFile,
                         testing::Values(Algorithm::kEd25519, Algorithm::kEcdsaP256),
                         [](const auto& suite) {
                             return suite.param == Algorithm::kEd25519 ? "Ed25519" : "EcdsaP256";
                         });

}  // namespace
}  // namespace assay::crypto
