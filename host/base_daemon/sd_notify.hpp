// Tells systemd how the service is doing (sd_notify(3)). Does nothing outside a unit of
// Type=notify. Thread-safe.

#pragma once

#include <string_view>

namespace assay {

void notify_ready();                          // READY=1: sockets listen, ledgers are open
void notify_status(std::string_view status);  // one line for `systemctl status`
void notify_stopping();                       // STOPPING=1

}  // namespace assay
