// One raw block from one trustless gateway. What comes back is not verified yet; the retriever does
// that in bulk.

#pragma once

#include <cstdint>
#include <string>

#include <boost/asio/awaitable.hpp>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// `base_url` is "http://host:port". Fails with
// - std::errc::no_such_file_or_directory if the gateway does not have the block (404),
// - kBlockTooLarge if it sends more than `bytes_max`, which is checked before anything is kept,
// - other codes if it does not answer properly: time-out, connection, status.
// `client` must outlive the call.
[[nodiscard]] boost::asio::awaitable<Result<Bytes>> fetch_block(http::Client& client,
                                                                std::string base_url,
                                                                Cid cid,
                                                                std::uint64_t bytes_max);

}  // namespace assay::ipfs
