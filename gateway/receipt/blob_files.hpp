// The receipts of batches as files (docs/formats.md, section 8): of this gateway's own and of the
// others', each named by the SHA-256 that its batch carries. What is read was hashed again. They never
// leave the gateways: only members of their ledger are given them. Io thread only, but for write() and
// read(), which are any thread's.

#pragma once

#include <filesystem>
#include <optional>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "ledger/core/ids.hpp"

namespace assay::gateway {

class BlobFiles {
  public:
    [[nodiscard]] static Result<BlobFiles> open(const std::filesystem::path& dir);

    [[nodiscard]] bool has(const Sha256Digest& hash) const;
    // Nothing if it is not here. A file that the disk has damaged is removed: others have it.
    [[nodiscard]] std::optional<Bytes> read(const Sha256Digest& hash) const;
    // On disk when it returns.
    [[nodiscard]] Result<void> write(const Sha256Digest& hash, ByteView blob) const;

    // All batches of the ledger up to this block are here.
    [[nodiscard]] ledger::BlockHeight complete_to() const noexcept { return complete_to_; }
    [[nodiscard]] Result<void> set_complete_to(ledger::BlockHeight height);

  private:
    explicit BlobFiles(std::filesystem::path dir) : dir_{std::move(dir)} {}
    [[nodiscard]] std::filesystem::path path_of(const Sha256Digest& hash) const;

    std::filesystem::path dir_;
    ledger::BlockHeight complete_to_ = 0;
};

}  // namespace assay::gateway
