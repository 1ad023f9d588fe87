// What a producer publishes goes to a Kubo node, too, where one is configured.

#include <gtest/gtest.h>

#include "gateway/cli/image_verbs.hpp"
#include "tests/integration/gateway/daemons.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/kubo_stand_in.hpp"

namespace assay::gateway {
namespace {

using assay::test::KuboStandIn;
using test::Consortium;
using test::Daemon;
using test::eventually;
using test::TempDir;

class KuboPublishing : public ::testing::Test {
  protected:
    KuboPublishing() {
        member_.init("oem", {"oem"});
        options_.dir = member_.folder().dir();
        options_.file = folder_ / "image";
        options_.kubo_copy = cli::KuboCopy::kYes;
        assay::test::write_chacha20_file(options_.file.string(), "for Kubo", 40'000'000);
    }
    void publish_to(const std::string& url) {
        member_.configure("publish = \"" + url + "\"\n");
    }

    TempDir folder_;
    KuboStandIn kubo_{folder_ / "kubo"};
    Daemon member_{folder_ / "oem"};
    cli::ImageOptions options_;
};

TEST_F(KuboPublishing, GivesTheWholeImageInPiecesAndHasItPinned) {
    publish_to(kubo_.url());
    const auto added = cli::add_image(options_);
    ASSERT_TRUE(added) << added.error().message;
    EXPECT_EQ(added->json.at("kubo").as_string(), kubo_.url());
    const auto root = ipfs::parse_cid(std::string_view(added->json.at("cid").as_string())).value();
    EXPECT_TRUE(kubo_.store().is_pinned(root)) << "the stand-in pins only what it has whole";
    EXPECT_EQ(kubo_.store().stat()->blocks, 40U) << "39 leaves and a root";
    EXPECT_EQ(kubo_.calls("dag/import"), 3) << "memory holds 16 MiB at a time";

    ASSERT_TRUE(cli::add_image(options_)) << "again does no harm";
    options_.kubo_copy = cli::KuboCopy::kNo;
    ASSERT_TRUE(cli::add_image(options_));
    EXPECT_EQ(kubo_.calls("pin/add"), 2) << "only where it is asked for";
}

TEST_F(KuboPublishing, SaysWhatFailedAndKeepsTheImage) {
    const auto is_here = [&] {
        const auto images = cli::list_images(options_).value();
        return images.json.at("images").as_array().size() == 1;
    };
    publish_to("http://127.0.0.1:1");
    const auto unreachable = cli::add_image(options_);
    ASSERT_FALSE(unreachable);
    EXPECT_EQ(unreachable.error().code, cli::ExitCode::kUnreachable);
    EXPECT_NE(unreachable.error().message.find("http://127.0.0.1:1, dag/import"), std::string::npos)
        << unreachable.error().message;
    EXPECT_NE(unreachable.error().advice.find("ipfs daemon"), std::string::npos);
    EXPECT_TRUE(is_here());

    kubo_.break_down();
    publish_to(kubo_.url());
    const auto refused = cli::add_image(options_);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, cli::ExitCode::kFailure);
    EXPECT_NE(refused.error().message.find("the datastore is broken"), std::string::npos)
        << refused.error().message;
    EXPECT_TRUE(is_here());

    member_.configure("");
    const auto nowhere = cli::add_image(options_);
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().code, cli::ExitCode::kUsage);
    EXPECT_NE(nowhere.error().advice.find("publish = \"http://127.0.0.1:5001\""), std::string::npos);
}

// Out through one Kubo node and in through it again, no member serving anything.
TEST(KuboPath, AReleaseTravelsThroughKuboAlone) {
    const TempDir folder;
    KuboStandIn kubo(folder / "kubo");
    Consortium world("publish = \"" + kubo.url() + "\"\n");
    world.set_policy(/*wait=*/true);
    world.gw.stop();
    world.start_gateway("sources = [\"kubo+" + kubo.url() + "\"]\n");
    const std::string leaf =
        world.publish(assay::test::chacha20_bytes("through Kubo", 2'500'000), 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    EXPECT_EQ(kubo.calls("block/get"), 4) << "a root and three leaves";

    // What Kubo does not take is not released.
    kubo.break_down();
    cli::PublishOptions options;
    options.dir = world.oem.folder().dir();
    options.file = folder / "next";
    ASSERT_TRUE(write_file_durable(options.file, as_bytes("the next image")));
    options.vendor = Consortium::kVendor;
    options.device_class = Consortium::kClass;
    options.component = Consortium::kComponent;
    options.sequence = 2;
    options.version = "1.2";
    const auto published = cli::publish_release(options);
    ASSERT_FALSE(published);
    EXPECT_NE(published.error().message.find("publish to Kubo"), std::string::npos);
    EXPECT_EQ(world.oem.get("/v1/releases").at("releases").as_array().size(), 1U);
}

}  // namespace
}  // namespace assay::gateway
