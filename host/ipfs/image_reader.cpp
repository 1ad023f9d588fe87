#include "host/ipfs/image_reader.hpp"

#include <algorithm>

#include <fcntl.h>

#include "host/base/file.hpp"

namespace assay::ipfs {

Result<std::vector<FilePiece>> ImageReader::pieces(std::uint64_t offset,
                                                   std::uint64_t length) const {
    if (offset > image_->bytes || length > image_->bytes - offset) {
        return fail(std::errc::invalid_argument, "bytes " + std::to_string(offset) + "+" +
                                                     std::to_string(length) + " of an image of " +
                                                     std::to_string(image_->bytes));
    }
    std::vector<FilePiece> out;
    while (length > 0) {
        const auto leaf = static_cast<std::size_t>(offset / image_->chunk_bytes);
        const std::uint64_t inside = offset % image_->chunk_bytes;
        const std::uint64_t count = std::min(length, image_->chunk_bytes - inside);
        out.push_back(
            {store_->path_of(image_->leaves[leaf]), image_->data_offsets[leaf] + inside, count});
        offset += count;
        length -= count;
    }
    return out;
}

Result<void> ImageReader::read_at(std::uint64_t offset, std::span<std::byte> out) const {
    const auto parts = pieces(offset, out.size());
    if (!parts) return fail(parts.error());
    for (const FilePiece& piece : *parts) {
        auto file = FileHandle::open(piece.path, O_RDONLY);
        if (!file) return fail(std::move(file).error());
        const auto have = file->read_at(piece.offset, out.first(piece.length));
        if (!have) return fail(have.error());
        if (*have != piece.length) {
            return fail(Refusal::kContentIncomplete, piece.path.string() + " is too short");
        }
        out = out.subspan(piece.length);
    }
    return {};
}

}  // namespace assay::ipfs
