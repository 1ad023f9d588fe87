// Devices with a good certificate that mean harm: a fifth of them each forge and replay receipts, contradict
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

// What all of them did, and got away with.
struct Tally {
    std::uint64_t forged = 0, contradictions = 0, polls = 0, stalled = 0, cuts = 0, refused = 0;
    std::uint64_t false_accepted = 0;
};

// One device that means harm, and what it knows from connection to connection.
struct Attacker {
    Attacker(const FleetDevice& own, const FleetDevice& other, std::size_t number)
        : device{own}, victim{other}, kind{number} {}
    const FleetDevice& device;
    const FleetDevice& victim;
    std::size_t kind;
    std::uint32_t rounds = 0;
    std::uint16_t words = 0;  // contradictions so far, and how many of them were taken
    std::uint64_t taken = 0;
};

// Signed by another key, with a flipped bit, for another device, or what another device has signed.
Bytes forged(const World& world, const Attacker& who, std::uint32_t n) {
    const ledger::ReceiptBody own = receipt_for(world, who.device, n + 1);
    const ledger::ReceiptBody others = receipt_for(world, who.victim, 0xffff'fff0U);
    switch (n % 4) {
        case 0:
            return ledger::sign_receipt(own, *who.victim.key).value();
        case 1: {
            Bytes bytes = ledger::sign_receipt(own, *who.device.key).value();
            bytes[bytes.size() - 1 - n % 60] ^= std::byte{1};
            return bytes;
        }
        case 2:
            return ledger::sign_receipt(others, *who.device.key).value();
        default:
            return ledger::sign_receipt(others, *who.victim.key).value();
    }
}

asio::awaitable<void> forge(World& world,
                            RawConnection& connection,
                            const Attacker& who,
                            Steady::time_point until,
                            Tally& tally) {
    asio::steady_timer timer(world.io);
    for (std::uint32_t n = who.rounds; Steady::now() < until; ++n) {
        const Bytes receipt = forged(world, who, n);
        const Bytes request = make_request("POST", protocol::kReceiptsPath, receipt);
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) co_return;
        ++tally.forged;
        ++(answer->status < 400 ? tally.false_accepted : tally.refused);
        timer.expires_after(kPause);
        co_await timer.async_wait(kAsTuple);
    }
}

// Different words under one counter: the first may be taken, no other.
asio::awaitable<void> contradict(World& world,
                                 RawConnection& connection,
                                 Attacker& who,
                                 Steady::time_point until,
                                 Tally& tally) {
    asio::steady_timer timer(world.io);
    while (Steady::now() < until) {
        ledger::ReceiptBody body = receipt_for(world, who.device, 1);
        body.time = ++who.words;
        const Bytes receipt = ledger::sign_receipt(body, *who.device.key).value();
        const Bytes request = make_request("POST", protocol::kReceiptsPath, receipt);
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) co_return;
        ++tally.contradictions;
        if (answer->status >= 400) {
            ++tally.refused;
        } else if (++who.taken > 1) {
            ++tally.false_accepted;
        }
        timer.expires_after(kPause);
        co_await timer.async_wait(kAsTuple);
    }
}

asio::awaitable<void> flood(World& world,
                            RawConnection& connection,
                            Steady::time_point until,
                            Tally& tally) {
    const Bytes request = poll_request(world.options, 0);
    asio::steady_timer timer(world.io);
    while (Steady::now() < until) {
        const Result<RawAnswer> answer = co_await connection.exchange(request);
        if (!answer) co_return;
        ++tally.polls;
        timer.expires_after(std::chrono::milliseconds(1));
        co_await timer.async_wait(kAsTuple);
    }
}

asio::awaitable<void> stall(World& world,
                            RawConnection& connection,
                            Steady::time_point until,
                            Tally& tally) {
    asio::steady_timer timer(world.io);
    const Bytes drip = to_bytes("P");
    ++tally.stalled;
    while (Steady::now() < until) {
        const Result<void> sent = co_await connection.send(drip);
        if (!sent) co_return;
        timer.expires_after(std::chrono::seconds(1));
        co_await timer.async_wait(kAsTuple);
    }
}

asio::awaitable<void> cut(World& world, RawConnection& connection, std::size_t kind, Tally& tally) {
    const Bytes request = poll_request(world.options, 0, "?wait_ms=60000");
    const Bytes part(request.begin(), request.begin() + static_cast<std::ptrdiff_t>(kind * 7 % request.size()));
    const Result<void> sent = co_await connection.send(part);
    if (!sent) co_return;
    ++tally.cuts;
    asio::steady_timer timer(world.io, kPause);
    co_await timer.async_wait(kAsTuple);
    connection.cut();
}

asio::awaitable<void> be_hostile(World& world, Attacker who, Steady::time_point until, Tally& tally) {
    asio::steady_timer timer(world.io);
    for (; Steady::now() < until; ++who.rounds) {
        RawConnection connection = world.connection(who.device);
        const Result<void> opened = co_await connection.open();
        if (opened) {
            switch (who.kind % 5) {
                case 0:
                    co_await forge(world, connection, who, until, tally);
                    break;
                case 1:
                    co_await contradict(world, connection, who, until, tally);
                    break;
                case 2:
                    co_await flood(world, connection, until, tally);
                    break;
                case 3:
                    co_await stall(world, connection, until, tally);
                    break;
                default:
                    co_await cut(world, connection, who.kind + who.rounds, tally);
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
    Tally tally;
    for (std::size_t i = honest; i < world.devices.size(); ++i) {
        const Attacker who(world.devices[i], world.devices[i - honest], i);
        asio::co_spawn(world.io, be_hostile(world, who, until, tally), asio::detached);
    }
    world.io.run();
    boost::json::object out;
    out["hostile"] = world.devices.size() - honest;
    out["forged"] = tally.forged;
    out["contradictions"] = tally.contradictions;
    out["polls"] = tally.polls;
    out["stalled"] = tally.stalled;
    out["cuts"] = tally.cuts;
    out["refused"] = tally.refused;
    out["false_accepted"] = tally.false_accepted;
    return out;
}

}  // namespace assay::fleet
