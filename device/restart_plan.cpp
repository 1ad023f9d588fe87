#include "device/restart_plan.hpp"

#include <algorithm>

#include "host/base/parse_number.hpp"
#include "host/base/text_encoding.hpp"

namespace assay::device {
namespace {

constexpr std::size_t kPostponedBytesMax = 128;
constexpr std::uint64_t kDaySeconds = 24 * 3600;
constexpr std::string_view kNext = "next";

// What is before the mark; both are taken from the front.
std::string_view take_until(std::string_view& text, char mark) {
    const std::string_view word = text.substr(0, text.find(mark));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    return word;
}

}  // namespace

std::optional<Postponement> read_postponement(const std::filesystem::path& folder,
                                              Storage& storage) {
    const auto bytes = storage.read(folder / kPostponedFile, kPostponedBytesMax);
    if (!bytes || bytes->empty() || bytes->back() != std::byte{'\n'}) return std::nullopt;
    std::string_view text = as_text(*bytes);
    text.remove_suffix(1);
    const auto until = parse_number(take_until(text, ' '));
    const auto since = parse_number(take_until(text, ' '));
    if (!until || !since) return std::nullopt;
    Postponement out{*until, *since, hash_from_hex<ledger::LeafHash>(text)};
    if (!out.release && text != kNext) return std::nullopt;
    return out;
}

Result<Postponement> postpone(const std::filesystem::path& folder,
                              Storage& storage,
                              const RestartPlan& plan,
                              const std::optional<ledger::LeafHash>& pending,
                              std::uint64_t now,
                              std::uint64_t seconds) {
    Postponement next;
    next.release = pending;
    const auto known = read_postponement(folder, storage);
    // What was for the next release is for the one that is pending by now; while none is, one that has
    // ended has kept nothing waiting.
    const bool is_of_this = known && (known->release ? known->release == pending : true);
    const bool goes_on = is_of_this && (pending || now < known->until);
    next.since = goes_on ? std::min(known->since, now) : now;
    const std::uint64_t latest = next.since + plan.postpone_max_s;
    next.until = std::min(now + std::min(seconds, plan.postpone_max_s), latest);
    const std::string text = std::to_string(next.until) + " " + std::to_string(next.since) + " " +
                             (pending ? to_hex(pending->view()) : std::string(kNext)) + "\n";
    if (auto saved = storage.replace(folder / kPostponedFile, as_bytes(text)); !saved) {
        return fail(std::move(saved).error());
    }
    return next;
}

std::optional<std::string> why_to_wait(const RestartPlan& plan,
                                       const std::optional<Postponement>& postponed,
                                       std::uint64_t now) {
    // One that ends later than any may was made with the clock ahead.
    const bool holds = postponed && now < postponed->until && postponed->until - now <= plan.postpone_max_s;
    if (holds) {
        return "postponed for " + std::to_string(postponed->until - now) + " s more";
    }
    if (!plan.window) return std::nullopt;
    const std::uint64_t minute = now % kDaySeconds / 60;
    const auto [from, to] = *plan.window;
    const bool is_open = from <= to ? from <= minute && minute < to : from <= minute || minute < to;
    if (is_open) return std::nullopt;
    return "outside the maintenance window";
}

}  // namespace assay::device
