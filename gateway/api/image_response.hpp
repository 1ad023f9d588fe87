// An image as the answer to a GET with or without a range (RFC 9110, section 14), read piece by
// piece from the block files while it is sent: a device resumes where it stopped.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "host/http/message.hpp"
#include "host/ipfs/image_reader.hpp"

namespace assay::gateway {

// How an image is sent: `may_send`, if set, is awaited before each piece; its error cuts the
// connection. `sent`, if set, is told which bytes were asked for once all of them are written to it.
struct SendTerms {
    SendTerms() = default;
    std::uint64_t piece_bytes = 256 * 1024;
    std::function<boost::asio::awaitable<Result<void>>(std::uint64_t)> may_send;
    std::function<void(std::uint64_t begin, std::uint64_t end)> sent;
};

// `etag` names the bytes for If-Range, without quotes.
[[nodiscard]] http::Response image_response(const http::Request& request,
                                            std::shared_ptr<const ipfs::ImageReader> image,
                                            const std::string& etag,
                                            SendTerms terms = {});

}  // namespace assay::gateway
