// How soon mining lets go: of a search that is cancelled, and of the processor when a block is to be
// hashed. Samples in milliseconds.

#pragma once

#include <string>
#include <vector>

#include "host/compute/hash_engine.hpp"
#include "host/compute/pow_engine.hpp"

namespace assay::bench {

// From the stop request to the return of search(), at random moments of it.
[[nodiscard]] std::vector<double> cancel_ms(compute::PowEngine& engine, int samples);

struct HashLatency {
    std::vector<double> idle_ms;
    std::vector<double> mining_ms;
};

// Hashing one block of 1 MiB on `hash`, once every few milliseconds, in turns without mining and
// while a Miner works on `pow` with this share. The time for the thread to wake up is part of it.
[[nodiscard]] HashLatency hash_latency(compute::HashEngine& hash,
                                       compute::PowEngine& pow,
                                       double share,
                                       int turns,
                                       double turn_s);

}  // namespace assay::bench
