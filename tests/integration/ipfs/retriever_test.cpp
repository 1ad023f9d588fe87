#include "host/ipfs/retriever.hpp"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>

#include "host/crypto/sha256.hpp"
#include "tests/integration/ipfs/gateway_fixture.hpp"
#include "tests/support/chacha20_file.hpp"
#include "tests/support/kubo_stand_in.hpp"

namespace assay::ipfs {
namespace {

using test::Gateway;

constexpr std::uint64_t kChunk = 4096;
const ImportProfile kRaw{"4 KiB raw", kChunk, kWidthMin, LeafFormat::kRaw};
const ImportProfile kWrapped{"4 KiB dag-pb", kChunk, kWidthMin, LeafFormat::kDagPb};

using RetrieverTest = test::GatewayTest;

TEST_F(RetrieverTest, FetchesAnImageFromSeveralSources) {
    const Bytes content = assay::test::chacha20_bytes("several", 150 * kChunk + 17);
    const ImportResult published = publish(content, kRaw);
    Gateway a(io_, origin_);
    Gateway b(io_, origin_);
    const auto image = fetch(published, kChunk, {a.source(), b.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->chunk_digests, published.chunk_digests);
    EXPECT_EQ(read_all(*image), content);
    EXPECT_TRUE(store_.is_pinned(published.cid));
    // Root, two parents and 151 leaves, each once.
    EXPECT_GE(a.requests() + b.requests(), 154) << "on a busy machine some are asked for twice";
    EXPECT_GT(a.requests(), 10);
    EXPECT_GT(b.requests(), 10);
    EXPECT_TRUE(refusals_.empty());
}

TEST_F(RetrieverTest, FetchesImagesWithLeavesInDagPb) {
    const Bytes content = assay::test::chacha20_bytes("wrapped", 140 * kChunk + 1);
    const ImportResult published = publish(content, kWrapped);
    Gateway gateway(io_, origin_);
    const auto image = fetch(published, kChunk, {gateway.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->chunk_digests, published.chunk_digests);
    EXPECT_EQ(read_all(*image), content);
}

TEST_F(RetrieverTest, FetchesASingleBlock) {
    const ImportResult published = publish(as_bytes("hello world"), unixfs_v1_2025());
    Gateway gateway(io_, origin_);
    const auto image = fetch(published, 1 << 20, {gateway.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(as_text(read_all(*image)), "hello world");
    EXPECT_EQ(gateway.requests(), 1);
}

// Firmware is full of erased flash: hundreds of equal blocks.
TEST_F(RetrieverTest, FetchesEqualBlocksOnce) {
    Bytes content(500 * kChunk, std::byte{0xff});
    content[0] = std::byte{1};
    const ImportResult published = publish(content, kRaw);
    Gateway gateway(io_, origin_);
    const auto image = fetch(published, kChunk, {gateway.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(image->leaves.size(), 500U);
    EXPECT_EQ(read_all(*image), content);
    for (const auto& [path, count] : gateway.asked) EXPECT_EQ(count, 1) << path;
    // Root, the first parent, the parent of 128 equal leaves, that of 116, and two leaves.
    EXPECT_EQ(gateway.requests(), 6);
}

TEST_F(RetrieverTest, GoesOnWhereAnEarlierFetchStopped) {
    const Bytes content = assay::test::chacha20_bytes("resume", 150 * kChunk);
    const ImportResult published = publish(content, kRaw);
    Gateway gateway(io_, origin_);
    ASSERT_TRUE(fetch(published, kChunk, {gateway.source()}));
    gateway.asked.clear();

    const auto again = fetch(published, kChunk, {});
    ASSERT_TRUE(again) << "a complete image needs no source: " << again.error().to_string();
    EXPECT_EQ(gateway.requests(), 0);

    for (const std::size_t leaf : {0U, 70U, 149U}) ASSERT_TRUE(store_.remove(again->leaves[leaf]));
    const auto resumed = fetch(published, kChunk, {gateway.source()});
    ASSERT_TRUE(resumed);
    EXPECT_EQ(gateway.requests(), 3);
    EXPECT_EQ(read_all(*resumed), content);
}

TEST_F(RetrieverTest, DoesNotBelieveADamagedNodeInItsOwnStore) {
    const ImportResult published =
        publish(assay::test::chacha20_bytes("damaged", 150 * kChunk), kRaw);
    Gateway gateway(io_, origin_);
    Bytes node = origin_.get(published.cid).value();
    node.back() ^= std::byte{1};
    ASSERT_TRUE(store_.put(published.cid, node));
    ASSERT_TRUE(fetch(published, kChunk, {gateway.source()}));
    EXPECT_EQ(store_.get(published.cid).value(), origin_.get(published.cid).value());
}

TEST_F(RetrieverTest, HealsALeafThatTheDiskDamaged) {
    const Bytes content = assay::test::chacha20_bytes("rot", 20 * kChunk);
    const ImportResult published = publish(content, kRaw);
    Gateway gateway(io_, origin_);
    ASSERT_TRUE(fetch(published, kChunk, {gateway.source()}));
    gateway.asked.clear();
    const Cid damaged = Cid::raw_sha256(published.chunk_digests[3]);
    ASSERT_TRUE(write_file_durable(store_.path_of(damaged), Bytes(kChunk)));
    const auto healed = fetch(published, kChunk, {gateway.source()});
    ASSERT_TRUE(healed) << healed.error().to_string();
    EXPECT_EQ(gateway.requests(), 1);
    EXPECT_EQ(read_all(*healed), content);
}

TEST_F(RetrieverTest, BansALiarAndFinishesFromAnHonestSource) {
    const Bytes content = assay::test::chacha20_bytes("liar", 150 * kChunk);
    const ImportResult published = publish(content, kRaw);
    Gateway honest(io_, origin_);
    const auto lie = [&](const http::Request& request) -> std::optional<http::Response> {
        const auto cid = parse_cid(std::string_view(request.path).substr(6));
        Bytes block = origin_.get(cid.value()).value();
        if (cid->codec() == Codec::kDagPb) return std::nullopt;  // honest until it pays
        block[block.size() / 2] ^= std::byte{1};
        return http::Response(200, "application/vnd.ipld.raw", std::move(block));
    };
    Gateway liar(io_, origin_, lie);
    const auto image = fetch(published, kChunk, {liar.source(), honest.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    ASSERT_EQ(refusals_.size(), 1U);
    EXPECT_EQ(refusals_[0].first, liar.source().url);
    EXPECT_TRUE(refusals_[0].second.is(Refusal::kBlockHashMismatch));
    EXPECT_NE(refusals_[0].second.context().find("bafkrei"), std::string::npos);
    EXPECT_NE(refusals_[0].second.context().find(liar.source().url), std::string::npos);
}

TEST_F(RetrieverTest, StoresNothingFromALiarAlone) {
    const ImportResult published = publish(assay::test::chacha20_bytes("alone", 3 * kChunk), kRaw);
    const auto lie = [](const http::Request&) -> std::optional<http::Response> {
        return http::Response(200, "application/vnd.ipld.raw", Bytes(100));
    };
    Gateway liar(io_, origin_, lie);
    const auto image = fetch(published, kChunk, {liar.source()});
    ASSERT_FALSE(image);
    EXPECT_TRUE(image.error().is(Refusal::kContentIncomplete)) << image.error().to_string();
    EXPECT_NE(image.error().context().find("block-hash-mismatch"), std::string::npos);
    EXPECT_EQ(store_.stat()->blocks, 0U);
    EXPECT_EQ(liar.requests(), 1);
    EXPECT_FALSE(store_.is_pinned(published.cid));
}

TEST_F(RetrieverTest, CutsOffBodiesThatAreTooLarge) {
    const Bytes content = assay::test::chacha20_bytes("oversize", 20 * kChunk);
    const ImportResult published = publish(content, kRaw);
    Gateway honest(io_, origin_);
    const auto announce = [](const http::Request&) -> std::optional<http::Response> {
        return http::Response(200, "application/vnd.ipld.raw", Bytes(kBlockBytesMax + 1));
    };
    auto sent = std::make_shared<std::uint64_t>(0);
    const auto never_end = [sent](const http::Request&) -> std::optional<http::Response> {
        auto next = [sent]() -> boost::asio::awaitable<Result<http::BodyPiece>> {
            *sent += 65536;
            co_return Bytes(65536, std::byte{7});
        };
        http::StreamedBody endless(std::move(next), std::nullopt);
        return http::Response(200, "application/vnd.ipld.raw", std::move(endless));
    };
    Gateway large(io_, origin_, announce);
    Gateway endless(io_, origin_, never_end);
    const auto image =
        fetch(published, kChunk, {large.source(), endless.source(), honest.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    ASSERT_EQ(refusals_.size(), 2U);
    for (const auto& [source, error] : refusals_) {
        EXPECT_TRUE(error.is(Refusal::kBlockTooLarge)) << error.to_string();
        EXPECT_NE(source, honest.source().url);
    }
    // Nobody read on: at most what socket buffers hold beyond the bound of 2 MiB, for each request.
    EXPECT_LT(*sent, 4 * (kBlockBytesMax + (std::uint64_t{8} << 20)));
}

TEST_F(RetrieverTest, AsksElsewhereForBodiesThatBreakOff) {
    const Bytes content = assay::test::chacha20_bytes("cut", 20 * kChunk);
    const ImportResult published = publish(content, kRaw);
    const auto cut = [](const http::Request&) -> std::optional<http::Response> {
        auto pieces = std::make_shared<int>(0);
        auto next = [pieces]() -> boost::asio::awaitable<Result<http::BodyPiece>> {
            if (++*pieces > 1) co_return fail(std::errc::io_error, "cut");
            co_return Bytes(100);
        };
        http::StreamedBody body(std::move(next), kChunk);
        return http::Response(200, "application/vnd.ipld.raw", std::move(body));
    };
    Gateway broken(io_, origin_, cut);
    Gateway honest(io_, origin_);
    const auto image = fetch(published, kChunk, {broken.source(), honest.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    EXPECT_TRUE(refusals_.empty());
}

TEST_F(RetrieverTest, JoinsWhatEachSourceHas) {
    const Bytes content = assay::test::chacha20_bytes("halves", 40 * kChunk);
    const ImportResult published = publish(content, kRaw);
    const auto every_other = [](bool even) {
        return [even](const http::Request& request) -> std::optional<http::Response> {
            const auto cid = parse_cid(std::string_view(request.path).substr(6)).value();
            const bool is_even = (std::to_integer<unsigned>(cid.digest()[0]) & 1) == 0;
            if (cid.codec() != Codec::kRaw || is_even == even) return std::nullopt;
            return http::Response(404);
        };
    };
    Gateway a(io_, origin_, every_other(true));
    Gateway b(io_, origin_, every_other(false));
    const auto image = fetch(published, kChunk, {a.source(), b.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    EXPECT_TRUE(refusals_.empty()) << "not to have a block is no lie";
}

TEST_F(RetrieverTest, FetchesRunsOfTheFileAsCars) {
    const Bytes content = assay::test::chacha20_bytes("cars", 150 * kChunk + 1);
    const ImportResult published = publish(content, kRaw);
    Gateway gateway(io_, origin_);
    const auto image =
        fetch(published, kChunk, {Source(gateway.source().url, Source::Kind::kCars)});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    EXPECT_TRUE(refusals_.empty());
    EXPECT_LT(gateway.requests(), 20) << "root, two parents, and a CAR or two for 151 leaves";
}

// A CAR of all from the first to the last would hold far more than what is wanted.
TEST_F(RetrieverTest, WhatIsHereAlreadyIsNoPartOfACar) {
    constexpr std::uint64_t kLarge = 262'144;
    const Bytes content = assay::test::chacha20_bytes("gaps", 40 * kLarge);
    const ImportResult published =
        publish(content, ImportProfile{"256 KiB", kLarge, kWidthMin, LeafFormat::kRaw});
    Gateway gateway(io_, origin_);
    const Source cars(gateway.source().url, Source::Kind::kCars);
    const auto whole = fetch(published, kLarge, {cars});
    ASSERT_TRUE(whole) << whole.error().to_string();
    for (const std::size_t leaf : {0U, 1U, 38U, 39U}) {
        ASSERT_TRUE(store_.remove(whole->leaves[leaf]));
    }
    gateway.asked.clear();
    const auto again = fetch(published, kLarge, {cars});
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(refusals_.empty()) << refusals_.front().second.to_string();
    EXPECT_EQ(gateway.requests(), 2) << "two runs of two leaves";
    EXPECT_EQ(read_all(*again), content);
}

TEST_F(RetrieverTest, FetchesFromKubo) {
    const Bytes content = assay::test::chacha20_bytes("kubo", 20 * kChunk);
    const ImportResult published = publish(content, kRaw);
    const assay::test::KuboStandIn kubo(folder_ / "origin");
    const auto image = fetch(published, kChunk, {Source(kubo.url(), Source::Kind::kKubo)});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);
    EXPECT_EQ(kubo.calls("block/get"), 21);

    const ImportResult unknown =
        publish(assay::test::chacha20_bytes("unknown to Kubo", 3 * kChunk), kRaw);
    ASSERT_TRUE(origin_.remove(unknown.cid));
    const auto lacking = fetch(unknown, kChunk, {Source(kubo.url(), Source::Kind::kKubo)});
    ASSERT_FALSE(lacking);
    EXPECT_TRUE(lacking.error().is(Refusal::kContentIncomplete)) << lacking.error().to_string();
    EXPECT_EQ(kubo.calls("block/get"), 22) << "what it says it lacks is not asked for again";
}

TEST_F(RetrieverTest, NamesTheBlockThatNobodyHas) {
    const ImportResult published = publish(assay::test::chacha20_bytes("gap", 20 * kChunk), kRaw);
    const Cid lost = Cid::raw_sha256(published.chunk_digests[7]);
    ASSERT_TRUE(origin_.remove(lost));
    Gateway gateway(io_, origin_);
    const auto image = fetch(published, kChunk, {gateway.source()});
    ASSERT_FALSE(image);
    EXPECT_TRUE(image.error().is(Refusal::kContentIncomplete));
    EXPECT_NE(image.error().context().find(lost.to_string()), std::string::npos);
    EXPECT_FALSE(store_.is_pinned(published.cid));
    // What there was has been kept for the next attempt.
    EXPECT_TRUE(store_.has(Cid::raw_sha256(published.chunk_digests[6])));
}

TEST_F(RetrieverTest, LeavesADeadSourceAside) {
    const Bytes content = assay::test::chacha20_bytes("dead", 40 * kChunk);
    const ImportResult published = publish(content, kRaw);
    std::optional<Gateway> dead(std::in_place, io_, origin_);
    const Source gone = dead->source();
    dead.reset();
    Gateway gateway(io_, origin_);
    const auto image = fetch(published, kChunk, {gone, gateway.source()});
    ASSERT_TRUE(image) << image.error().to_string();
    EXPECT_EQ(read_all(*image), content);

    const auto without = fetch(RetrieveRequest(Cid::raw_sha256({}), 10, kChunk, {gone}));
    ASSERT_FALSE(without);
    EXPECT_TRUE(without.error().is(Refusal::kContentIncomplete));
    EXPECT_NE(without.error().context().find(gone.url), std::string::npos);
}

TEST_F(RetrieverTest, RefusesMoreThanTheRecordSigns) {
    const ImportResult published =
        publish(assay::test::chacha20_bytes("too large", 20 * kChunk), kRaw);
    Gateway gateway(io_, origin_);
    const auto image =
        fetch(RetrieveRequest(published.cid, published.bytes - kChunk, kChunk, {gateway.source()}));
    ASSERT_FALSE(image);
    EXPECT_TRUE(image.error().is(Refusal::kContentTooLarge)) << image.error().to_string();
    EXPECT_EQ(gateway.requests(), 1) << "no leaf may be fetched";
}

TEST_F(RetrieverTest, ReportsProgressUpToTheWholeImage) {
    const ImportResult published =
        publish(assay::test::chacha20_bytes("progress", 30 * kChunk), kRaw);
    Gateway gateway(io_, origin_);
    RetrieveRequest request(published.cid, published.bytes, kChunk, {gateway.source()});
    std::vector<std::uint64_t> seen;
    request.on_progress = [&](std::uint64_t done, std::uint64_t total) {
        EXPECT_EQ(total, published.bytes);
        seen.push_back(done);
    };
    ASSERT_TRUE(fetch(std::move(request)));
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.front(), 0U);
    EXPECT_EQ(seen.back(), published.bytes);
    EXPECT_TRUE(std::is_sorted(seen.begin(), seen.end()));
}

TEST_F(RetrieverTest, SaysHowFarTheImageReachesWhileTheRestIsOnItsWay) {
    constexpr std::uint64_t kLarge = 262'144;
    const Bytes content = assay::test::chacha20_bytes("prefix", 160 * kLarge);
    const ImportResult published =
        publish(content, ImportProfile{"256 KiB", kLarge, kWidthMin, LeafFormat::kRaw});
    Gateway gateway(io_, origin_);
    RetrieveRequest request(published.cid, published.bytes, kLarge, {gateway.source()});
    std::vector<std::uint64_t> reached;
    request.on_prefix = [&](const std::shared_ptr<const RetrievedImage>& image, std::uint64_t bytes) {
        reached.push_back(bytes);
        Bytes last(kLarge);
        EXPECT_TRUE(ImageReader(store_, image).read_at(bytes - kLarge, last));
        EXPECT_TRUE(std::ranges::equal(last, ByteView(content).subspan(bytes - kLarge, kLarge)));
    };
    ASSERT_TRUE(fetch(std::move(request)));
    ASSERT_FALSE(reached.empty()) << "40 MiB are more than one window";
    EXPECT_TRUE(std::is_sorted(reached.begin(), reached.end()));
    EXPECT_LT(reached.back(), content.size());
}

TEST_F(RetrieverTest, CanBeCancelledWhileASourceIsSilent) {
    const ImportResult published = publish(assay::test::chacha20_bytes("silent", 3 * kChunk), kRaw);
    boost::asio::cancellation_signal cancel;
    const auto hang = [&](const http::Request&) -> std::optional<http::Response> {
        auto next = []() -> boost::asio::awaitable<Result<http::BodyPiece>> {
            boost::asio::steady_timer never(co_await boost::asio::this_coro::executor,
                                            std::chrono::hours(1));
            constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
            co_await never.async_wait(kAsTuple);
            co_return Bytes();
        };
        boost::asio::post(io_, [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
        http::StreamedBody body(std::move(next), 100);
        return http::Response(200, "application/vnd.ipld.raw", std::move(body));
    };
    Gateway silent(io_, origin_, hang);
    Retriever retriever(io_.get_executor(), client_, store_, engine_, pool_);
    bool ended = false;
    const auto note = [&](std::exception_ptr, const Result<RetrievedImage>&) {
        ended = true;
        io_.stop();
    };
    boost::asio::co_spawn(
        io_,
        retriever.fetch(RetrieveRequest(published.cid, published.bytes, kChunk, {silent.source()})),
        boost::asio::bind_cancellation_slot(cancel.slot(), note));
    io_.run_for(std::chrono::seconds(20));
    EXPECT_TRUE(ended);
}

}  // namespace
}  // namespace assay::ipfs
