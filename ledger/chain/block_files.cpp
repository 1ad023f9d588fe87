#include "ledger/chain/block_files.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "host/base/codec.hpp"
#include "host/base/errno_error.hpp"
#include "host/crypto/sha256.hpp"

namespace assay::ledger {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMagic = "ABLK";
constexpr std::size_t kHeadBytes = 16;
constexpr std::uint32_t kFrameBytesMax = std::uint32_t{16} << 20;
constexpr std::size_t kOpenFilesMax = 16;

std::string file_name(std::uint32_t number) {
    char name[32];
    std::snprintf(name, sizeof name, "blk%05u.dat", number);
    return name;
}

std::vector<std::uint32_t> file_numbers(const fs::path& dir) {
    std::vector<std::uint32_t> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(dir, ignored)) {
        unsigned number = 0;
        const std::string name = entry.path().filename().string();
        if (std::sscanf(name.c_str(), "blk%u.dat", &number) == 1 && name == file_name(number)) {
            numbers.push_back(number);
        }
    }
    std::ranges::sort(numbers);
    return numbers;
}

Bytes head_of(ByteView block) {
    Writer length;
    length.u32(static_cast<std::uint32_t>(block.size()));
    const Bytes length_bytes = length.take();
    const auto digest = crypto::sha256({length_bytes, block});
    Writer head;
    head.bytes(as_bytes(kMagic)).bytes(length_bytes).bytes(digest.view().first(8));
    return head.take();
}

bool is_sound(ByteView frame) {
    return std::ranges::equal(frame.first(kHeadBytes), head_of(frame.subspan(kHeadBytes)));
}

// The length that a head claims, if it is a head.
std::optional<std::uint32_t> claimed_length(ByteView head) {
    if (!std::ranges::equal(head.first(kMagic.size()), as_bytes(kMagic))) return std::nullopt;
    Reader reader(head.subspan(kMagic.size()));
    const std::uint32_t length = reader.u32();
    return length <= kFrameBytesMax ? std::optional(length) : std::nullopt;
}

// The next frame at or after `offset`, damage skipped; moves `offset` behind it.
std::optional<Bytes> next_frame(const FileHandle& file, std::uint64_t size, std::uint64_t& offset) {
    Bytes window(std::size_t{64} << 10);
    while (offset + kHeadBytes <= size) {
        const auto have = file.read_at(offset, window);
        if (!have || *have < kHeadBytes) return std::nullopt;
        const ByteView seen = ByteView(window).first(*have);
        const auto magic = std::ranges::search(seen, as_bytes(kMagic));
        const auto skipped = static_cast<std::size_t>(magic.begin() - seen.begin());
        if (skipped + kHeadBytes > seen.size()) {
            offset += std::max<std::size_t>(1, seen.size() - (kHeadBytes - 1));
            continue;
        }
        offset += skipped;
        const auto length = claimed_length(seen.subspan(skipped));
        if (length && offset + kHeadBytes + *length <= size) {
            Bytes frame(kHeadBytes + *length);
            const auto got = file.read_at(offset, frame);
            if (got && *got == frame.size() && is_sound(frame)) {
                offset += frame.size();
                return Bytes(frame.begin() + kHeadBytes, frame.end());
            }
        }
        ++offset;
    }
    return std::nullopt;
}

}  // namespace

Bytes encode_place(const BlockPlace& place) {
    Writer writer;
    writer.u32(place.at.file).u64(place.at.offset).u32(place.bytes);
    return writer.take();
}

std::optional<BlockPlace> decode_block_place(ByteView bytes) {
    Reader reader(bytes);
    BlockPlace place;
    place.at.file = reader.u32();
    place.at.offset = reader.u64();
    place.bytes = reader.u32();
    if (!reader.done() || place.bytes > kFrameBytesMax) return std::nullopt;
    return place;
}

Result<BlockFiles> BlockFiles::open(const fs::path& dir, FilePosition end, std::uint64_t file_bytes) {
    if (auto made = create_directories_durable(dir); !made) return fail(std::move(made).error());
    BlockFiles files(dir, end, file_bytes);
    if (auto cut = files.cut_off_the_rest(); !cut) return fail(std::move(cut).error());
    return files;
}

Result<void> BlockFiles::cut_off_the_rest() {
    bool has_end = false;
    for (const std::uint32_t number : file_numbers(dir_)) {
        const fs::path path = dir_ / file_name(number);
        if (number > end_.file) {
            std::error_code code;
            if (!fs::remove(path, code) && code) return fail(code, "remove " + path.string());
        }
        if (number != end_.file) continue;
        has_end = true;
        auto opened = FileHandle::open(path, O_RDWR);
        if (!opened) return fail(std::move(opened).error());
        const auto size = assay::file_size(path);
        if (!size) return fail(Error(size.error()));
        if (*size < end_.offset) {
            return fail(Refusal::kMalformed, path.string() + " is shorter than it was written");
        }
        if (*size > end_.offset &&
            ::ftruncate(opened->fd(), static_cast<off_t>(end_.offset)) != 0) {
            return fail_by_errno("cut " + path.string());
        }
        newest_ = *std::move(opened);
    }
    if (has_end) return {};
    if (end_.offset > 0) {
        return fail(Refusal::kMalformed, (dir_ / file_name(end_.file)).string() + " is missing");
    }
    return begin_file(end_.file);
}

