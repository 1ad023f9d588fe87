#include "device/installer.hpp"

namespace assay::device {
namespace {

void replace_all(std::string& text, std::string_view mark, const std::string& value) {
    for (std::size_t at = 0; (at = text.find(mark, at)) != std::string::npos; at += value.size()) {
        text.replace(at, mark.size(), value);
    }
}

}  // namespace

Result<void> CommandInstaller::install(const PendingRelease& release, const InstallTarget& target) {
    const std::string slot(slot_name(target.slot));
    Command command;
    command.deadline = deadline_;
    command.success_text = success_text_;
    for (std::string argument : command_) {
        replace_all(argument, "{payload}", target.payload.string());
        replace_all(argument, "{slot_path}", target.slot_path.string());
        replace_all(argument, "{slot}", slot);
        command.arguments.push_back(std::move(argument));
    }
    command.environment = {"ASSAY_PAYLOAD=" + target.payload.string(),
                           "ASSAY_SLOT=" + target.slot_path.string(), "ASSAY_SLOT_NAME=" + slot,
                           "ASSAY_VERSION=" + release.version,
                           "ASSAY_SEQUENCE=" + std::to_string(release.sequence)};
    const auto ran = run_command(command);
    if (!ran) return fail(Refusal::kInstallerFailed, ran.error().context());
    return {};
}

std::vector<std::string> default_command(protocol::InstallKind kind) {
    switch (kind) {
        case protocol::InstallKind::kSwupdate:
            // sw-description has one selection for each slot.
            return {"swupdate", "-i", "{payload}", "-e", "stable,{slot}"};
        case protocol::InstallKind::kRauc:
            // RAUC chooses the slot that does not run; activate-installed=false in its system.conf
            // leaves the boot loader to the agent.
            return {"rauc", "install", "{payload}"};
        case protocol::InstallKind::kRaw:
        case protocol::InstallKind::kScript:
            break;
    }
    return {};
}

std::string success_text(protocol::InstallKind kind) {
    return kind == protocol::InstallKind::kSwupdate ? "SWUPDATE successful !" : "";
}

std::vector<ledger::PayloadType> payload_types(protocol::InstallKind kind) {
    using ledger::PayloadType;
    switch (kind) {
        case protocol::InstallKind::kSwupdate:
            return {PayloadType::kSwu};
        case protocol::InstallKind::kRauc:
            return {PayloadType::kRaucb};
        case protocol::InstallKind::kScript:
            return {PayloadType::kRaw,    PayloadType::kSwu,  PayloadType::kRaucb,
                    PayloadType::kMender, PayloadType::kSuit, PayloadType::kZck};
        case protocol::InstallKind::kRaw:
            break;
    }
    return {PayloadType::kRaw};
}

}  // namespace assay::device
