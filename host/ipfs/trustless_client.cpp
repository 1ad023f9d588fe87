#include "host/ipfs/trustless_client.hpp"

#include <chrono>

#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {
namespace {

constexpr unsigned kNotFound = 404;
constexpr unsigned kGone = 410;
// A block of 2 MiB at 20 kB/s; slower than that, another source is the better choice.
constexpr auto kBlockTimeMax = std::chrono::milliseconds(100'000);

}  // namespace

boost::asio::awaitable<Result<Bytes>> fetch_block(http::Client& client,
                                                  std::string base_url,
                                                  Cid cid,
                                                  std::uint64_t bytes_max) {
    const std::string name = "block " + cid.to_string() + " from " + base_url;
    // Some gateways look only at the query, others only at Accept.
    http::ClientRequest request("GET", base_url + "/ipfs/" + cid.to_string() + "?format=raw");
    request.headers.set("Accept", "application/vnd.ipld.raw");
    request.body_bytes_max = std::min<std::uint64_t>(bytes_max, kBlockBytesMax);
    request.total_timeout = kBlockTimeMax;

    auto response = co_await client.request(std::move(request));
    if (!response) {
        if (response.error().is(Refusal::kLimitExceeded)) {
            co_return fail(Refusal::kBlockTooLarge, name);
        }
        co_return fail(std::move(response).error().within(name));
    }
    if (response->status == kNotFound || response->status == kGone) {
        co_return fail(std::errc::no_such_file_or_directory, name);
    }
    if (response->status != 200) {
        co_return fail(std::errc::protocol_error,
                       name + " answered with status " + std::to_string(response->status));
    }
    co_return std::move(response->body);
}

}  // namespace assay::ipfs
