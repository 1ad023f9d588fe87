#include "device/boot_script.hpp"

#include <iterator>

#include "host/base/parse_number.hpp"

namespace assay::device {
namespace {

// Takes "name=value\n" from the front. Nothing if the text does not start like this.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
    if (!text.starts_with(name) || text.size() <= name.size() || text[name.size()] != '=') {
        return std::nullopt;
    }
    const std::size_t start = name.size() + 1;
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view value = text.substr(start, end - start);
    text.remove_prefix(std::min(end + 1, text.size()));
    return value;
}

tl::unexpected<Error> not_understood(std::string_view output) {
    return fail(Refusal::kMalformed, "the boot script printed \"" +
                                         std::string(output.substr(0, 80)) + "\"");
}

}  // namespace

Result<BootState> parse_boot_script_state(std::string_view output) {
    std::string_view rest = output;
    BootState state;
    const auto active = slot_from_name(take_line(rest, "active").value_or(""));
    if (!active) return not_understood(output);
    state.active = *active;
    if (rest.empty()) return state;
    state.trial = slot_from_name(take_line(rest, "trial").value_or(""));
    const std::string_view tries = take_line(rest, "tries").value_or("");
    const auto left = parse_number(tries);
    if (!state.trial || !left || *left > kBootTriesMax || !rest.empty()) return not_understood(output);
    state.tries_left = *left;
    return state;
}

Result<std::string> ScriptBootStore::run(std::vector<std::string> arguments) const {
    Command command;
    command.arguments = script_;
    command.arguments.insert(command.arguments.end(), std::make_move_iterator(arguments.begin()),
                             std::make_move_iterator(arguments.end()));
    command.deadline = deadline_;
    auto output = run_command(command);
    if (!output) return fail(std::move(output).error().within("boot script"));
    return output;
}

Result<BootState> ScriptBootStore::read() {
    const auto output = run({"get"});
    if (!output) return fail(output.error());
    return parse_boot_script_state(*output);
}

Result<void> ScriptBootStore::write(const BootState& state) {
    std::vector<std::string> arguments = {"set", "active=" + std::string(slot_name(state.active))};
    if (state.trial) {
        arguments.push_back("trial=" + std::string(slot_name(*state.trial)));
        arguments.push_back("tries=" + std::to_string(state.tries_left));
    }
    const auto output = run(std::move(arguments));
    if (!output) return fail(output.error());
    return {};
}

Result<SlotIndex> ScriptBootStore::running() const {
    const auto output = run({"running"});
    if (!output) return fail(output.error());
    std::string_view name = *output;
    if (name.ends_with('\n')) name.remove_suffix(1);
    const auto slot = slot_from_name(name);
    if (!slot) return not_understood(*output);
    return *slot;
}

}  // namespace assay::device
