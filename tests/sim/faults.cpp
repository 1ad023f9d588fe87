#include "tests/sim/faults.hpp"

#include <cmath>
#include <functional>
#include <memory>
#include <numeric>

#include "tests/sim/world.hpp"

namespace assay::sim {
namespace {

using ledger::Slot;

constexpr double kMeanGap = 70 * kSecond;

class Faults {
  public:
    Faults(World& world, Random random, Millis until)
        : world_{world}, random_{random}, until_{until} {}

    // Keeps itself alive until there is nothing left to do.
    void go_on(const std::shared_ptr<Faults>& self) {
        world_.queue().after(static_cast<Millis>(random_.exponential(kMeanGap)), [self] {
            if (self->world_.queue().now() >= self->until_) return;
            self->one();
            self->go_on(self);
        });
    }

  private:
    void one() {
        switch (random_.below(10)) {
            case 0:
                return partition_evenly();
            case 1:
                return isolate_minority();
            case 2:
                return bridge();
            case 3:
                return swizzle_clog();
            case 4:
                return crash();
            case 5:
                return fill_disk();
            case 6:
                return random_.chance(0.5) ? skew_clock() : change_hash_rate();
            case 7:
                return slow_disk();
            case 8:
                return lose_record();
            default:
                return storm();
        }
    }

    [[nodiscard]] std::vector<Slot> shuffled() {
        std::vector<Slot> slots(world_.size());
        std::iota(slots.begin(), slots.end(), Slot{0});
        for (std::size_t i = slots.size(); i > 1; --i)
            std::swap(slots[i - 1], slots[random_.below(i)]);
        return slots;
    }
    Node& any() { return world_.node(random_.below(world_.size())); }

    void note(const std::string& kind) {
        ++world_.summary().faults[kind];
        world_.trace(nullptr, [&] { return "fault: " + kind; });
    }

