// An image that is complete in the block store, and where its bytes lie: for the verifier, which
// reads it in order, and for the server, which sends devices any part of it from the block files.

#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/block_store.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::ipfs {

// Leaf i holds chunk i: `chunk_bytes` bytes, the last leaf what is left.
struct RetrievedImage {
    RetrievedImage() = default;

    std::uint64_t bytes = 0;
    std::uint64_t chunk_bytes = 0;
    std::vector<Cid> leaves;
    std::vector<std::uint32_t> data_offsets;  // where the chunk starts in its block; 0 if raw
    std::vector<Sha256Digest> chunk_digests;
};

// A part of a block file.
struct FilePiece {
    std::filesystem::path path;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

// Thread-safe when const; copies share the image's description.
class ImageReader {
  public:
    ImageReader(const BlockStore& store, std::shared_ptr<const RetrievedImage> image)
        : store_{&store}, image_{std::move(image)} {}
    ImageReader(const BlockStore& store, RetrievedImage image)
        : ImageReader(store, std::make_shared<const RetrievedImage>(std::move(image))) {}

    [[nodiscard]] const RetrievedImage& image() const noexcept { return *image_; }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return image_->bytes; }

    // The pieces that make up bytes offset..offset+length of the image, in order.
    // Fails with std::errc::invalid_argument if that is not inside the image.
    [[nodiscard]] Result<std::vector<FilePiece>> pieces(std::uint64_t offset,
                                                        std::uint64_t length) const;
    // Fills `out` from `offset`; fails if a block file is missing or too short.
    [[nodiscard]] Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) const;

  private:
    const BlockStore* store_;
    std::shared_ptr<const RetrievedImage> image_;
};

}  // namespace assay::ipfs
