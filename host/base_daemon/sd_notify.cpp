#include "host/base_daemon/sd_notify.hpp"

#include <algorithm>
#include <string>

#include <systemd/sd-daemon.h>

namespace assay {

// The results are ignored: whether systemd listens changes nothing for the service.
void notify_ready() { static_cast<void>(::sd_notify(0, "READY=1")); }

void notify_status(std::string_view status) {
    std::string message = "STATUS=" + std::string(status);
    std::replace(message.begin(), message.end(), '\n',
                 ' ');  // a line break starts another variable
    static_cast<void>(::sd_notify(0, message.c_str()));
}

void notify_stopping() { static_cast<void>(::sd_notify(0, "STOPPING=1")); }

}  // namespace assay
