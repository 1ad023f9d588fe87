// What goes wrong in a run until it is healed: partitions, clogged lines, storms, crashes, full
// disks, wrong clocks and changes of hash power, one after another and over each other.

#pragma once

#include "tests/sim/event_queue.hpp"
#include "tests/sim/random.hpp"

namespace assay::sim {

class World;

// Plans faults from now until `until`, when everything that they broke is to be healed.
void plan_faults(World& world, Random random, Millis until);

}  // namespace assay::sim
