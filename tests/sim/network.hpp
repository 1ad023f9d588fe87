// The connections between simulated members. Production speaks TLS over TCP, so on one connection
// messages keep their order, and a message that is lost for good ends it. What is sent again and
// passed on by others (votes, checkpoints) is also lost, doubled and overtaken alone. Delays,
// losses, partitions and clogged lines are set from outside. One thread.

#pragma once

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "ledger/net/peer_message.hpp"
#include "tests/sim/event_queue.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

using Message = std::shared_ptr<const ledger::PeerMessage>;

struct Weather {
    Millis delay_min = 20;
    Millis delay_max = 500;
    double loss = 0;  // of messages that may be lost alone; a hundredth of it ends connections
};

// The members, as the network sees them.
class Endpoints {
  public:
    virtual ~Endpoints() = default;
    [[nodiscard]] virtual bool accepts(ledger::Slot self, ledger::Slot peer) = 0;
    virtual void on_connected(ledger::Slot self, ledger::Slot peer) = 0;
    virtual void on_closed(ledger::Slot self, ledger::Slot peer) = 0;
    virtual void on_message(ledger::Slot self, ledger::Slot from, const Message& message) = 0;
};

class Network {
  public:
    Network(EventQueue& queue, Random random, std::size_t members, Endpoints& endpoints)
        : queue_{queue}, random_{random}, members_{members}, endpoints_{endpoints} {}

    void send(ledger::Slot from, ledger::Slot to, const Message& message);
    // Ends the connection of the two, if there is one.
    void cut(ledger::Slot a, ledger::Slot b);
    void cut_all(ledger::Slot member);
    // Which one it is of all that the two had; 0 while there is none.
    [[nodiscard]] std::uint64_t connection(ledger::Slot a, ledger::Slot b) const;
    // Connections that are missing and possible come about; to be called once a second.
    void tick();

    Weather weather;
    // No way through: what is under way is lost.
    void block(ledger::Slot a, ledger::Slot b, bool blocked);
    // Nothing arrives while clogged, everything afterwards.
    void clog(ledger::Slot a, ledger::Slot b, bool clogged);
    void heal();

  private:
    struct Line {
        bool connected = false;
        bool blocked = false;
        bool clogged = false;
        std::uint64_t connection = 0;  // counts them: what was sent on an older one is gone
        Millis last_arrival[2] = {0, 0};
        std::deque<std::pair<bool, Message>> held;  // by a clogged line; true: from the lower slot
    };
    [[nodiscard]] Line& line(ledger::Slot a, ledger::Slot b) {
        return lines_[{std::min(a, b), std::max(a, b)}];
    }
    void deliver(ledger::Slot from, ledger::Slot to, Millis delay, const Message& message);
    void arrive(ledger::Slot from,
                ledger::Slot to,
                std::uint64_t connection,
                const Message& message);

    EventQueue& queue_;
    Random random_;
    std::size_t members_;
    Endpoints& endpoints_;
    std::map<std::pair<ledger::Slot, ledger::Slot>, Line> lines_;
};

}  // namespace assay::sim
