#include "host/base_daemon/sd_notify.hpp"

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "tests/support/temp_dir.hpp"

namespace assay {
namespace {

// The socket systemd would listen on.
class SdNotify : public testing::Test {
  protected:
    void SetUp() override {
        const std::string path = (folder_ / "notify").string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        ASSERT_LT(path.size(), sizeof address.sun_path);
        std::memcpy(address.sun_path, path.c_str(), path.size());
        socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        ASSERT_EQ(::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    }
    void TearDown() override {
        ::unsetenv("NOTIFY_SOCKET");
        ::close(socket_);
    }
    [[nodiscard]] std::string received() const {
        std::array<char, 512> buffer{};
        const ssize_t size = ::recv(socket_, buffer.data(), buffer.size(), 0);
        return {buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0};
    }

  private:
    test::TempDir folder_;
    int socket_ = -1;
};

TEST_F(SdNotify, TellsSystemdEachState) {
    notify_ready();
    EXPECT_EQ(received(), "READY=1");
    notify_status("height 7, 20 devices");
    EXPECT_EQ(received(), "STATUS=height 7, 20 devices");
    notify_stopping();
    EXPECT_EQ(received(), "STOPPING=1");
}

TEST_F(SdNotify, SetsNothingElseThroughAStatus) {
    notify_status("fine\nWATCHDOG=1");
    EXPECT_EQ(received(), "STATUS=fine WATCHDOG=1");
}

TEST_F(SdNotify, IsSilentOutsideSystemd) {
    ::unsetenv("NOTIFY_SOCKET");
    notify_ready();
    EXPECT_EQ(received(), "");
}

}  // namespace
}  // namespace assay
