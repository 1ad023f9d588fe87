#include "tests/sim/network.hpp"

#include <algorithm>

namespace assay::sim {
namespace {

using ledger::Slot;

constexpr double kReconnect = 0.5;  // a second

// Said again and passed on by others, so that one of them does not matter.
bool may_be_lost(const ledger::PeerMessage& message) {
    return std::holds_alternative<ledger::VoteMessage>(message) ||
           std::holds_alternative<ledger::CheckpointMessage>(message);
}

}  // namespace

void Network::send(Slot from, Slot to, const Message& message) {
    Line& way = line(from, to);
    if (!way.connected) return;
    const auto delay = static_cast<Millis>(random_.between(static_cast<double>(weather.delay_min),
                                                           static_cast<double>(weather.delay_max)));
    if (may_be_lost(*message)) {
        if (random_.chance(weather.loss)) return;
        if (random_.chance(weather.loss)) deliver(from, to, 2 * delay, message);
        // Out of order: it does not wait for what was sent before it.
        const std::uint64_t connection = way.connection;
        queue_.after(delay, [this, from, to, connection, message] {
            arrive(from, to, connection, message);
        });
        return;
    }
    if (random_.chance(weather.loss / 100)) return cut(from, to);
    deliver(from, to, delay, message);
}

void Network::deliver(Slot from, Slot to, Millis delay, const Message& message) {
    Line& way = line(from, to);
    Millis& last = way.last_arrival[from < to ? 0 : 1];
    last = std::max(last, queue_.now() + delay);
    const std::uint64_t connection = way.connection;
    queue_.after(last - queue_.now(),
                 [this, from, to, connection, message] { arrive(from, to, connection, message); });
}

void Network::arrive(Slot from, Slot to, std::uint64_t connection, const Message& message) {
    Line& way = line(from, to);
    if (!way.connected || way.connection != connection) return;
    if (way.clogged) {
        way.held.emplace_back(from < to, message);
        return;
    }
    endpoints_.on_message(to, from, message);
}

void Network::cut(Slot a, Slot b) {
    Line& way = line(a, b);
    if (!way.connected) return;
    way.connected = false;
    way.held.clear();
    endpoints_.on_closed(a, b);
    endpoints_.on_closed(b, a);
}

void Network::cut_all(Slot member) {
    for (std::size_t other = 0; other < members_; ++other) {
        if (other != member) cut(member, static_cast<Slot>(other));
    }
}

std::uint64_t Network::connection(Slot a, Slot b) const {
    const auto found = lines_.find({std::min(a, b), std::max(a, b)});
    return found != lines_.end() && found->second.connected ? found->second.connection : 0;
}

void Network::tick() {
    for (std::size_t i = 0; i < members_; ++i) {
        for (std::size_t k = i + 1; k < members_; ++k) {
            const auto a = static_cast<Slot>(i);
            const auto b = static_cast<Slot>(k);
            Line& way = line(a, b);
            if (way.connected || way.blocked || way.clogged) continue;
            if (!endpoints_.accepts(a, b) || !endpoints_.accepts(b, a)) continue;
            if (!random_.chance(kReconnect)) continue;
            way.connected = true;
            ++way.connection;
            endpoints_.on_connected(a, b);
            endpoints_.on_connected(b, a);
        }
    }
}

void Network::block(Slot a, Slot b, bool blocked) {
    if (blocked) cut(a, b);
    line(a, b).blocked = blocked;
}

void Network::clog(Slot a, Slot b, bool clogged) {
    Line& way = line(a, b);
    way.clogged = clogged;
    if (clogged) return;
    const auto held = std::exchange(way.held, {});
    const std::uint64_t connection = way.connection;
    for (const auto& [from_lower, message] : held) {
        const Slot from = from_lower ? std::min(a, b) : std::max(a, b);
        arrive(from, from == a ? b : a, connection, message);
    }
}

void Network::heal() {
    weather = {};
    for (auto& [ends, way] : lines_) {
        way.blocked = false;
        if (way.clogged) clog(ends.first, ends.second, false);
    }
}

}  // namespace assay::sim
