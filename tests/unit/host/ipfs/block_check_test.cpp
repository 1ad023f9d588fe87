#include "host/ipfs/block_check.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"

namespace assay::ipfs {
namespace {

// Computes every other digest wrongly.
class FaultyEngine final : public compute::HashEngine {
  public:
    [[nodiscard]] const compute::EngineInfo& info() const noexcept override { return info_; }
    [[nodiscard]] Result<void> hash_batch(std::span<const ByteView> messages,
                                          std::span<Sha256Digest> digests) override {
        for (std::size_t i = 0; i < messages.size(); ++i) {
            digests[i] = crypto::sha256(messages[i]);
            if (i % 2 == 0) digests[i].bytes[0] ^= std::byte{1};
        }
        return {};
    }

  private:
    compute::EngineInfo info_{"faulty", "for this test"};
};

TEST(BlockCheck, AnEngineThatIsWrongMakesNoBlockBad) {
    std::vector<Bytes> bytes;
    for (int i = 0; i < 4; ++i) bytes.push_back(to_bytes("block " + std::to_string(i)));
    std::vector<Block> blocks;
    for (const Bytes& each : bytes) blocks.emplace_back(Cid::raw_sha256(crypto::sha256(each)), each);
    blocks[2].bytes = bytes[3];  // a lie
    FaultyEngine engine;
    EXPECT_EQ(check_blocks(blocks, engine).value(), (std::vector{true, true, false, true}));
}

}  // namespace
}  // namespace assay::ipfs
