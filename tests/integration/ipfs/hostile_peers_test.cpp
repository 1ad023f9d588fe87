// A8: twelve hostile peers, each twenty times, each beside an honest source. No wrong byte is
// stored, and every download ends well.

#include <cstdio>

#include <boost/asio/co_spawn.hpp>

#include "host/crypto/sha256.hpp"
#include "tests/integration/ipfs/gateway_fixture.hpp"
#include "tests/integration/ipfs/hostile_peer.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/run_awaitable.hpp"

namespace assay::ipfs {
namespace {

constexpr int kRounds = 20;
constexpr std::uint64_t kHostileChunk = 4096;

class HostilePeers : public test::GatewayTest, public ::testing::WithParamInterface<test::HostileCase> {
  protected:
    // One download into a store of its own; all of a test run at once.
    struct Download {
        explicit Download(const std::filesystem::path& folder)
            : store{BlockStore::open(folder).value()} {}
        BlockStore store;
        std::optional<Result<RetrievedImage>> outcome;
    };
};

TEST_P(HostilePeers, CostLittleAndStoreNothing) {
    const assay::test::TempDir memory(assay::test::memory_folder());
    const Bytes content = assay::test::chacha20_bytes("hostile", 24 * kHostileChunk);
    const auto published = publish(content, {"4 KiB", kHostileChunk, kWidthMin, LeafFormat::kRaw});
    const auto honest_bytes = origin_.stat().value().bytes;
    test::Gateway hostile(io_, origin_, [](const http::Request& request) {
        return test::answer_with_hostility(GetParam().how, request, kHostileChunk);
    });
    test::Gateway honest(io_, origin_);
    const Source first(hostile.source().url, GetParam().asked_for);
    const Source second = honest.source();

    std::vector<std::unique_ptr<Download>> downloads;
    std::vector<std::unique_ptr<Retriever>> retrievers;
    int ended = 0;
    int banned = 0;
    for (int round = 0; round < kRounds; ++round) {
        downloads.push_back(std::make_unique<Download>(memory / std::to_string(round)));
        Download& download = *downloads.back();
        retrievers.push_back(std::make_unique<Retriever>(io_.get_executor(), client_,
                                                         download.store, engine_, pool_));
        RetrieveRequest request(published.cid, published.bytes, kHostileChunk, {first, second});
        request.on_refusal = [&banned](const Source&, const Error&) { ++banned; };
        boost::asio::co_spawn(io_, retrievers.back()->fetch(std::move(request)),
                              [&](std::exception_ptr, Result<RetrievedImage> image) {
                                  download.outcome.emplace(std::move(image));
                                  ++ended;
                              });
    }
    assay::test::run_until(io_, [&] { return ended == kRounds; });

    std::uint64_t stored_too_much = 0;
    for (const auto& download : downloads) {
        ASSERT_TRUE(*download->outcome) << download->outcome->error().to_string();
        // The very bytes of the image and its root, and no others.
        const std::uint64_t stored = download->store.stat().value().bytes;
        EXPECT_EQ(stored, honest_bytes);
        stored_too_much += stored - honest_bytes;
        Bytes got(content.size());
        ASSERT_TRUE(ImageReader(download->store, **download->outcome).read_at(0, got));
        EXPECT_EQ(got, content);
    }
    std::printf("%.*s: asked %d times; %d of %d downloads finished right, %llu bytes stored beyond "
                "the image, banned %d times\n",
                static_cast<int>(GetParam().name.size()), GetParam().name.data(),
                hostile.requests(), ended, kRounds,
                static_cast<unsigned long long>(stored_too_much), banned);
}

INSTANTIATE_TEST_SUITE_P(Twelve, HostilePeers, ::testing::ValuesIn(test::kHostileCases),
                         [](const auto& instance) {
                             std::string name(instance.param.name);
                             std::erase_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; });
                             return name;
                         });

}  // namespace
}  // namespace assay::ipfs
