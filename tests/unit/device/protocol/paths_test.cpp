#include "device/protocol/paths.hpp"

#include <gtest/gtest.h>

namespace assay::protocol {
namespace {

TEST(Paths, PutTheLeafHashIntoThePattern) {
    ledger::LeafHash leaf;
    leaf.bytes[0] = std::byte{0xab};
    const std::string hex = "ab" + std::string(62, '0');
    EXPECT_EQ(proof_path(leaf), "/agent/v1/releases/" + hex + "/proof");
    EXPECT_EQ(chunks_path(leaf), "/agent/v1/releases/" + hex + "/chunks");
    EXPECT_EQ(image_path(leaf), "/agent/v1/releases/" + hex + "/image");
}

}  // namespace
}  // namespace assay::protocol
