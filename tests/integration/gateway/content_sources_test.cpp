// Where a gateway fetches images from: each word that [content] knows, one after the other.

#include <gtest/gtest.h>

#include "tests/integration/gateway/daemons.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/kubo_stand_in.hpp"

namespace assay::gateway {
namespace {

using test::Consortium;
using test::eventually;

TEST(ContentSources, ImagesComeFromWhateverTheConfigurationNames) {
    Consortium world("public_listen = \"127.0.0.1:0\"\n");
    world.set_policy();
    const assay::test::KuboStandIn kubo(world.oem.folder().content());
    const std::string oem = "http://" + world.oem.address("public_content");
    const std::vector<std::string> words = {
        "sources = [\"" + oem + "\"]\n",
        "sources = [\"car+" + oem + "\"]\n",
        "sources = [\"kubo+" + kubo.url() + "\"]\n",
        "routers = [\"" + oem + "\"]\n",  // which has it itself
    };
    std::uint64_t sequence = 0;
    for (const std::string& word : words) {
        SCOPED_TRACE(word);
        world.gw.stop();
        world.start_gateway(word);
        ++sequence;
        const Bytes image =
            assay::test::chacha20_bytes("image " + std::to_string(sequence), 3'500'000);
        const std::string leaf = world.publish(image, sequence);
        ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "ready"; }));
    }
    EXPECT_EQ(kubo.calls("block/get"), 5) << "a root and four leaves";
}

}  // namespace
}  // namespace assay::gateway