Result<void> BlockFiles::begin_file(std::uint32_t number) {
    auto made = FileHandle::open(dir_ / file_name(number), O_RDWR | O_CREAT | O_TRUNC);
    if (!made) return fail(std::move(made).error());
    if (auto synced = sync_directory(dir_); !synced) return synced;
    newest_ = *std::move(made);
    end_ = {number, 0};
    return {};
}

Result<BlockPlace> BlockFiles::append(ByteView block) {
    if (has_failed_) return fail(std::errc::io_error, "the block files failed before");
    if (block.size() > kFrameBytesMax) return fail(Refusal::kLimitExceeded, "block");
    has_failed_ = true;  // unless all goes well: what a failed write leaves behind is unknown
    if (end_.offset > 0 && end_.offset + kHeadBytes + block.size() > file_bytes_) {
        if (auto synced = newest_.sync(); !synced) return fail(std::move(synced).error());
        if (auto begun = begin_file(end_.file + 1); !begun) return fail(std::move(begun).error());
    }
    Bytes frame = head_of(block);
    assay::append(frame, block);
    if (auto written = newest_.write_at(end_.offset, frame); !written) {
        return fail(std::move(written).error().within((dir_ / file_name(end_.file)).string()));
    }
    BlockPlace place;
    place.at = end_;
    place.bytes = static_cast<std::uint32_t>(block.size());
    end_.offset += frame.size();
    is_dirty_ = true;
    has_failed_ = false;
    return place;
}

Result<void> BlockFiles::sync() {
    if (has_failed_) return fail(std::errc::io_error, "the block files failed before");
    if (!is_dirty_) return {};
    if (auto synced = newest_.sync(); !synced) {
        has_failed_ = true;
        return fail(std::move(synced).error().within((dir_ / file_name(end_.file)).string()));
    }
    is_dirty_ = false;
    return {};
}

Result<const FileHandle*> BlockFiles::file(std::uint32_t number) const {
    if (!open_.contains(number)) {
        if (open_.size() >= kOpenFilesMax) open_.erase(open_.begin());
        auto opened = FileHandle::open(dir_ / file_name(number), O_RDONLY);
        if (!opened && opened.error().is(std::errc::no_such_file_or_directory)) {
            return fail(Refusal::kMalformed, opened.error().context());
        }
        if (!opened) return fail(std::move(opened).error());
        open_.emplace(number, *std::move(opened));
    }
    return &open_.at(number);
}

Result<Bytes> BlockFiles::read(const BlockPlace& place) const {
    const auto opened = file(place.at.file);
    if (!opened) return fail(Error(opened.error()));
    Bytes frame(kHeadBytes + place.bytes);
    const auto have = (*opened)->read_at(place.at.offset, frame);
    if (!have) return fail(Error(have.error()));
    if (*have != frame.size() || !is_sound(frame)) {
        return fail(Refusal::kMalformed, "block at " + std::to_string(place.at.offset) + " of " +
                                             (dir_ / file_name(place.at.file)).string());
    }
    frame.erase(frame.begin(), frame.begin() + kHeadBytes);
    return frame;
}

Result<Bytes> BlockFiles::read_part(const BlockPlace& place,
                                    std::size_t offset,
                                    std::size_t size) const {
    const auto opened = file(place.at.file);
    if (!opened) return fail(Error(opened.error()));
    const bool fits = offset <= place.bytes && size <= place.bytes - offset;
    Bytes part(fits ? size : 0);
    const auto have = (*opened)->read_at(place.at.offset + kHeadBytes + offset, part);
    if (!have) return fail(Error(have.error()));
    if (!fits || *have != size) {
        return fail(Refusal::kMalformed, "part of the block at " + std::to_string(place.at.offset) +
                                             " of " + (dir_ / file_name(place.at.file)).string());
    }
    return part;
}

Result<void> BlockFiles::remove_before(std::uint32_t first) {
    for (const std::uint32_t number : file_numbers(dir_)) {
        if (number >= first || number >= end_.file) continue;
        open_.erase(number);
        std::error_code code;
        fs::remove(dir_ / file_name(number), code);
        if (code) return fail(code, "remove " + (dir_ / file_name(number)).string());
    }
    return {};
}

void BlockFiles::for_each(const fs::path& dir, const std::function<bool(ByteView)>& visit) {
    for (const std::uint32_t number : file_numbers(dir)) {
        const auto file = FileHandle::open(dir / file_name(number), O_RDONLY);
        const auto size = assay::file_size(dir / file_name(number));
        if (!file || !size) continue;
        std::uint64_t offset = 0;
        while (const auto block = next_frame(*file, *size, offset)) {
            if (!visit(*block)) return;
        }
    }
}

}  // namespace assay::ledger
