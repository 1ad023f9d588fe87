#include "gateway/api/image_response.hpp"

#include <algorithm>

#include <fcntl.h>

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
        http::BodyPiece piece;
        if (next_ == end_) {
            // Who asks for more after the last piece has written it.
            if (terms_.sent) terms_.sent(begin_, end_);
            co_return piece;
        }
        const auto parts = image_->pieces(next_, std::min(terms_.piece_bytes, end_ - next_));
        if (!parts) co_return fail(Error(parts.error()));
        const ipfs::FilePiece& part = parts->front();  // a second one begins in another file
        if (terms_.may_send) {
            Result<void> may = co_await terms_.may_send(part.length);
            if (!may) co_return fail(std::move(may).error());
        }
        if (auto opened = open(part.path); !opened) co_return fail(std::move(opened).error());
        piece.file.emplace(file_, part.offset, part.length);
        next_ += part.length;
        co_return piece;
    }

  private:
    Result<void> open(const std::filesystem::path& path) {
        if (path == path_) return {};
        auto file = FileHandle::open(path, O_RDONLY);
        if (!file) return fail(std::move(file).error());
        file_ = std::make_shared<const FileHandle>(std::move(*file));
        path_ = path;
        return {};
    }

    std::shared_ptr<const ipfs::ImageReader> image_;
    std::uint64_t begin_;
    std::uint64_t next_;
    std::uint64_t end_;
    SendTerms terms_;
    std::filesystem::path path_;  // of the block that is open
    std::shared_ptr<const FileHandle> file_;
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
