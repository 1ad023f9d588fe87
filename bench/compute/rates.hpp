// The rates from which bench/suites/compute makes its figures: groups of contenders that were
// measured interleaved, so that any two of a group may be divided.

#pragma once

#include <map>
#include <string>
#include <vector>

#include "bench/compute/timing.hpp"
#include "host/compute/engine_registry.hpp"

namespace assay::bench {

struct RateOptions {
    Rounds rounds;
    bool plots = false;          // also the groups that only plots need
    std::size_t memory_mib = 128;  // of messages that no cache holds
};

using RateGroups = std::map<std::string, std::vector<Rates>>;

// Groups "mine.core", "mine.wall", "hash.core", "hash.l2", "hash.few", "hash.threads", "hash.wall",
// and for the plots "chunks:<n>", "lanes:<n>", "versions:<n>". Contenders are called "evp", as the
// engine ("opencl:0", "cpu:shani" with every core), or "cpu:shani.1core".
[[nodiscard]] RateGroups measure_rates(compute::Engines& engines, const RateOptions& options);

}  // namespace assay::bench
