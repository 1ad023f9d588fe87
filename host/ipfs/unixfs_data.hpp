// The UnixFS message inside a dag-pb node (specs.ipfs.tech/unixfs, unixfs.proto): what kind of
// thing the node is. unixfs.hpp and unixfs_directory.hpp give it its meaning. Pure, strict: fields
// in ascending order, each at most once (block sizes excepted), nothing unknown.

#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

enum class UnixFsType : std::uint8_t {
    kRaw = 0,  // a leaf as very old importers wrote it
    kDirectory = 1,
    kFile = 2,
    kMetadata = 3,
    kSymlink = 4,
    kShard = 5,  // of a directory too large for one block
};

// "file", "directory"...
[[nodiscard]] std::string_view name_of(UnixFsType type) noexcept;

// Field numbers.
struct UnixFsField {
    static constexpr std::uint64_t kType = 1;
    static constexpr std::uint64_t kData = 2;
    static constexpr std::uint64_t kFileSize = 3;
    static constexpr std::uint64_t kBlockSizes = 4;
    static constexpr std::uint64_t kHashType = 5;
    static constexpr std::uint64_t kFanout = 6;
    static constexpr std::uint64_t kMode = 7;
    static constexpr std::uint64_t kMtime = 8;
};

struct UnixFsData {
    UnixFsType type = UnixFsType::kRaw;
    ByteView data;  // points into what was decoded
    std::optional<std::uint64_t> file_size;
    std::vector<std::uint64_t> block_sizes;
    std::optional<std::uint64_t> hash_type;
    std::optional<std::uint64_t> fanout;
};

// Modes and modification times are checked and forgotten: nothing here is installed with them.
[[nodiscard]] Result<UnixFsData> decode_unixfs_data(ByteView bytes);

}  // namespace assay::ipfs
