// How many files and connections this process may have open at once. Used by the daemon.

#pragma once

#include <cstddef>

namespace assay::gateway {

// Raises the limit as far as the system lets this process (RLIMIT_NOFILE, soft to hard) and returns
// it. A daemon that runs out of files loses its databases until it is started again.
std::size_t raise_open_files_limit();

}  // namespace assay::gateway
