// One request to one source, for a block or for a run of them. What comes back is not verified yet;
// the retriever does that in bulk.

#pragma once

#include <cstdint>
#include <functional>

#include <boost/asio/awaitable.hpp>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/http/client.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/source.hpp"

namespace assay::ipfs {

// How a request ended that gave no block.
enum class SourceFault {
    kLacks,   // it does not have the block
    kLies,    // it sent more than there can be, or what nobody can read
    kBusy,    // it wants to be left alone for a while
    kFailed,  // it does not answer properly: time-out, connection, status
};
struct SourceError {
    SourceError(SourceFault what, Error why, std::chrono::seconds pause = std::chrono::seconds(0))
        : fault{what}, error{std::move(why)}, rest{pause} {}
    SourceFault fault;
    Error error;
    std::chrono::seconds rest;  // kBusy
};
template <typename T>
using FromSource = tl::expected<T, SourceError>;

// Of a gateway or Kubo. More than `bytes_max` is refused before it is kept. `client` must outlive
// the call, also of fetch_file_part().
[[nodiscard]] boost::asio::awaitable<FromSource<Bytes>> fetch_block(http::Client& client,
                                                                    Source source,
                                                                    Cid cid,
                                                                    std::uint64_t bytes_max);

// A part of the file below `root`, from..last (included), as a CAR of which each block is given to
// `take` once it is whole, those on the path among them. Ends well if the CAR does; whether it held
// what was wanted is for the caller to know. More than `bytes_max` in all is refused.
using TakeBlock = std::function<void(Cid cid, ByteView block)>;
struct FilePart {
    FilePart(Cid root_cid, std::uint64_t first, std::uint64_t last_byte, std::uint64_t max)
        : root{std::move(root_cid)}, from{first}, last{last_byte}, bytes_max{max} {}
    Cid root;
    std::uint64_t from;
    std::uint64_t last;
    std::uint64_t bytes_max;
};
[[nodiscard]] boost::asio::awaitable<FromSource<void>> fetch_file_part(http::Client& client,
                                                                       Source source,
                                                                       FilePart part,
                                                                       TakeBlock take);

}  // namespace assay::ipfs
