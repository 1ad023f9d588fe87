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

TEST(ContentSources, OneThatCannotBeReachedIsNamedWithWhatToDo) {
    Consortium world;
    world.set_policy();
    world.gw.stop();
    world.start_gateway("sources = [\"http://127.0.0.1:1\"]\n");
    const std::string leaf = world.publish(assay::test::chacha20_bytes("unreachable", 100'000), 1);
    ASSERT_TRUE(eventually([&] { return world.stage(leaf) == "waiting"; }));
    cli::FolderOptions gateway;
    gateway.dir = world.gw.folder().dir();
    const auto listed = cli::list_releases(gateway);
    ASSERT_TRUE(listed) << listed.error().message;
    for (const char* const said : {"http://127.0.0.1:1", "refused", "[content] sources"}) {
        EXPECT_NE(listed->text.find(said), std::string::npos) << said << ": " << listed->text;
    }
    const auto store = ipfs::BlockStore::open(world.gw.folder().content()).value();
    EXPECT_EQ(store.stat()->blocks, 0U);
    EXPECT_TRUE(store.pins()->empty());
}

}  // namespace
}  // namespace assay::gateway
