// The bytes of blocks in append-only files, one after the other as they came: what a ledger can be
// rebuilt from when its database is damaged, and what keeps the database small. Files are called
// blk00000.dat, blk00001.dat...; a frame (docs/formats.md, section 16) is
//
//     "ABLK"  length u32  first 8 bytes of SHA-256(length ‖ bytes)  bytes
//
// Which frames count is for the database to say: it holds their places, and how far the files were
// written. What lies beyond was under way when the power went, and is cut off at the next start.
// One owner at a time.

#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>

#include "host/base/bytes.hpp"
#include "host/base/file.hpp"
#include "host/base/result.hpp"

namespace assay::ledger {

inline constexpr std::uint64_t kBlockFileBytes = std::uint64_t{64} << 20;  // then a new one begins

struct FilePosition {
    std::uint32_t file = 0;
    std::uint64_t offset = 0;
    friend auto operator<=>(const FilePosition&, const FilePosition&) = default;
};

struct BlockPlace {
    FilePosition at;
    std::uint32_t bytes = 0;  // of the block; the frame's head comes before
};
[[nodiscard]] Bytes encode_place(const BlockPlace& place);
[[nodiscard]] std::optional<BlockPlace> decode_block_place(ByteView bytes);

class BlockFiles {
  public:
    // `end`: as far as the files were written for certain. Fails with Refusal::kMalformed if they are
    // shorter.
    [[nodiscard]] static Result<BlockFiles> open(const std::filesystem::path& dir,
                                                 FilePosition end,
                                                 std::uint64_t file_bytes = kBlockFileBytes);

    // On disk after sync(). After an error the files take nothing more.
    [[nodiscard]] Result<BlockPlace> append(ByteView block);
    [[nodiscard]] Result<void> sync();
    [[nodiscard]] FilePosition end() const noexcept { return end_; }

    // Fails with Refusal::kMalformed if the frame is not what was written.
    [[nodiscard]] Result<Bytes> read(const BlockPlace& place) const;
    // Some bytes of the block as they are: whoever knows what they must hash to need not read it all.
    // Fails with Refusal::kMalformed if the block is not that long.
    [[nodiscard]] Result<Bytes> read_part(const BlockPlace& place,
                                          std::size_t offset,
                                          std::size_t size) const;
    // Deletes the files before `first`.
    [[nodiscard]] Result<void> remove_before(std::uint32_t first);

    // For rebuilding: every sound frame below `dir`, in the order of writing, until `visit` returns
    // false. Damage is skipped.
    static void for_each(const std::filesystem::path& dir,
                         const std::function<bool(ByteView block)>& visit);

  private:
    BlockFiles(std::filesystem::path dir, FilePosition end, std::uint64_t file_bytes)
        : dir_{std::move(dir)}, end_{end}, file_bytes_{file_bytes} {}
    [[nodiscard]] Result<void> cut_off_the_rest();
    [[nodiscard]] Result<void> begin_file(std::uint32_t number);
    [[nodiscard]] Result<const FileHandle*> file(std::uint32_t number) const;

    std::filesystem::path dir_;
    FilePosition end_;
    std::uint64_t file_bytes_;
    FileHandle newest_;  // of end_.file
    bool is_dirty_ = false;
    bool has_failed_ = false;
    mutable std::map<std::uint32_t, FileHandle> open_;  // for reading
};

}  // namespace assay::ledger
