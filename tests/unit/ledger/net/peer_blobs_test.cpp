// One peer's questions for blobs, and what it may send.

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "ledger/core/consortium_rules.hpp"
#include "ledger/net/peer_protocol.hpp"
#include "tests/support/chain_builder.hpp"
#include "tests/support/memory_store.hpp"

namespace assay::ledger {
namespace {

class PeerBlobs : public testing::Test {
  protected:
    PeerBlobs() {
        EXPECT_TRUE(protocol_.on_message(Hello{founders_.chain_id, 1, 0, {}}, at_).has_value());
    }

    test::Founders founders_{2};
    std::unique_ptr<Chain> chain_ = Chain::open(std::make_unique<test::MemoryStore>(),
                                                founders_.genesis_bytes, consortium_rules())
                                        .value();
    Sync sync_{*chain_};
    PeerProtocol protocol_{sync_, 0, 1};
    SyncTime at_{SteadyTime{}, test::at(test::kGenesisTime + 5)};
};

TEST_F(PeerBlobs, BlobsAreServedInPartsToWhoAsks) {
    const Sha256Digest hash = crypto::sha256(as_bytes("name"));
    const Bytes blob(kBlobPartBytesMax + 100, std::byte{7});
    int reads = 0;
    sync_.serve_blobs([&](const Sha256Digest& asked) {
        ++reads;
        return asked == hash ? std::optional(blob) : std::nullopt;
    });
    const auto ask = [&](const Sha256Digest& name, std::uint32_t offset) {
        EXPECT_TRUE(protocol_.on_message(GetBlob{name, offset}, at_)->penalties.empty());
        return std::get<BlobPart>(protocol_.next_served().value());
    };
    EXPECT_EQ(ask(hash, 0), (BlobPart{hash, 0, Bytes(kBlobPartBytesMax, std::byte{7})}));
    EXPECT_EQ(ask(hash, kBlobPartBytesMax),
              (BlobPart{hash, kBlobPartBytesMax, Bytes(100, std::byte{7})}));
    EXPECT_EQ(reads, 1) << "once for all parts";
    EXPECT_TRUE(ask(hash, UINT32_MAX).bytes.empty());
    EXPECT_TRUE(ask(crypto::sha256(as_bytes("another")), 0).bytes.empty());
    EXPECT_FALSE(protocol_.next_served().has_value());

    std::size_t penalties = 0;
    for (int i = 0; i < 20; ++i) {
        penalties += protocol_.on_message(GetBlob{hash, 0}, at_)->penalties.size();
    }
    EXPECT_GT(penalties, 0U) << "what is owed to one peer is bounded";
}

TEST_F(PeerBlobs, APartOfABlobMustHaveBeenAskedFor) {
    EXPECT_EQ(protocol_.ask_blob({}, 3), PeerMessage(GetBlob{{}, 3}));
    const auto answered = protocol_.on_message(BlobPart{{}, 3, Bytes(5)}, at_);
    EXPECT_TRUE(answered->penalties.empty());
    EXPECT_TRUE(answered->was_asked);
    ASSERT_EQ(answered->blob_parts.size(), 1U);
    EXPECT_EQ(protocol_.on_message(BlobPart{{}, 3, Bytes(5)}, at_)->penalties.size(), 1U);
}

}  // namespace
}  // namespace assay::ledger
