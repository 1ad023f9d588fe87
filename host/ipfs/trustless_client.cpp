#include "host/ipfs/trustless_client.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "host/ipfs/car.hpp"
#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {
namespace {

namespace asio = boost::asio;

// A block of 2 MiB at 20 kB/s; slower than that, another source is the better choice.
constexpr std::chrono::milliseconds kBlockTimeMax{100'000};
constexpr std::chrono::milliseconds kSilenceMax{10'000};
constexpr std::chrono::seconds kRestDefault{1};
constexpr std::chrono::seconds kRestMax{60};

tl::unexpected<SourceError> source_failed(SourceFault fault, Error error) {
    return tl::unexpected(SourceError(fault, std::move(error)));
}

// For a request that got no answer, or one that could not be taken.
tl::unexpected<SourceError> not_answered(Error error, const std::string& name) {
    if (error.is(Refusal::kLimitExceeded) || error.is(Refusal::kBlockTooLarge)) {
        return source_failed(SourceFault::kLies,
                             Error(make_error_code(Refusal::kBlockTooLarge), name));
    }
    return source_failed(SourceFault::kFailed, std::move(error).within(name));
}

std::chrono::seconds rest_wanted(const http::Response& response) {
    const std::string_view text = response.header("Retry-After").value_or("");
    long seconds = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code != std::errc() || end != text.data() + text.size()) return kRestDefault;
    return std::clamp(std::chrono::seconds(seconds), kRestDefault, kRestMax);
}

// For an answer that is not 200.
tl::unexpected<SourceError> refused(const http::Response& response, const std::string& name) {
    const unsigned status = response.status;
    if (status == 404 || status == 410 || status == 412) {
        return source_failed(SourceFault::kLacks,
                             Error(std::make_error_code(std::errc::no_such_file_or_directory), name));
    }
    // Kubo says so in a JSON message.
    const std::string_view text = response.text();
    if (status == 500 && (text.find("not found") != std::string_view::npos ||
                          text.find("NotFound") != std::string_view::npos)) {
        return source_failed(SourceFault::kLacks,
                             Error(std::make_error_code(std::errc::no_such_file_or_directory), name));
    }
    Error error(std::make_error_code(std::errc::protocol_error),
                name + " answered with status " + std::to_string(status));
    if (status != 429 && status != 503) return source_failed(SourceFault::kFailed, std::move(error));
    return tl::unexpected(SourceError(SourceFault::kBusy, std::move(error), rest_wanted(response)));
}

http::ClientRequest block_request(const Source& source, const Cid& cid) {
    if (source.kind == Source::Kind::kKubo) {
        return {"POST", source.url + "/api/v0/block/get?arg=" + cid.to_string()};
    }
    // Some gateways look only at the query, others only at Accept.
    http::ClientRequest request("GET", source.url + "/ipfs/" + cid.to_string() + "?format=raw");
    request.headers.set("Accept", "application/vnd.ipld.raw");
    return request;
}

}  // namespace

asio::awaitable<FromSource<Bytes>> fetch_block(http::Client& client,
                                               Source source,
                                               Cid cid,
                                               std::uint64_t bytes_max) {
    const std::string name = "block " + cid.to_string() + " from " + source.url;
    http::ClientRequest request = block_request(source, cid);
    request.body_bytes_max = std::min<std::uint64_t>(bytes_max, kBlockBytesMax);
    request.total_timeout = kBlockTimeMax;
    request.idle_timeout = kSilenceMax;
    auto response = co_await client.request(std::move(request));
    if (!response) co_return not_answered(std::move(response).error(), name);
    if (response->status != 200) co_return refused(*response, name);
    co_return std::move(response->body);
}

asio::awaitable<FromSource<void>> fetch_file_part(http::Client& client,
                                                  Source source,
                                                  FilePart part,
                                                  TakeBlock take) {
    const std::string range = std::to_string(part.from) + ":" + std::to_string(part.last);
    const std::string name = "bytes " + range + " of " + part.root.to_string() + " from " + source.url;
    http::ClientRequest request("GET", source.url + "/ipfs/" + part.root.to_string() +
                                           "?format=car&dag-scope=entity&entity-bytes=" + range);
    request.headers.set("Accept", "application/vnd.ipld.car; version=1; order=dfs; dups=n");
    request.body_bytes_max = part.bytes_max;
    request.total_timeout = kBlockTimeMax;
    request.idle_timeout = kSilenceMax;

    CarReader reader;
    http::BodySink sink = [&reader, &take](ByteView piece) -> Result<void> {
        reader.feed(piece);
        for (;;) {
            const auto block = reader.next();
            if (!block) return fail(Error(block.error()));
            if (!*block) return {};
            auto cid = (*block)->cid();
            if (cid) take(std::move(*cid), (*block)->bytes);  // others were not asked for
        }
    };
    auto response = co_await client.download(std::move(request), std::move(sink));
    if (!response) co_return not_answered(std::move(response).error(), name);
    if (response->status != 200) co_return refused(*response, name);
    const auto whole = reader.finish();
    if (!whole) co_return source_failed(SourceFault::kFailed, Error(whole.error()).within(name));
    co_return FromSource<void>();
}

}  // namespace assay::ipfs
