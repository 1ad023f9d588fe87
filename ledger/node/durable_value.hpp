// One small value that survives power cuts and is replaced as a whole: what a member must remember
// of its own signatures. A file in production; the simulator has its own.

#pragma once

#include <filesystem>
#include <memory>
#include <optional>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ledger {

class DurableValue {
  public:
    DurableValue() = default;
    DurableValue(const DurableValue&) = delete;
    DurableValue& operator=(const DurableValue&) = delete;
    virtual ~DurableValue() = default;

    // Nothing if it was never written.
    [[nodiscard]] virtual Result<std::optional<Bytes>> read() const = 0;
    // On disk (fsync) when it returns; after a crash it is the old value or the new one.
    [[nodiscard]] virtual Result<void> replace(ByteView value) = 0;
    // For messages: the path.
    [[nodiscard]] virtual std::string name() const = 0;
};

[[nodiscard]] std::unique_ptr<DurableValue> durable_file(std::filesystem::path path);

}  // namespace assay::ledger
