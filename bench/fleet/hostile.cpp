// Devices with a good certificate that mean harm: a fifth of them each forge receipts, contradict
// themselves, flood with polls, stall in mid-request, or cut the connection and come back.

#include <array>

#include "bench/fleet/scenario.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::fleet {
namespace {

using ledger::ReceiptEvent;

constexpr std::chrono::milliseconds kPause{20};
constexpr std::chrono::seconds kReconnectPause{2};

ledger::ReceiptBody receipt_for(const World& world, const FleetDevice& device, std::uint32_t counter) {
    ledger::ReceiptBody body;
    body.device = device.ledger_id;
    body.release = hash_from_hex<ledger::LeafHash>(world.options.text("release")).value_or(ledger::LeafHash());
    body.event = ReceiptEvent::kRefused;
    body.counter = counter;
    return body;
}

// Signed by another key, with a flipped bit, for another device, sent to the wrong path.
Bytes forged(const World& world, const FleetDevice& device, const FleetDevice& victim, std::uint32_t n) {
    const ledger::ReceiptBody own = receipt_for(world, device, n + 1);
    const ledger::ReceiptBody others = receipt_for(world, victim, 0xffff'fff0U);
    switch (n % 3) {
        case 0:
            return ledger::sign_receipt(own, *victim.key).value();
        case 1: {
            Bytes bytes = ledger::sign_receipt(own, *device.key).value();
            bytes[bytes.size() - 1 - n % 60] ^= std::byte{1};
            return bytes;
        }
        default:
            return ledger::sign_receipt(others, *device.key).value();
    }
}

asio::awaitable<void> forge(World& world,
                            RawConnection& connection,
                            const FleetDevice& device,
                            const FleetDevice& victim,
                            Steady::time_point until,
                            std::uint64_t& accepted) {
    asio::steady_timer timer(world.io);
    for (std::uint32_t n = 0; Steady::now() < until; ++n) {
        const Bytes receipt = forged(world, device, victim, n);
        const Bytes request = make_request("POST", protocol::kReceiptsPath, receipt);
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) co_return;
        if (answer->status < 400) ++accepted;
        timer.expires_after(kPause);
        co_await timer.async_wait(kAsTuple);
    }
}

// Different words under one counter: the first may be taken, no other.
asio::awaitable<void> contradict(World& world,
                                 RawConnection& connection,
                                 const FleetDevice& device,
                                 Steady::time_point until,
                                 std::uint64_t& accepted) {
    asio::steady_timer timer(world.io);
    std::uint64_t taken = 0;
    for (std::uint16_t n = 0; Steady::now() < until; ++n) {
        ledger::ReceiptBody body = receipt_for(world, device, 1);
        body.slot = static_cast<std::uint8_t>(n % 2);
        body.time = n;
        const Bytes receipt = ledger::sign_receipt(body, *device.key).value();
        const Bytes request = make_request("POST", protocol::kReceiptsPath, receipt);
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) break;
        if (answer->status < 400) ++taken;
        timer.expires_after(kPause);
        co_await timer.async_wait(kAsTuple);
    }
    if (taken > 1) accepted += taken - 1;
}

asio::awaitable<void> flood(World& world, RawConnection& connection, Steady::time_point until) {
    const Bytes request = poll_request(world.options, 0);
    asio::steady_timer timer(world.io);
    while (Steady::now() < until) {
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) co_return;
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(kAsTuple);
    }
}

asio::awaitable<void> stall(World& world, RawConnection& connection, Steady::time_point until) {
    asio::steady_timer timer(world.io);
    const Bytes drip = to_bytes("P");
    while (Steady::now() < until) {
        const Result<void> sent = co_await connection.send(drip);
        if (!sent) co_return;
        timer.expires_after(std::chrono::seconds(1));
        co_await timer.async_wait(kAsTuple);
    }
}

asio::awaitable<void> cut(World& world, RawConnection& connection, std::size_t kind) {
    const Bytes request = poll_request(world.options, 0, "?wait_ms=60000");
    const Bytes part(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(kind * 7 % request.size()));
    const Result<void> sent = co_await connection.send(part);
    if (!sent) co_return;
    asio::steady_timer timer(world.io, kPause);
    co_await timer.async_wait(kAsTuple);
    connection.cut();
}

asio::awaitable<void> be_hostile(World& world,
                                 const FleetDevice& device,
                                 const FleetDevice& victim,
                                 std::size_t kind,
                                 Steady::time_point until,
                                 std::uint64_t& accepted) {
    asio::steady_timer timer(world.io);
    for (std::size_t round = 0; Steady::now() < until; ++round) {
        RawConnection connection = world.connection(device);
        const Result<void> opened = co_await connection.open();
        if (opened) {
            switch (kind % 5) {
                case 0:
                    co_await forge(world, connection, device, victim, until, accepted);
                    break;
                case 1:
                    co_await contradict(world, connection, device, until, accepted);
                    break;
                case 2:
                    co_await flood(world, connection, until);
                    break;
                case 3:
                    co_await stall(world, connection, until);
                    break;
                default:
                    co_await cut(world, connection, kind + round);
            }
        }
        timer.expires_after(kReconnectPause);  // turned away, or done: again
        co_await timer.async_wait(kAsTuple);
    }
}

}  // namespace

boost::json::object run_hostile(World& world) {
    const auto until = Steady::now() + std::chrono::seconds(world.options.number("seconds", 5));
    const std::size_t honest = world.options.number("honest", 0);
    std::uint64_t accepted = 0;
    for (std::size_t i = honest; i < world.devices.size(); ++i) {
        const FleetDevice& victim = world.devices[i - honest];
        asio::co_spawn(world.io, be_hostile(world, world.devices[i], victim, i, until, accepted),
                       asio::detached);
    }
    world.io.run();
    boost::json::object out;
    out["hostile"] = world.devices.size() - honest;
    out["false_accepted"] = accepted;
    return out;
}

}  // namespace assay::fleet
