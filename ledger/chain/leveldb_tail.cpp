#include "ledger/chain/leveldb_tail.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include <boost/crc.hpp>

#include "host/base/codec.hpp"
#include "host/base/errno_error.hpp"
#include "host/base/file.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kLogBlock = 32'768;
constexpr std::size_t kRecordHead = 7;  // masked crc32c u32, length u16, type u8
constexpr std::size_t kFileBytesMax = std::size_t{256} << 20;

std::uint32_t crc32c(ByteView bytes) {
    boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
    crc.process_bytes(bytes.data(), bytes.size());
    return crc.checksum();
}

std::uint32_t masked(std::uint32_t crc) { return (crc >> 15 | crc << 17) + 0xa282ead8U; }

// Where the record at `at` ends, if it is a sound one.
std::optional<std::size_t> end_of_record(ByteView file, std::size_t at) {
    const std::size_t block_end = std::min(file.size(), (at / kLogBlock + 1) * kLogBlock);
    if (at + kRecordHead > block_end) return std::nullopt;
    Reader head(file.subspan(at, kRecordHead));
    const std::uint32_t crc = head.u32();
    const std::size_t length = head.u16();
    const std::uint8_t type = head.u8();
    const std::size_t end = at + kRecordHead + length;
    if (type < 1 || type > 4 || end > block_end) return std::nullopt;
    const ByteView covered = file.subspan(at + kRecordHead - 1, 1 + length);
    return masked(crc32c(covered)) == crc ? std::optional(end) : std::nullopt;
}

}  // namespace

Result<bool> cut_torn_tail(const std::filesystem::path& path) {
    const auto bytes = read_file(path, kFileBytesMax);
    if (!bytes) return fail(Error(bytes.error()));
    std::size_t good = 0;
    for (std::size_t at = 0; at < bytes->size();) {
        if (kLogBlock - at % kLogBlock < kRecordHead) at = (at / kLogBlock + 1) * kLogBlock;
        const auto end = end_of_record(*bytes, at);
        if (!end) break;
        good = at = *end;
    }
    if (good == bytes->size()) return false;
    for (std::size_t at = good + 1; at + kRecordHead <= bytes->size(); ++at) {
        if (end_of_record(*bytes, at)) return false;  // damage in the midst
    }
    const auto file = FileHandle::open(path, O_RDWR);
    if (!file) return fail(Error(file.error()));
    if (::ftruncate(file->fd(), static_cast<off_t>(good)) != 0) {
        return fail_by_errno("cut " + path.string());
    }
    if (auto synced = file->sync(); !synced) return fail(std::move(synced).error());
    return true;
}

}  // namespace assay::ledger
