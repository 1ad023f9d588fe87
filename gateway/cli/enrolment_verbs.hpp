// The command line of enrolment on the production line: tokens, accept, refuse, block, and the report. Each needs
// the running daemon of a gateway.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "gateway/cli/output.hpp"

namespace CLI {
class App;
}

namespace assay::gateway::cli {

struct TokenOptions {
    std::filesystem::path dir = ".";
    std::uint64_t count = 1;
    std::string vendor, device_class;
    std::string expires = "7d";
    std::filesystem::path out;  // a file for them, one a line; empty: the terminal
};
struct StandingOptions {
    std::filesystem::path dir = ".";
    std::string id;
};
struct ReportOptions {
    std::filesystem::path dir = ".";
    bool csv = false;
};

// cli_enrolment.cpp
[[nodiscard]] Outcome make_tokens(const TokenOptions& options);
[[nodiscard]] Outcome accept_device(const StandingOptions& options);
[[nodiscard]] Outcome refuse_device(const StandingOptions& options);
[[nodiscard]] Outcome block_device(const StandingOptions& options);
[[nodiscard]] Outcome report_devices(const ReportOptions& options);

// Filled while parsing; outlives the parser.
struct EnrolmentRequest {
    TokenOptions token;
    StandingOptions standing;
    ReportOptions report;
};
// Describes them to the command line; the one that is chosen goes to `verb`.
void add_enrolment_verbs(CLI::App& device, EnrolmentRequest& request, std::function<Outcome()>& verb);

}  // namespace assay::gateway::cli
