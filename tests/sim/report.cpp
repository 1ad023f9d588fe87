#include "tests/sim/report.hpp"

#include <algorithm>
#include <ostream>

#include <fmt/format.h>

namespace assay::sim {
namespace {

double quantile_s(std::vector<Millis> values, double q) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    const auto index = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
    return static_cast<double>(values[index]) / 1e3;
}

std::uint64_t sum_of(const std::map<std::string, std::uint64_t>& counts) {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : counts) sum += count;
    return sum;
}

std::uint64_t partitions_of(const Summary& summary) {
    std::uint64_t sum = 0;
    for (const auto& [name, count] : summary.faults) {
        if (name.starts_with("partition")) sum += count;
    }
    return sum;
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

std::string object(const std::map<std::string, std::uint64_t>& counts) {
    std::string out;
    for (const auto& [name, count] : counts) {
        out += fmt::format("{}{}: {}", out.empty() ? "" : ", ", quoted(name), count);
    }
    return "{" + out + "}";
}

std::string replay_command(const Run& run, std::uint64_t seed) {
    return fmt::format("assay-sim --seed {}{}{} --trace", seed,
                       run.rules == "assay" ? "" : " --rules " + run.rules,
                       run.off.empty() ? "" : " --off " + run.off);
}

}  // namespace

void write_json(std::ostream& out, const Run& run, const Summary& s) {
    std::string failures;
    for (const Failure& failure : s.failures) {
        failures += fmt::format("{}{{\"seed\": {}, \"what\": {}, \"replay\": {}}}",
                                failures.empty() ? "" : ", ", failure.seed, quoted(failure.what),
                                quoted(replay_command(run, failure.seed)));
    }
    const auto finality = [](const std::vector<Millis>& values) {
        return fmt::format("{{\"transactions\": {}, \"p50\": {:.1f}, \"p99\": {:.1f}}}",
                           values.size(), quantile_s(values, 0.5), quantile_s(values, 0.99));
    };
    out << fmt::format("{{\"rules\": {}, \"first_seed\": {}, \"seeds\": {}, \"failures\": {},\n",
                       quoted(run.rules), run.first_seed, s.runs, s.failures.size());
    out << fmt::format(" \"real_s\": {:.1f}, \"virtual_s\": {}, \"events\": {},\n", run.seconds,
                       s.virtual_time / kSecond, s.events);
    out << fmt::format(" \"members\": {}, \"on_gateway_ledger\": {}, \"receipts\": {},\n",
                       object(s.members), s.gateway_runs, s.receipts);
    out << fmt::format(" \"partitions\": {}, \"faults\": {},\n", partitions_of(s),
                       object(s.faults));
    out << fmt::format(" \"byzantine_acts\": {}, \"acts\": {},\n", sum_of(s.lies), object(s.lies));
    out << fmt::format(" \"contradicting_votes\": {}, \"liars_cut_off\": {},\n", s.contradictions,
                       s.discouraged);
    out << fmt::format(" \"slow_writes\": {}, \"votes_after_lost_records\": {}, \"recalls\": {},\n",
                       s.slow_writes, s.forgetful_votes,
                       s.records.contains("recall") ? s.records.at("recall") : 0);
    out << fmt::format(
        " \"blocks\": {}, \"transactions\": {}, \"final_blocks\": {}, "
        "\"final_transactions\": {},\n",
        s.blocks, s.transactions, s.final_blocks, s.final_transactions);
    out << fmt::format(" \"epochs\": {}, \"nodes_joined\": {}, \"nodes_left\": {}, \"records\": {},\n",
                       s.epochs, s.joined, s.left, object(s.records));
    out << fmt::format(
        " \"reorgs\": {}, \"deepest_reorg\": {}, \"confirmed_reverted\": {}, "
        "\"seeds_with_confirmed_reverted\": {},\n",
        s.reorganisations, s.deepest_reorganisation, s.confirmed_reverted, s.runs_with_reverted);
    out << fmt::format(" \"time_to_finality_s\": {{\"calm\": {}, \"amid_faults\": {}}},\n",
                       finality(s.calm_finality), finality(s.faulty_finality));
    out << fmt::format(" \"failed\": [{}]}}\n", failures);
}

void write_text(std::ostream& out, const Run& run, const Summary& s) {
    out << fmt::format("{} runs ({} rules), {:.0f} h of virtual time in {:.0f} s\n", s.runs,
                       run.rules, static_cast<double>(s.virtual_time) / 3.6e6, run.seconds);
    out << fmt::format("  {} partitions and {} other faults, {} byzantine acts\n", partitions_of(s),
                       sum_of(s.faults) - partitions_of(s), sum_of(s.lies));
    out << fmt::format("  {} blocks mined, {} final; {} of {} transactions final\n", s.blocks,
                       s.final_blocks, s.final_transactions, s.transactions);
    out << fmt::format("  {} epochs begun, {} nodes joined, {} left\n", s.epochs, s.joined, s.left);
    out << fmt::format(
        "  {} reorganisations, the deepest of {} blocks; {} blocks reverted that were "
        "6 deep, in {} runs\n",
        s.reorganisations, s.deepest_reorganisation, s.confirmed_reverted, s.runs_with_reverted);
    if (!s.calm_finality.empty()) {
        out << fmt::format(
            "  final everywhere after {:.0f} s (p50), {:.0f} s (p99) once healed; "
            "{:.0f} s, {:.0f} s amid faults\n",
            quantile_s(s.calm_finality, 0.5), quantile_s(s.calm_finality, 0.99),
            quantile_s(s.faulty_finality, 0.5), quantile_s(s.faulty_finality, 0.99));
    }
    for (const Failure& failure : s.failures) {
        out << fmt::format("FAILED seed {}: {}\n  replay: {}\n", failure.seed, failure.what,
                           replay_command(run, failure.seed));
    }
    out << fmt::format("{} failures\n", s.failures.size());
}

}  // namespace assay::sim
