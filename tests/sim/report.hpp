// What the simulator tells at its end: for people, or one JSON object.

#pragma once

#include <iosfwd>
#include <string>

#include "tests/sim/summary.hpp"

namespace assay::sim {

struct Run {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 0;
    std::string off;  // a rule that was switched off, or none
    std::string rules;
    double seconds = 0;  // of real time
};

void write_json(std::ostream& out, const Run& run, const Summary& summary);
void write_text(std::ostream& out, const Run& run, const Summary& summary);

}  // namespace assay::sim
