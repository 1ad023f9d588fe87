// Interleaved measurement: contenders take turns in every round, so that a change of clock or of the
// machine's load meets them all. The reader of the rates (bench/suites/compute) takes medians over
// the rounds. One thread measures.

#pragma once

#include <functional>
#include <string>
#include <vector>

namespace assay::bench {

struct Cost {
    double wall_s = 0;
    double cpu_s = 0;  // of all threads of this process
};

[[nodiscard]] Cost now();
[[nodiscard]] Cost operator-(const Cost& end, const Cost& start);

// Does some work and returns how much it was, in hashes or bytes.
struct Contender {
    std::string name;
    std::function<double()> run;
};

// Work per second, for each round.
struct Rates {
    std::string name;
    std::vector<double> per_wall_s;
    std::vector<double> per_cpu_s;
};

struct Rounds {
    int count = 7;
    double cpu_s = 0.1;  // at least so much processor time for each contender in each round
};

// Each contender runs once before the rounds begin, uncounted.
[[nodiscard]] std::vector<Rates> interleave(const std::vector<Contender>& contenders,
                                            const Rounds& rounds);

}  // namespace assay::bench
