#include "gateway/receipt/blob_files.hpp"

#include <charconv>

#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/base_daemon/log.hpp"
#include "host/crypto/sha256.hpp"
#include "ledger/core/receipt_batch.hpp"

namespace assay::gateway {
namespace {

std::filesystem::path progress_path(const std::filesystem::path& dir) { return dir / "complete-to"; }

}  // namespace

Result<BlobFiles> BlobFiles::open(const std::filesystem::path& dir) {
    if (auto made = create_directories_durable(dir, 0700); !made) return fail(std::move(made).error());
    BlobFiles files(dir);
    // Without it all are looked at again: those that are here are not fetched.
    if (const auto text = read_file(progress_path(dir), 16)) {
        const std::string_view digits = as_text(*text);
        std::from_chars(digits.data(), digits.data() + digits.size(), files.complete_to_);
    }
    return files;
}

std::filesystem::path BlobFiles::path_of(const Sha256Digest& hash) const {
    const std::string name = to_hex(hash.view());
    return dir_ / name.substr(0, 2) / name;
}

bool BlobFiles::has(const Sha256Digest& hash) const {
    std::error_code ignored;
    return std::filesystem::exists(path_of(hash), ignored);
}

std::optional<Bytes> BlobFiles::read(const Sha256Digest& hash) const {
    auto bytes = read_file(path_of(hash), ledger::kReceiptBlobBytesMax);
    if (!bytes) return std::nullopt;
    if (crypto::sha256(*bytes) == hash) return std::move(*bytes);
    log::warning("receipt-blob-damaged", {{"file", path_of(hash).string()}});
    std::error_code ignored;
    std::filesystem::remove(path_of(hash), ignored);
    return std::nullopt;
}

Result<void> BlobFiles::write(const Sha256Digest& hash, ByteView blob) const {
    const std::filesystem::path path = path_of(hash);
    if (auto made = create_directories_durable(path.parent_path(), 0700); !made) {
        return fail(std::move(made).error());
    }
    return write_file_durable(path, blob, 0600);
}

Result<void> BlobFiles::set_complete_to(ledger::BlockHeight height) {
    const std::string text = std::to_string(height);
    if (auto written = write_file_durable(progress_path(dir_), as_bytes(text), 0600); !written) {
        return written;
    }
    complete_to_ = height;
    return {};
}

}  // namespace assay::gateway