    // Blocks the ways between the first `count` of `slots` and all others but `bridge`.
    void split(const std::vector<Slot>& slots, std::size_t count, std::optional<Slot> bridge) {
        const auto duration = static_cast<Millis>(random_.between(20 * kSecond, 5 * kMinute));
        std::vector<std::pair<Slot, Slot>> ways;
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t k = count; k < slots.size(); ++k) {
                if (slots[i] != bridge && slots[k] != bridge) ways.emplace_back(slots[i], slots[k]);
            }
        }
        for (const auto& [a, b] : ways) world_.network().block(a, b, true);
        world_.queue().after(duration, [&world = world_, ways] {
            for (const auto& [a, b] : ways) world.network().block(a, b, false);
        });
    }
    void partition_evenly() {
        if (world_.size() < 2) return crash();
        note("partition-even");
        split(shuffled(), world_.size() / 2, std::nullopt);
    }
    void isolate_minority() {
        if (world_.size() < 3) return crash();
        note("partition-minority");
        split(shuffled(), 1 + random_.below(std::max<std::size_t>(1, (world_.size() - 1) / 3)),
              std::nullopt);
    }
    void bridge() {
        if (world_.size() < 3) return storm();
        note("partition-bridge");
        const auto slots = shuffled();
        split(slots, slots.size() / 2, slots.back());
    }
    // Lines stop one after another and come back in another order.
    void swizzle_clog() {
        if (world_.size() < 2) return crash();
        note("swizzle-clog");
        const auto slots = shuffled();
        Millis start = 0;
        for (std::size_t i = 0; i < slots.size(); ++i) {
            for (std::size_t k = i + 1; k < slots.size(); ++k) {
                if (!random_.chance(0.6)) continue;
                start += static_cast<Millis>(random_.exponential(2 * kSecond));
                const auto length = static_cast<Millis>(random_.exponential(40 * kSecond));
                const auto set = [&world = world_, a = slots[i], b = slots[k]](bool clogged) {
                    return [&world, a, b, clogged] {
                        if (!world.is_healed()) world.network().clog(a, b, clogged);
                    };
                };
                world_.queue().after(start, set(true));
                world_.queue().after(start + length, set(false));
            }
        }
    }
    void crash() {
        Node& node = any();
        if (!node.is_up()) return;
        const auto down = static_cast<Millis>(random_.between(2 * kSecond, 2 * kMinute));
        if (random_.chance(0.5)) {
            note("crash");
            return world_.crash(node, down);
        }
        note("crash-in-write");
        node.disk().crash_at_write(random_.below(12), random_.chance(0.5));
    }
    void fill_disk() {
        Node& node = any();
        if (!node.is_up()) return;
        note("disk-full");
        node.disk().fill();
        const auto duration = static_cast<Millis>(random_.between(5 * kSecond, 2 * kMinute));
        world_.queue().after(duration, [&world = world_, &node] {
            if (world.is_healed()) return;
            // Nothing more is accepted by a ledger that could not write: its member starts anew.
            node.disk().recover();
            if (node.is_up()) world.crash(node, kSecond);
        });
    }
    void slow_disk() {
        Node& node = any();
        if (!node.is_up()) return;
        note("disk-slow");
        // From a worn flash chip to a network disk that hangs.
        const double seconds = std::pow(10, random_.between(-2, 0.7));
        node.disk().slow_down(world_.queue(), static_cast<Millis>(seconds * kSecond) + 1);
        const auto duration = static_cast<Millis>(random_.between(10 * kSecond, 3 * kMinute));
        world_.queue().after(duration,
                             [&world = world_, &node] { node.disk().slow_down(world.queue(), 0); });
    }
    // The record of own votes: gone, older than the ledger, or gone with the whole disk.
    void lose_record() {
        Node& node = any();
        if (!node.is_up() || !world_.may_forget(node)) return crash();
        const auto down = static_cast<Millis>(random_.between(5 * kSecond, kMinute));
        switch (random_.below(world_.is_consortium() ? 3 : 2)) {
            case 0:
                note("record-lost");
                node.forget(false);
                return lose(node, 0, down, [&node] { node.disk().keep("safety", std::nullopt); });
            case 1: {
                note("record-old");
                node.forget(true);
                const auto age = static_cast<Millis>(random_.between(20 * kSecond, 3 * kMinute));
                return lose(node, age, down, [&node, old = node.disk().kept("safety")] {
                    node.disk().keep("safety", old);
                });
            }
            default:
                note("disk-lost");
                node.forget(true);
                return lose(node, 0, down, [&world = world_, &node] {
                    node.disk().wipe();
                    world.note_wiped(node);
                });
        }
    }
    void lose(Node& node, Millis later, Millis down, std::function<void()> what) {
        world_.queue().after(later, [&world = world_, &node, down, what] {
            if (!node.is_up() || world.is_healed()) return;
            world.crash(node, down);
            world.queue().after(1, [&node, what] {
                if (!node.is_up()) what();
            });
        });
    }
    void skew_clock() {
        note("clock-skew");
        Node& node = any();
        node.clock_skew = static_cast<Millis>(random_.between(-45.0 * kSecond, 45.0 * kSecond));
    }
    void change_hash_rate() {
        note("hash-rate");
        Node& node = any();
        // A member alone sets the difficulty alone, and would wait for hours after a large step.
        const bool alone = world_.size() == 1;
        const double exponent = alone ? random_.between(0, 0.5) : random_.between(-2, 4);
        node.hash_rate = world_.ordinary_hash_rate() * std::pow(10, exponent);
    }
    void storm() {
        note("storm");
        Weather& weather = world_.network().weather;
        weather.loss = random_.between(0, 0.2);
        weather.delay_max = static_cast<Millis>(random_.exponential(3 * kSecond)) + 500;
        if (random_.chance(0.1)) weather.delay_max = 30 * kSecond;
        const auto duration = static_cast<Millis>(random_.between(10 * kSecond, 3 * kMinute));
        world_.queue().after(duration, [&weather] { weather = {}; });
    }

    World& world_;
    Random random_;
    Millis until_;
};

}  // namespace

void plan_faults(World& world, Random random, Millis until) {
    const auto faults = std::make_shared<Faults>(world, random, until);
    faults->go_on(faults);
}

}  // namespace assay::sim
