// A gateway that means harm, in one of twelve ways. What it is asked for it has; how it answers is
// the behaviour. Used by the retriever's tests.

#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "host/http/message.hpp"
#include "host/ipfs/car.hpp"
#include "host/ipfs/source.hpp"

namespace assay::ipfs::test {

enum class Hostility {
    kWrongBytes,      // as many as there should be
    kShorter,         // whole, and too short
    kAnnouncesLarge,  // 3 MiB
    kEndless,
    kBreaksOff,       // less than announced
    kDrips,           // a byte now and then
    kSilent,
    kAlwaysBusy,      // 503
    kNotHere,         // 404, for what it was said to have
    kCutCar,          // ends early, and in good order
    kTextInCar,       // boxo's message behind the last block
    kStrangeCar,      // an identity CID of 129 bytes, then other people's blocks
};

struct HostileCase {
    Hostility how;
    std::string_view name;
    Source::Kind asked_for = Source::Kind::kBlocks;
};
inline constexpr std::array<HostileCase, 12> kHostileCases{{
    {Hostility::kWrongBytes, "wrong bytes"},
    {Hostility::kShorter, "wrong length"},
    {Hostility::kAnnouncesLarge, "3 MiB"},
    {Hostility::kEndless, "endless"},
    {Hostility::kBreaksOff, "truncated"},
    {Hostility::kDrips, "slow"},
    {Hostility::kSilent, "silent"},
    {Hostility::kAlwaysBusy, "busy"},
    {Hostility::kNotHere, "not here"},
    {Hostility::kCutCar, "CAR that ends early", Source::Kind::kCars},
    {Hostility::kTextInCar, "CAR with a message", Source::Kind::kCars},
    {Hostility::kStrangeCar, "CAR of strangers", Source::Kind::kCars},
}};

inline http::Response streamed(std::function<boost::asio::awaitable<Result<http::BodyPiece>>()> next,
                               std::optional<std::uint64_t> length) {
    return http::Response(200, "application/vnd.ipld.raw", http::StreamedBody(std::move(next), length));
}

// A piece after each pause, for ever.
inline http::Response dripping(std::chrono::milliseconds pause, std::size_t bytes) {
    auto next = [pause, bytes]() -> boost::asio::awaitable<Result<http::BodyPiece>> {
        constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);
        boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor, pause);
        co_await timer.async_wait(kTuple);
        co_return Bytes(bytes, std::byte{7});
    };
    return streamed(std::move(next), std::nullopt);
}

// `block_bytes`: what an honest block has. Nothing: answer honestly.
inline std::optional<http::Response> answer_with_hostility(Hostility how,
                                                           const http::Request& request,
                                                           std::size_t block_bytes) {
    constexpr std::string_view kType = "application/vnd.ipld.raw";
    const bool car = request.query_value("format") == "car";
    switch (how) {
        case Hostility::kWrongBytes:
            return http::Response(200, kType, Bytes(block_bytes, std::byte{0x5a}));
        case Hostility::kShorter:
            return http::Response(200, kType, Bytes(block_bytes / 2, std::byte{0x5a}));
        case Hostility::kAnnouncesLarge:
            return http::Response(200, kType, Bytes(std::size_t{3} << 20));
        case Hostility::kEndless: return dripping(std::chrono::milliseconds(0), 65536);
        case Hostility::kBreaksOff: {
            auto sent = std::make_shared<bool>(false);
            auto next = [sent]() -> boost::asio::awaitable<Result<http::BodyPiece>> {
                if (std::exchange(*sent, true)) co_return fail(std::errc::io_error, "cut");
                co_return Bytes(100);
            };
            return streamed(std::move(next), block_bytes);
        }
        case Hostility::kDrips: return dripping(std::chrono::milliseconds(100), 1);
        case Hostility::kSilent: return dripping(std::chrono::hours(1), 1);
        case Hostility::kAlwaysBusy: return http::Response(503);
        case Hostility::kNotHere: return http::Response(404);
        default: break;
    }
    if (!car) return std::nullopt;
    Bytes archive = encode_car_header({});
    if (how == Hostility::kTextInCar) {
        append(archive, as_bytes("\n\n[Gateway Error: Response truncated]"));
    } else if (how == Hostility::kStrangeCar) {
        // CIDv1, raw, identity, 129 bytes (0x81 0x01), and then a block that is not asked for.
        append(archive, as_bytes(std::string_view("\x85\x01\x01\x55\x00\x81\x01", 7)));
        append(archive, Bytes(129));
    }
    return http::Response(200, "application/vnd.ipld.car; version=1; order=dfs; dups=n", archive);
}

}  // namespace assay::ipfs::test
