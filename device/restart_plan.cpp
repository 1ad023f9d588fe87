#include "device/restart_plan.hpp"

#include <algorithm>
#include <charconv>

namespace assay::device {
namespace {

constexpr std::size_t kPostponedBytesMax = 64;
constexpr std::uint64_t kDaySeconds = 24 * 3600;

// Takes a number and the character behind it from the front.
std::optional<std::uint64_t> take_number(std::string_view& text, char end_mark) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const auto used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || used >= text.size() || *end != end_mark) return std::nullopt;
    text.remove_prefix(used + 1);
    return value;
}

}  // namespace

std::optional<Postponement> read_postponement(const std::filesystem::path& folder,
                                              Storage& storage) {
    const auto bytes = storage.read(folder / kPostponedFile, kPostponedBytesMax);
    if (!bytes) return std::nullopt;
    std::string_view text = as_text(*bytes);
    const auto until = take_number(text, ' ');
    const auto since = until ? take_number(text, '\n') : std::nullopt;
    if (!since || !text.empty()) return std::nullopt;
    return Postponement{*until, *since};
}

Result<Postponement> postpone(const std::filesystem::path& folder,
                              Storage& storage,
                              const RestartPlan& plan,
                              std::uint64_t now,
                              std::uint64_t seconds) {
    Postponement next;
    const auto known = read_postponement(folder, storage);
    next.since = known ? std::min(known->since, now) : now;
    const std::uint64_t latest = next.since + plan.postpone_max_s;
    next.until = std::min(now + std::min(seconds, plan.postpone_max_s), latest);
    const std::string text = std::to_string(next.until) + " " + std::to_string(next.since) + "\n";
    if (auto saved = storage.replace(folder / kPostponedFile, as_bytes(text)); !saved) {
        return fail(std::move(saved).error());
    }
    return next;
}

std::optional<std::string> why_to_wait(const RestartPlan& plan,
                                       const std::optional<Postponement>& postponed,
                                       std::uint64_t now) {
    if (postponed && now < postponed->until) {
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
