#include "tests/sim/world.hpp"

#include <iomanip>
#include <ostream>

#include "host/base/text_encoding.hpp"
#include "tests/sim/byzantine.hpp"
#include "tests/sim/faults.hpp"
#include "tests/sim/final_checks.hpp"

namespace assay::sim {

using namespace ledger;

namespace {

constexpr std::array<std::size_t, 8> kSizes{1, 2, 3, 4, 5, 7, 10, 13};
constexpr Millis kQuietStart = kMinute;
constexpr Millis kLiveness = Millis{40} * kInterval * kSecond;  // I10: 40 T
// A block at the floor of difficulty comes eight times as fast as T: there is room below.
constexpr double kFloorFactor = 8;

constexpr double kGatewayLedger = 0.25;  // of all runs

const Founders& founders_of(std::uint64_t seed, const AllFounders& founders, bool finality) {
    Random choice(seed ^ 0x5eed);
    const std::size_t count = kSizes[choice.below(kSizes.size())];
    const bool gateway = choice.chance(kGatewayLedger) && finality;
    return founders.at({gateway ? LedgerKind::kGateway : LedgerKind::kConsortium, count});
}

}  // namespace

World::World(std::uint64_t seed, const AllFounders& founders, Options options)
    : seed_{seed},
      options_{options},
      random_{seed},
      founders_{founders_of(seed, founders, options.finality)},
      network_{queue_, random_.fork(), founders_.everyone.size(), *this},
      seen_(founders_.everyone.size()),
      final_{founders_},
      load_{*this, random_.fork()},
      gateways_{*this, random_.fork()} {}

World::~World() {
    for (auto& node : nodes_) node->stop();
}

double World::ordinary_hash_rate() const noexcept {
    return 65'536 * kFloorFactor / kInterval / static_cast<double>(founders_.count);
}

Summary World::run() {
    summary_.runs = 1;
    summary_.members[std::to_string(founders_.count)] = 1;
    plan_members();
    healing_ = kQuietStart + static_cast<Millis>(random_.between(8, 18) * kMinute);
    if (options_.finality) operators_.emplace(*this, random_.fork(), healing_);
    queue_.after(kQuietStart, [this] { plan_faults(*this, random_.fork(), healing_); });
    queue_.after(healing_, [this] { heal(); });
    queue_.after(0, [this] { every_second(); });
    end_ = healing_ + kLiveness;
    while (!failed_ && queue_.run_next(end_)) {
    }
    if (!failed_ && options_.finality) check_live();
    // A gateway has one batch under way at a time: a receipt behind it has the time of two.
    if (options_.finality && !is_consortium()) end_ += kLiveness;
    while (!failed_ && queue_.run_next(end_)) {
    }
    for (auto& node : nodes_) {
        if (!failed_ && counts(*node)) check_end(*node);
        if (size() > 5 && node->slot() > 2) break;  // what they agree on need not be computed again
    }
    summary_.final_blocks = final_.height();
    summary_.records = final_.records();
    summary_.epochs = final_.epoch().epoch;
    summary_.joined = final_.joined();
    summary_.left = final_.left();
    for (const auto& node : nodes_) summary_.slow_writes += node->disk().slow_writes();
    summary_.receipts = gateways_.acknowledged();
    if (!is_consortium()) summary_.gateway_runs = 1;
    summary_.events = queue_.count();
    summary_.virtual_time = queue_.now();
    summary_.runs_with_reverted = summary_.confirmed_reverted > 0 ? 1 : 0;
    return summary_;
}

Node& World::add_node(const Organisation& organisation) {
    const auto slot = static_cast<Slot>(nodes_.size());
    nodes_.push_back(std::make_unique<Node>(*this, slot, organisation, random_.fork()));
    nodes_.back()->hash_rate = ordinary_hash_rate();
    nodes_.back()->clock_skew = static_cast<Millis>(random_.between(-2'000, 2'000));
    return *nodes_.back();
}

void World::plan_members() {
    for (std::size_t i = 0; i < founders_.count; ++i) (void)add_node(founders_.everyone[i]);
    // As many liars as finality tolerates, or fewer.
    const std::size_t tolerated = (size() - 1) / 3;
    std::size_t liars = tolerated == 0 ? 0 : random_.below(tolerated + 1);
    if (!options_.finality) liars = size() > 2 ? 1 : 0;
    for (std::size_t i = 0; i < liars; ++i) {
        // In slot order from a random one on; with the paper's rules it is the farm alone.
        const std::size_t slot = options_.finality ? (seed_ + 2 * i) % size() : 0;
        if (!nodes_[slot]->is_honest()) continue;
        if (!options_.finality) nodes_[slot]->hash_rate = 0;  // all of it is for its attacks
        nodes_[slot]->corrupt(std::make_unique<Byzantine>(*nodes_[slot], !options_.finality));
    }
    for (auto& node : nodes_) node->start();
}

void World::seat(const Organisation& organisation, Millis delay) {
    Node& node = add_node(organisation);
    trace(&node, [&] { return organisation.name + " joins"; });
    queue_.after(delay, [this, &node] {
        if (!node.is_up() && !failed_) node.start();
    });
}

void World::note_left(Slot slot) {
    left_.insert(slot);
    trace(&node(slot), [] { return std::string("has left"); });
}

bool World::may_forget(const Node& node) const {
    const auto& members = final_.epoch().members;
    const auto faulty = static_cast<std::size_t>(
        std::ranges::count_if(members, [&](const EpochMember& member) {
            return member.slot < size() && member.slot != node.slot() &&
                   (!this->node(member.slot).is_honest() || this->node(member.slot).forgot());
        }));
    // One more may be leaving.
    return options_.finality && node.is_honest() && !healed_ && members.size() > 2 &&
           faulty + 1 <= (members.size() - 2) / 3;
}

void World::every_second() {
    network_.tick();
    for (auto& node : nodes_) node->tick();
    if (is_consortium()) {
        load_.tick();
    } else {
        gateways_.tick();
    }
    if (operators_) operators_->tick();
    if (queue_.now() / kSecond % 60 == 0) {
        for (auto& node : nodes_) check_bounds(*node);
    }
    queue_.after(kSecond, [this] { every_second(); });
}

bool World::hand_in(Node& node, const Bytes& tx) {
    if (node.is_busy()) return false;  // no answer, or none in time
    const auto decoded = decode_transaction(tx);
    const auto accepted = node.submit(tx);
    trace(&node, [&] {
        return (accepted ? "submits " : "is refused ") + decoded->subject + ' ' +
               to_hex(decoded->id.view()).substr(0, 8) +
               (accepted ? "" : ": " + accepted.error().to_string());
    });
    if (!accepted) return false;  // its disk failed, or what it knows of the others is too old
    node.once_written([this, &node, tx] { note_handed_in(node, tx); });
    return true;
}

void World::note_handed_in(Node& node, const Bytes& tx) {
    const TxId id = tx_id(tx);
    if (pending_.contains(id)) return;  // again
    ++summary_.transactions;
    Pending pending;
    pending.by = node.slot();
    pending.bytes = tx;
    pending.submitted = queue_.now();
    pending.calm = healed_;
    // A liar's may be forgotten, and so may one whose member's disk fails before it is passed on.
    if (node.is_honest()) pending_.emplace(id, std::move(pending));
}

Bytes World::harmless_transaction(Node& by) {
    return is_consortium() ? load_.claim_vendor(by) : gateways_.batch_by(by);
}

void World::heal() {
    healed_ = true;
    healed_at_ = final_.height();
    healed_log_size_ = final_.log_size();
    trace(nullptr, [] { return std::string("healed"); });
    network_.heal();
    for (auto& node : nodes_) {
        node->clock_skew = static_cast<Millis>(random_.between(-2'000, 2'000));
        if (size() > 1 && node->is_honest()) node->hash_rate = ordinary_hash_rate();
        if (node->disk().full() || node->disk().crashed()) {
            node->disk().recover();
            if (node->is_up()) node->stop();
        }
        if (!node->is_up()) node->start();
    }
}

void World::note_crash(Node& node) {
    crash(node, static_cast<Millis>(random_.between(kSecond, 90 * kSecond)));
}

void World::crash(Node& node, Millis down_for) {
    trace(&node, [] { return std::string("crashes"); });
    // After this event: the member may still be on the stack.
    queue_.after(0, [this, &node] {
        if (node.is_up()) node.stop();
    });
    queue_.after(std::max<Millis>(down_for, 1), [this, &node] {
        if (node.is_up() || failed_) return;
        node.disk().recover();
        trace(&node, [] { return std::string("starts"); });
        node.start();
    });
}

void World::write_trace(const Node* node, const std::string& text) {
    std::ostream& out = *options_.trace;
    out << std::fixed << std::setprecision(3) << std::setw(10)
        << static_cast<double>(queue_.now()) / 1e3 << "  ";
    if (node == nullptr) {
        out << "--";
    } else {
        out << 'm' << node->slot() << (node->is_honest() ? "" : "!");
    }
    out << "  " << text << '\n';
}

// --- network -------------------------------------------------------------------------------------

bool World::accepts(Slot self, Slot peer) {
    return self < size() && peer < size() && nodes_[self]->accepts(peer);
}
void World::on_connected(Slot self, Slot peer) { nodes_[self]->on_connected(peer); }
void World::on_closed(Slot self, Slot peer) { nodes_[self]->on_closed(peer); }
void World::on_message(Slot self, Slot from, const Message& message) {
    nodes_[self]->on_message(from, message);
}

}  // namespace assay::sim
