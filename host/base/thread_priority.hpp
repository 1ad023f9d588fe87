// Which threads of this process wait for which, where there are not processors enough: mining and
// handshakes step back behind the thread that answers devices which are connected already.

#pragma once

#include <sys/resource.h>

namespace assay {

// Of the calling thread alone, and of threads that it starts from then on (Linux). `steps` as of
// nice(1): each takes about a tenth off its share beside a busy thread of the former priority. Fails
// in silence: work is only done in another order.
inline void lower_thread_priority(int steps) {
    ::setpriority(PRIO_PROCESS, 0, ::getpriority(PRIO_PROCESS, 0) + steps);
}

}  // namespace assay
