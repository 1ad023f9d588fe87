#include "gateway/cli/output.hpp"

#include <chrono>
#include <iostream>

#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "host/base/escape_text.hpp"

namespace assay::gateway::cli {
namespace {

ExitCode exit_code_of(const Error& error) {
    if (error.is(std::errc::permission_denied)) return ExitCode::kDenied;
    if (error.is(std::errc::resource_unavailable_try_again)) return ExitCode::kLocked;
    for (const std::errc unreachable :
         {std::errc::connection_refused, std::errc::timed_out, std::errc::host_unreachable,
          std::errc::network_unreachable, std::errc::connection_reset}) {
        if (error.is(unreachable)) return ExitCode::kUnreachable;
    }
    return ExitCode::kFailure;
}

// Names and errors from outside must not move the cursor.
std::string escape_lines(std::string_view text) {
    std::string out;
    for (;;) {
        const std::size_t end = text.find('\n');
        out += escape_controls(text.substr(0, end));
        if (end == std::string_view::npos) return out;
        out += '\n';
        text.remove_prefix(end + 1);
    }
}

std::int64_t now_ms() {
    const auto since = std::chrono::steady_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

void print_failure(const Failure& failure, bool as_json) {
    if (!as_json) {
        std::cerr << "assay: " << escape_controls(failure.message) << '\n';
        if (!failure.advice.empty()) {
            std::cerr << "       " << escape_lines(failure.advice) << '\n';
        }
        return;
    }
    boost::json::object line;
    line["message_type"] = "exit_error";
    line["code"] = static_cast<int>(failure.code);
    line["message"] = failure.message;
    if (!failure.advice.empty()) line["advice"] = failure.advice;
    if (!failure.word.empty()) line["word"] = failure.word;
    std::cerr << boost::json::serialize(line) << '\n';
}

}  // namespace

void Output::add_line(std::string_view line) {
    text += escape_controls(line);
    text += '\n';
}

Failure::Failure(const Error& error) : code{exit_code_of(error)}, message{error.to_string()} {
    if (const auto refusal = refusal_of(error.code())) word = to_word(*refusal);
}

int print(const Outcome& outcome, bool as_json) {
    if (!outcome) {
        print_failure(outcome.error(), as_json);
        return static_cast<int>(outcome.error().code);
    }
    if (as_json) {
        std::cout << boost::json::serialize(outcome->json) << std::endl;
    } else {
        std::cout << escape_lines(outcome->text) << std::flush;
    }
    return static_cast<int>(ExitCode::kOk);
}

std::uint64_t number_at(const boost::json::object& in, std::string_view key) {
    const auto* const value = in.if_contains(key);
    boost::json::error_code ignored;
    return value == nullptr ? 0 : value->to_number<std::uint64_t>(ignored);
}

std::string text_at(const boost::json::object& in, std::string_view key) {
    const boost::json::value* const value = in.if_contains(key);
    if (value == nullptr) return "-";
    if (value->is_string()) return std::string(value->get_string());
    if (value->is_array()) return std::to_string(value->get_array().size());
    return boost::json::serialize(*value);
}

Progress::Progress(std::string label)
    : label_{std::move(label)}, terminal_{::isatty(STDERR_FILENO) == 1} {}

Progress::~Progress() {
    if (drawn_) std::cerr << '\n';
}

void Progress::show(std::uint64_t done, std::uint64_t total) {
    const std::int64_t now = now_ms();
    if (!terminal_ || (drawn_ && done < total && now - last_ms_ < 100)) return;
    last_ms_ = now;
    drawn_ = true;
    constexpr std::uint64_t kMebibyte = 1U << 20U;
    const std::uint64_t percent = total == 0 ? 100 : done * 100 / total;
    std::cerr << '\r' << label_ << "  " << percent << " %  " << done / kMebibyte << " of "
              << total / kMebibyte << " MiB" << std::flush;
}

}  // namespace assay::gateway::cli
