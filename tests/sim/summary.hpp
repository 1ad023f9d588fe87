// What one run, or many together, did and found. Plain values.

#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "tests/sim/event_queue.hpp"

namespace assay::sim {

struct Failure {
    std::uint64_t seed = 0;
    std::string what;  // the invariant and what broke it
};

struct Summary {
    std::uint64_t runs = 0;
    std::uint64_t events = 0;
    Millis virtual_time = 0;
    std::map<std::string, std::uint64_t> members;  // runs by number of members
    std::map<std::string, std::uint64_t> faults;   // by kind
    std::map<std::string, std::uint64_t> lies;     // byzantine acts by kind
    std::uint64_t blocks = 0;                      // mined by honest members
    std::uint64_t transactions = 0;
    std::uint64_t final_blocks = 0;  // different ones, not once for each member
    std::uint64_t final_transactions = 0;
    std::map<std::string, std::uint64_t> records;  // final transactions by kind
    std::uint64_t epochs = 0;                      // begun, beyond the first
    std::uint64_t joined = 0;                      // nodes
    std::uint64_t left = 0;
    std::uint64_t gateway_runs = 0;  // on the gateway ledger
    std::uint64_t receipts = 0;      // acknowledged
    std::uint64_t slow_writes = 0;
    std::uint64_t forgetful_votes = 0;  // that contradict one of a record that was lost
    std::uint64_t reorganisations = 0;
    std::uint64_t deepest_reorganisation = 0;  // blocks
    std::uint64_t confirmed_reverted = 0;      // blocks that were 6 deep and left the best chain
    std::uint64_t runs_with_reverted = 0;
    std::uint64_t contradictions = 0;     // pairs of votes that no honest member casts, seen
    std::uint64_t discouraged = 0;        // times that a liar was cut off
    std::vector<Millis> calm_finality;    // submitted after healing, until final everywhere
    std::vector<Millis> faulty_finality;  // submitted amid faults
    std::vector<Failure> failures;

    void add(const Summary& other) {
        runs += other.runs;
        events += other.events;
        virtual_time += other.virtual_time;
        for (const auto& [name, count] : other.members) members[name] += count;
        for (const auto& [name, count] : other.faults) faults[name] += count;
        for (const auto& [name, count] : other.lies) lies[name] += count;
        blocks += other.blocks;
        transactions += other.transactions;
        final_blocks += other.final_blocks;
        final_transactions += other.final_transactions;
        for (const auto& [name, count] : other.records) records[name] += count;
        epochs += other.epochs;
        joined += other.joined;
        left += other.left;
        gateway_runs += other.gateway_runs;
        receipts += other.receipts;
        slow_writes += other.slow_writes;
        forgetful_votes += other.forgetful_votes;
        reorganisations += other.reorganisations;
        deepest_reorganisation = std::max(deepest_reorganisation, other.deepest_reorganisation);
        confirmed_reverted += other.confirmed_reverted;
        runs_with_reverted += other.runs_with_reverted;
        contradictions += other.contradictions;
        discouraged += other.discouraged;
        append(calm_finality, other.calm_finality);
        append(faulty_finality, other.faulty_finality);
        failures.insert(failures.end(), other.failures.begin(), other.failures.end());
    }

  private:
    static void append(std::vector<Millis>& to, const std::vector<Millis>& from) {
        to.insert(to.end(), from.begin(), from.end());
    }
};

}  // namespace assay::sim
