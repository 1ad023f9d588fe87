#include "device/health.hpp"

#include "device/command.hpp"

namespace assay::device {
namespace {

tl::unexpected<Error> unhealthy(std::string why) {
    return fail(Refusal::kHealthCheckFailed, std::move(why));
}

}  // namespace

Result<void> check_health(const HealthCheck& check,
                          const Slots& slots,
                          const PendingRelease& release) {
    if (!check.command.empty()) {
        const std::string slot = "ASSAY_SLOT=" + slots.path_of(release.slot).string();
        const Command command{check.command, {slot}, check.deadline, {}};
        const auto ran = run_command(command);
        if (!ran) return unhealthy(ran.error().context());
        return {};
    }
    if (!check.slot_is_image) return {};
    const auto digest = slots.digest(release.slot, release.bytes);
    if (!digest) return unhealthy(digest.error().to_string());
    if (*digest != release.sha256) return unhealthy("the slot does not hold what was installed");
    return {};
}

}  // namespace assay::device
