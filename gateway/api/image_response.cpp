#include "gateway/api/image_response.hpp"

#include <algorithm>

#include "host/http/range.hpp"

namespace assay::gateway {
namespace {

// The part of an image that one response sends.
class ImagePart {
  public:
    ImagePart(std::shared_ptr<const ipfs::ImageReader> image,
              std::uint64_t from,
              std::uint64_t bytes,
              SendTerms terms)
        : image_{std::move(image)}, begin_{from}, next_{from}, end_{from + bytes}, terms_{std::move(terms)} {}

    boost::asio::awaitable<Result<http::BodyPiece>> next() {
        const std::uint64_t size = std::min(terms_.piece_bytes, end_ - next_);
        // Who asks for more after the last piece has written it.
        if (size == 0 && terms_.sent) terms_.sent(begin_, end_);
        if (terms_.may_send && size > 0) {
            Result<void> may = co_await terms_.may_send(size);
            if (!may) co_return fail(std::move(may).error());
        }
        Bytes piece(size);
        if (auto read = image_->read_at(next_, piece); !read) co_return fail(Error(read.error()));
        next_ += piece.size();
        co_return piece;
    }

  private:
    std::shared_ptr<const ipfs::ImageReader> image_;
    std::uint64_t begin_;
    std::uint64_t next_;
    std::uint64_t end_;
    SendTerms terms_;
};

http::Response part_response(unsigned status,
                             std::shared_ptr<const ipfs::ImageReader> image,
                             std::uint64_t from,
                             std::uint64_t bytes,
                             SendTerms terms) {
    auto part = std::make_shared<ImagePart>(std::move(image), from, bytes, std::move(terms));
    auto next = [part = std::move(part)] { return part->next(); };
    return http::Response(status, "application/octet-stream",
                          http::StreamedBody(std::move(next), bytes));
}

}  // namespace

http::Response image_response(const http::Request& request,
                              std::shared_ptr<const ipfs::ImageReader> image,
                              const std::string& etag,
                              SendTerms terms) {
    const std::uint64_t total = image->bytes();
    const std::string quoted = "\"" + etag + "\"";
    const auto if_range = request.header("If-Range");
    const bool ranges_count = !if_range || *if_range == quoted;
    const http::RangeDecision range =
        http::decide_range(ranges_count ? request.header("Range") : std::nullopt, total);

    http::Response response;
    if (range.verdict == http::RangeVerdict::kUnsatisfiable) {
        response = http::problem(416, "range-not-satisfiable",
                                 "the image has " + std::to_string(total) + " bytes");
        response.headers.set("Content-Range", "bytes */" + std::to_string(total));
    } else if (range.verdict == http::RangeVerdict::kPartial) {
        response = part_response(206, std::move(image), range.offset, range.length, std::move(terms));
        response.headers.set("Content-Range", "bytes " + std::to_string(range.offset) + "-" +
                                                  std::to_string(range.offset + range.length - 1) +
                                                  "/" + std::to_string(total));
    } else {
        response = part_response(200, std::move(image), 0, total, std::move(terms));
    }
    response.headers.set("Accept-Ranges", "bytes");
    response.headers.set("ETag", quoted);
    return response;
}

}  // namespace assay::gateway
