#include "gateway/api/image_response.hpp"

#include <gtest/gtest.h>

#include "host/crypto/sha256.hpp"
#include "host/ipfs/block_store.hpp"
#include "tests/support/run_awaitable.hpp"
#include "tests/support/temp_dir.hpp"

namespace assay::gateway {
namespace {

// An image of three chunks of 1,000 bytes and one of 500, as blocks on disk.
class ImageResponse : public testing::Test {
  protected:
    ImageResponse() {
        for (std::size_t i = 0; i < 3'500; ++i) bytes_.push_back(static_cast<std::byte>(i * 7));
        ipfs::RetrievedImage image;
        image.bytes = bytes_.size();
        image.chunk_bytes = 1'000;
        for (std::size_t at = 0; at < bytes_.size(); at += 1'000) {
            const ByteView chunk =
                ByteView(bytes_).subspan(at, std::min<std::size_t>(1'000, bytes_.size() - at));
            const auto cid = ipfs::Cid::raw_sha256(crypto::sha256(chunk));
            EXPECT_TRUE(store_.put(cid, chunk));
            image.leaves.push_back(cid);
            image.data_offsets.push_back(0);
            image.chunk_digests.push_back(cid.sha256());
        }
        reader_ = std::make_shared<const ipfs::ImageReader>(store_, image);
    }

    http::Response get(std::initializer_list<http::Headers::Field> headers) {
        http::Request request;
        request.method = "GET";
        for (const auto& [name, value] : headers) request.headers.add(name, value);
        return image_response(request, reader_, "leaf");
    }
    // Nullopt if it is cut.
    std::optional<Bytes> next_of(const http::Response& response) {
        const auto piece = test::run_awaitable(io_, response.streamed->next());
        if (!piece) return std::nullopt;
        if (!piece->file) return piece->bytes;
        Bytes bytes(piece->file->length);
        EXPECT_EQ(piece->file->file->read_at(piece->file->offset, bytes).value(), bytes.size());
        return bytes;
    }
    Bytes body_of(const http::Response& response) {
        Bytes all;
        for (;;) {
            const auto piece = next_of(response);
            EXPECT_TRUE(piece);
            if (!piece || piece->empty()) return all;
            append(all, *piece);
        }
    }
    Bytes part(std::size_t from, std::size_t size) {
        return to_bytes(ByteView(bytes_).subspan(from, size));
    }

    test::TempDir dir_{test::memory_folder()};
    ipfs::BlockStore store_ = std::move(ipfs::BlockStore::open(dir_.path()).value());
    Bytes bytes_;
    std::shared_ptr<const ipfs::ImageReader> reader_;
    boost::asio::io_context io_;
};

TEST_F(ImageResponse, AsksBeforeEachPieceAndStopsWhenItMayNotGoOn) {
    SendTerms terms;
    terms.piece_bytes = 1'000;
    std::vector<std::uint64_t> asked;
    terms.may_send = [&asked](std::uint64_t bytes) -> boost::asio::awaitable<Result<void>> {
        asked.push_back(bytes);
        if (asked.size() == 3) co_return fail(std::errc::operation_canceled, "recalled");
        co_return Result<void>();
    };
    const auto response = image_response(http::Request(), reader_, "leaf", terms);
    EXPECT_EQ(next_of(response), part(0, 1'000));
    EXPECT_EQ(next_of(response), part(1'000, 1'000));
    EXPECT_FALSE(next_of(response)) << "cut, not completed";
    EXPECT_EQ(asked, (std::vector<std::uint64_t>{1'000, 1'000, 1'000}));
}

TEST_F(ImageResponse, SendsTheWholeImage) {
    const auto response = get({});
    EXPECT_EQ(response.status, 200U);
    EXPECT_EQ(response.streamed->length, 3'500U);
    EXPECT_EQ(response.header("ETag"), "\"leaf\"");
    EXPECT_EQ(response.header("Accept-Ranges"), "bytes");
    EXPECT_EQ(body_of(response), bytes_);
}

TEST_F(ImageResponse, SendsAPartAcrossBlocks) {
    const auto response = get({{"Range", "bytes=900-2100"}});
    EXPECT_EQ(response.status, 206U);
    EXPECT_EQ(response.header("Content-Range"), "bytes 900-2100/3500");
    EXPECT_EQ(body_of(response), part(900, 1'201));
}

TEST_F(ImageResponse, ResumesToTheEnd) {
    const auto response = get({{"Range", "bytes=3499-"}, {"If-Range", "\"leaf\""}});
    EXPECT_EQ(response.status, 206U);
    EXPECT_EQ(body_of(response), part(3'499, 1));
}

TEST_F(ImageResponse, SendsAllIfItIsNotTheImageTheClientHasAPartOf) {
    EXPECT_EQ(get({{"Range", "bytes=10-"}, {"If-Range", "\"other\""}}).status, 200U);
}

TEST_F(ImageResponse, AnswersARangeBehindTheEndWithTheSize) {
    const auto response = get({{"Range", "bytes=3500-"}});
    EXPECT_EQ(response.status, 416U);
    EXPECT_EQ(response.header("Content-Range"), "bytes */3500");
}

TEST_F(ImageResponse, FailsInTheMiddleIfABlockIsGone) {
    ASSERT_TRUE(store_.remove(reader_->image().leaves[2]));
    const auto response = get({});
    EXPECT_EQ(next_of(response), part(0, 1'000));
    EXPECT_EQ(next_of(response), part(1'000, 1'000));
    EXPECT_FALSE(next_of(response));
}

}  // namespace
}  // namespace assay::gateway
