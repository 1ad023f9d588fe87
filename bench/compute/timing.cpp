#include "bench/compute/timing.hpp"

#include <ctime>

#include "host/base/assert.hpp"

namespace assay::bench {
namespace {

double seconds(clockid_t clock) {
    timespec time{};
    ASSAY_ASSERT(::clock_gettime(clock, &time) == 0);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

}  // namespace

Cost now() { return {seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID)}; }

Cost operator-(const Cost& end, const Cost& start) {
    return {end.wall_s - start.wall_s, end.cpu_s - start.cpu_s};
}

std::vector<Rates> interleave(const std::vector<Contender>& contenders, const Rounds& rounds) {
    std::vector<Rates> rates;
    for (const Contender& contender : contenders) {
        contender.run();
        rates.push_back({contender.name, {}, {}});
    }
    for (int round = 0; round < rounds.count; ++round) {
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const Cost start = now();
            Cost spent;
            double done = 0;
            do {
                done += contenders[i].run();
                spent = now() - start;
            } while (spent.cpu_s < rounds.cpu_s);
            rates[i].per_wall_s.push_back(done / spent.wall_s);
            rates[i].per_cpu_s.push_back(done / spent.cpu_s);
        }
    }
    return rates;
}

}  // namespace assay::bench
