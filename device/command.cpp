#include "device/command.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgets that C++ may include it
}

#include <spawn.h>

#include "host/base/errno_error.hpp"
#include "host/base/file.hpp"

namespace assay::device {
namespace {

// As much as a pipe holds: after the child has ended, all that it wrote.
constexpr int kReadsAtOnce = 16;

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (std::string& text : texts) out.push_back(text.data());
    return out;
}

// The child leads a process group of its own, so that all of it can be ended.
Result<pid_t> spawn(const Command& command, const FileHandle& output) {
    std::vector<std::string> texts = command.arguments;
    std::vector<char*> arguments = pointers(texts);
    arguments.push_back(nullptr);
    std::vector<std::string> own = command.environment;
    std::vector<char*> environment = pointers(own);
    for (char** entry = environ; *entry != nullptr; ++entry) environment.push_back(*entry);
    environment.push_back(nullptr);

    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output.fd(), STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output.fd(), STDERR_FILENO);
    // The agent waits for signals with them blocked; the command must not inherit that.
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
    pid_t child = -1;
    const int failed = ::posix_spawnp(&child, arguments[0], &files, &attributes, arguments.data(),
                                      environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    if (failed != 0) {
        return fail(std::error_code(failed, std::generic_category()),
                    command.arguments.front() + " did not start");
    }
    return child;
}

// Takes what is there to be read, without waiting; not all if it never ends. False at the end.
bool drain(const FileHandle& pipe, std::string& output) {
    char buffer[4096];
    for (int reads = 0; reads < kReadsAtOnce; ++reads) {
        const ssize_t have = ::read(pipe.fd(), buffer, sizeof buffer);
        if (have < 0 && errno == EINTR) continue;
        if (have <= 0) return have < 0;
        output.append(buffer, static_cast<std::size_t>(have));
        if (output.size() > kCommandOutputMax) {
            output.erase(0, output.size() - kCommandOutputMax);
        }
    }
    return true;
}

// Whether the child has ended before the deadline. What it leaves running in the background may
// keep the pipe open, but not us.
bool ends_in_time(pid_t child, const FileHandle& pipe, std::chrono::seconds deadline,
                  std::string& output) {
    const FileHandle handle(::pidfd_open(child, 0));
    if (!handle) return false;
    const auto until = std::chrono::steady_clock::now() + deadline;
    bool open = true;
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        if (left.count() <= 0) return false;
        pollfd waits[] = {{handle.fd(), POLLIN, 0}, {open ? pipe.fd() : -1, POLLIN, 0}};
        const int ready = ::poll(waits, 2, static_cast<int>(left.count()));
        if (ready < 0 && errno != EINTR) return false;
        if (ready <= 0) continue;
        if (waits[1].revents != 0) open = drain(pipe, output);
        if (waits[0].revents == 0) continue;
        drain(pipe, output);
        return true;
    }
}

Result<void> judge(const Command& command, bool in_time, int status) {
    const std::string& name = command.arguments.front();
    if (!in_time) {
        return fail(std::errc::timed_out, name + " did not end within " +
                                              std::to_string(command.deadline.count()) + " s");
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return fail(std::errc::operation_canceled,
                name + " ended with " +
                    (WIFEXITED(status) ? "status " + std::to_string(WEXITSTATUS(status))
                                       : "signal " + std::to_string(WTERMSIG(status))));
}

// The last line with something in it, for the message of an error.
std::string last_line(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
    const std::size_t start = text.find_last_of('\n');
    return std::string(start == std::string_view::npos ? text : text.substr(start + 1));
}

}  // namespace

Result<std::string> run_command(const Command& command) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
        return fail_by_errno("pipe");
    }
    const FileHandle reading(ends[0]);
    FileHandle writing(ends[1]);
    ::fcntl(reading.fd(), F_SETFL, O_NONBLOCK);
    const auto child = spawn(command, writing);
    if (!child) return fail(child.error());
    writing = FileHandle();
    std::string output;
    const bool in_time = ends_in_time(*child, reading, command.deadline, output);
    if (!in_time) ::kill(-*child, SIGKILL);
    int status = 0;
    while (::waitpid(*child, &status, 0) < 0 && errno == EINTR) {
    }
    const bool says_success = in_time && !command.success_text.empty() &&
                              output.find(command.success_text) != std::string::npos;
    if (auto judged = judge(command, in_time, status); !judged && !says_success) {
        const std::string why = last_line(output);
        return fail(judged.error().code(),
                    judged.error().context() + (why.empty() ? "" : ": " + why));
    }
    return output;
}

}  // namespace assay::device
