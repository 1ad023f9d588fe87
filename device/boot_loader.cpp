#include "device/boot_loader.hpp"

namespace assay::device {

Result<SlotIndex> slot_of_command_line(std::string_view command_line) {
    while (!command_line.empty()) {
        const std::size_t end = std::min(command_line.find_first_of(" \n"), command_line.size());
        const std::string_view word = command_line.substr(0, end);
        command_line.remove_prefix(std::min(end + 1, command_line.size()));
        for (const std::string_view name : {"assay.slot=", "rauc.slot="}) {
            if (!word.starts_with(name)) continue;
            if (const auto slot = slot_from_name(word.substr(name.size()))) return *slot;
        }
    }
    return fail(std::errc::invalid_argument,
                "the kernel's command line names no slot: the boot loader must add assay.slot=a "
                "or assay.slot=b");
}

Result<SlotIndex> BootLoader::boot() const {
    if (running_) return running_();
    auto state = store_->read();
    if (!state) return fail(std::move(state).error());
    if (!state->trial) return state->active;
    if (state->tries_left == 0) {
        if (auto ended = abandon(); !ended) return fail(std::move(ended).error());
        return state->active;
    }
    --state->tries_left;
    if (auto written = store_->write(*state); !written) return fail(std::move(written).error());
    return *state->trial;
}

Result<void> BootLoader::try_slot(SlotIndex slot, std::uint64_t tries) const {
    auto state = store_->read();
    if (!state) return fail(std::move(state).error());
    state->trial = slot;
    state->tries_left = tries;
    return store_->write(*state);
}

Result<void> BootLoader::commit(SlotIndex slot) const {
    BootState state;
    state.active = slot;
    return store_->write(state);
}

Result<void> BootLoader::abandon() const {
    auto state = store_->read();
    if (!state) return fail(std::move(state).error());
    state->trial.reset();
    state->tries_left = 0;
    return store_->write(*state);
}

}  // namespace assay::device
