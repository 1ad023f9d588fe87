#include "device/health.hpp"

#include <csignal>
#include <cstdlib>

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets that C++ may include it
}

#include <spawn.h>

namespace assay::device {
namespace {

tl::unexpected<Error> unhealthy(std::string why) {
    return fail(Refusal::kHealthCheckFailed, std::move(why));
}

Result<pid_t> spawn(const std::vector<std::string>& command, const std::string& slot_path) {
    std::vector<std::string> texts = command;
    std::vector<char*> arguments;
    for (std::string& text : texts) arguments.push_back(text.data());
    arguments.push_back(nullptr);

    std::string slot_variable = "ASSAY_SLOT=" + slot_path;
    std::vector<char*> environment = {slot_variable.data()};
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    environment.push_back(nullptr);

    // The agent waits for signals with them blocked; the command must not inherit that.
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    pid_t child = -1;
    const int failed = ::posix_spawnp(&child, arguments[0], nullptr, &attributes, arguments.data(),
                                      environment.data());
    posix_spawnattr_destroy(&attributes);
    if (failed != 0) {
        return unhealthy(command.front() +
                         " did not start: " + std::generic_category().message(failed));
    }
    return child;
}

// Whether the child has ended before the deadline.
bool ends_in_time(pid_t child, std::chrono::seconds deadline) {
    const FileHandle handle(::pidfd_open(child, 0));
    if (!handle) return false;
    const auto until = std::chrono::steady_clock::now() + deadline;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd wait = {handle.fd(), POLLIN, 0};
        const int ready = ::poll(&wait, 1, static_cast<int>(left.count()));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

Result<void> run_command(const HealthCheck& check, const std::string& slot_path) {
    const auto child = spawn(check.command, slot_path);
    if (!child) return fail(child.error());
    const bool in_time = ends_in_time(*child, check.deadline);
    if (!in_time) ::kill(*child, SIGKILL);
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!in_time) {
        return unhealthy(check.command.front() + " did not end within " +
                         std::to_string(check.deadline.count()) + " s");
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return unhealthy(check.command.front() + " ended with " +
                         (WIFEXITED(status) ? "status " + std::to_string(WEXITSTATUS(status))
                                            : "signal " + std::to_string(WTERMSIG(status))));
    }
    return {};
}

}  // namespace

Result<void> check_health(const HealthCheck& check,
                          const Slots& slots,
                          const PendingRelease& release) {
    if (!check.command.empty()) return run_command(check, slots.path_of(release.slot).string());
    const auto digest = slots.digest(release.slot);
    if (!digest) return unhealthy(digest.error().to_string());
    if (*digest != release.sha256) return unhealthy("the slot does not hold what was installed");
    return {};
}

}  // namespace assay::device
