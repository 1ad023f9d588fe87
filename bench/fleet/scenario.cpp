#include "bench/fleet/scenario.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>

#include <unistd.h>

#include "ledger/core/uuid.hpp"

namespace assay::fleet {

Options::Options(int argc, const char* const* argv, int first) {
    for (int i = first; i + 1 < argc; i += 2) {
        std::string_view name = argv[i];
        if (name.starts_with("--")) name.remove_prefix(2);
        values_.emplace(name, argv[i + 1]);
    }
}

std::string Options::text(const std::string& name, const std::string& otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : found->second;
}

std::size_t Options::number(const std::string& name, std::size_t otherwise) const {
    const auto found = values_.find(name);
    return found == values_.end() ? otherwise : std::stoull(found->second);
}

double Latencies::at(double share) {
    if (ms_.empty()) return 0;
    const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(ms_.size() - 1));
    std::nth_element(ms_.begin(), ms_.begin() + rank, ms_.end());
    return ms_[static_cast<std::size_t>(rank)];
}

protocol::PollRequest poll_of(const Options& options, std::uint64_t sequence) {
    protocol::PollRequest poll;
    poll.vendor = ledger::vendor_id_of(options.text("vendor", "acme.example"));
    poll.device_class = ledger::class_id_of(poll.vendor, options.text("class", "edge-x64"));
    poll.component = options.text("component", "firmware");
    poll.sequence = sequence;
    poll.version = sequence == 0 ? "" : "1." + std::to_string(sequence);
    poll.state = "idle";
    return poll;
}

Bytes poll_request(const Options& options, std::uint64_t sequence, std::string_view query) {
    const std::string target = std::string(protocol::kPollPath) + std::string(query);
    return make_request("POST", target, as_bytes(protocol::to_json(poll_of(options, sequence))));
}

double cpu_seconds(std::size_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 2)));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;  // up to utime
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double resident_kib(std::size_t pid) {
    std::ifstream statm("/proc/" + std::to_string(pid) + "/statm");
    double total = 0;
    double resident = 0;
    statm >> total >> resident;
    return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

}  // namespace assay::fleet
