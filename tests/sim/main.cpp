// assay-sim [--seeds N] [--first N] [--seed N] [--rules assay|paper] [--off RULE] [--stop]
//           [--threads N] [--json] [--trace]
//
// Runs the ledger of members that fail, lie and are cut off from each other, in virtual time, once
// for each seed (docs/simulator.md). Ends with 1 if an invariant broke; the seed printed replays
// it.

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <mutex>
#include <thread>

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "ledger/core/rule_switches.hpp"
#include "tests/sim/report.hpp"
#include "tests/sim/world.hpp"

namespace assay::sim {
namespace {

struct Arguments {
    std::uint64_t seeds = 20;
    std::uint64_t first = 1;
    std::uint64_t seed = 0;
    unsigned threads = 2;
    std::string rules = "assay";
    std::string off;  // one rule more that is switched off
    bool stop = false;
    bool json = false;
    bool trace = false;
};

thread_local std::uint64_t running_seed = 0;

// A failed assertion ends the process: say which seed it was.
void on_abort(int) {
    const std::string text = fmt::format("assay-sim: aborted in seed {}\n", running_seed);
    (void)!::write(STDERR_FILENO, text.data(), text.size());
}

void show_progress(std::uint64_t done, const Arguments& arguments, const Summary& summary) {
    if (::isatty(STDERR_FILENO) == 0) return;
    std::cerr << fmt::format("\r{} of {} seeds, {} final blocks, {} failures ", done,
                             arguments.seeds, summary.final_blocks, summary.failures.size())
              << (done == arguments.seeds ? "\n" : "") << std::flush;
}

Summary run_all(const Arguments& arguments) {
    const Organisations organisations;
    AllFounders founders;
    for (const std::size_t count : {1, 2, 3, 4, 5, 7, 10, 13}) {
        for (const auto kind : {ledger::LedgerKind::kConsortium, ledger::LedgerKind::kGateway}) {
            founders.try_emplace({kind, count}, organisations, kind, count);
        }
    }
    Summary summary;
    std::mutex mutex;
    std::atomic<std::uint64_t> next = 0;
    std::uint64_t done = 0;
    std::atomic<bool> found = false;
    const auto work = [&] {
        for (std::uint64_t i = next++; i < arguments.seeds && !found; i = next++) {
            running_seed = arguments.first + i;
            Options options;
            options.finality = arguments.rules == "assay";
            options.trace = arguments.trace ? &std::cerr : nullptr;
            const Summary one = World(running_seed, founders, options).run();
            const std::scoped_lock lock(mutex);
            summary.add(one);
            found = found || (arguments.stop && !one.failures.empty());
            show_progress(++done, arguments, summary);
        }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < arguments.threads; ++i) threads.emplace_back(work);
    work();
    for (std::thread& thread : threads) thread.join();
    std::ranges::sort(summary.failures, {}, &Failure::seed);
    return summary;
}

int run(Arguments arguments) {
    using ledger::Rule;
    ledger::switch_rule(Rule::kH6, false);  // blocks come by lottery, not by hashing
    if (arguments.rules == "paper") ledger::switch_rule(Rule::kH8, false);
    const auto off = std::ranges::find(ledger::kRuleNames, arguments.off);
    if (off != ledger::kRuleNames.end()) {
        ledger::switch_rule(static_cast<Rule>(off - ledger::kRuleNames.begin()), false);
    }
    if (arguments.seed != 0) {
        arguments.first = arguments.seed;
        arguments.seeds = 1;
    }
    if (arguments.trace || arguments.seeds == 1) arguments.threads = 1;
    std::signal(SIGABRT, on_abort);
    const auto start = std::chrono::steady_clock::now();
    const Summary summary = run_all(arguments);
    Run told;
    told.first_seed = arguments.first;
    told.seeds = arguments.seeds;
    told.rules = arguments.rules;
    told.off = arguments.off;
    told.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    (arguments.json ? write_json : write_text)(std::cout, told, summary);
    return summary.failures.empty() ? 0 : 1;
}

}  // namespace
}  // namespace assay::sim

int main(int argc, char** argv) {
    assay::sim::Arguments arguments;
    CLI::App app("Simulates the ledger of members that fail, lie and are cut off from each other");
    app.add_option("--seeds", arguments.seeds, "how many runs")->check(CLI::PositiveNumber);
    app.add_option("--first", arguments.first, "the first seed")->check(CLI::PositiveNumber);
    app.add_option("--seed", arguments.seed, "this run alone")->check(CLI::PositiveNumber);
    app.add_option("--rules", arguments.rules,
                   "assay, or paper: plain proof of work and a member with 100 times the others' "
                   "hash power")
        ->check(CLI::IsMember({"assay", "paper"}));
    app.add_option("--off", arguments.off, "switch this rule off, to see what breaks")
        ->check(CLI::IsMember(
            std::vector<std::string>(assay::ledger::kRuleNames.begin(),
                                                        assay::ledger::kRuleNames.end())));
    app.add_option("--threads", arguments.threads, "runs at a time")->check(CLI::Range(1, 64));
    app.add_flag("--stop", arguments.stop, "no further runs after one that failed");
    app.add_flag("--json", arguments.json, "print one JSON object");
    app.add_flag("--trace", arguments.trace, "tell on stderr what happens");
    CLI11_PARSE(app, argc, argv);
    return assay::sim::run(arguments);
}
