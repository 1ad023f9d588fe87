// What a verb of the command line answers: JSON for machines, text for people, and on failure an
// exit code with advice. Verbs return it; cli.cpp prints it. Nothing else in cli/ writes to stdout.

#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <tl/expected.hpp>

#include "host/base/result.hpp"

namespace assay::gateway::cli {

// docs/operations: scripts may rely on these; an unknown code means failure.
enum class ExitCode : int {
    kOk = 0,
    kFailure = 1,
    kUsage = 2,
    kVerificationFailed = 4,
    kNotReady = 5,
    kNoStore = 10,
    kLocked = 11,
    kDenied = 12,
    kUnreachable = 20,
};

struct Output {
    boost::json::object json;
    std::string text;  // with its newlines

    // Of what holds text from outside: whatever is in it stays on that line.
    void add_line(std::string_view line);
};

struct Failure {
    // The exit code that suits the error's own code.
    explicit Failure(const Error& error);
    Failure(ExitCode exit_code, std::string what_happened, std::string what_to_do = {})
        : code{exit_code}, message{std::move(what_happened)}, advice{std::move(what_to_do)} {}

    ExitCode code;
    std::string message;
    std::string advice;  // what to do next; may be empty
    std::string word;    // refusal word, if it was a refusal
};

using Outcome = tl::expected<Output, Failure>;

[[nodiscard]] inline tl::unexpected<Failure> give_up(const Error& error) {
    return tl::unexpected<Failure>(Failure(error));
}
[[nodiscard]] inline tl::unexpected<Failure> give_up(ExitCode code,
                                                     std::string message,
                                                     std::string advice = {}) {
    return tl::unexpected<Failure>(Failure(code, std::move(message), std::move(advice)));
}

// Prints to stdout (or stderr, for a failure) and returns the exit status.
[[nodiscard]] int print(const Outcome& outcome, bool as_json);

// A member of an answer; 0 if it is missing or not a number.
[[nodiscard]] std::uint64_t number_at(const boost::json::object& in, std::string_view key);
// The same as text for people: strings as they are, arrays as their size, "-" if it is not there.
[[nodiscard]] std::string text_at(const boost::json::object& in, std::string_view key);

// A line that is drawn again as work goes on: on a terminal only, at most ten times a second.
class Progress {
  public:
    explicit Progress(std::string label);
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    ~Progress();

    void show(std::uint64_t done, std::uint64_t total);

  private:
    std::string label_;
    bool terminal_;
    bool drawn_ = false;
    std::int64_t last_ms_ = 0;
};

}  // namespace assay::gateway::cli
