// Counts what this node refused, by word, with the detail of the last time: shown in /v1/status
// and written to the log as it happens. Counts start at zero with the process. Used by every part
// that judges something from outside; io thread only.

#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "host/base/result.hpp"

namespace assay::gateway {

class RefusalLog {
  public:
    struct Entry {
        std::uint64_t count = 0;
        std::string last;  // what was refused most recently, for people
    };

    void record(Refusal word, std::string detail);
    // Errors that are no refusals (the network, the disk) are not counted.
    void record(const Error& error);

    // In the order of the table of refusals.
    [[nodiscard]] const std::map<Refusal, Entry>& entries() const noexcept { return entries_; }

  private:
    std::map<Refusal, Entry> entries_;
};

}  // namespace assay::gateway
