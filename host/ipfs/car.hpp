// CAR, content-addressable archives (ipld.io/specs/transport/car): blocks one after another, each
// behind its CID. Version 1 is written and read; of version 2 the payload is read, the index not.
//
// CarReader takes bytes as they arrive, from a file or a connection, and gives blocks as soon as
// they are whole:
//
//     reader.feed(bytes);                     // or: read into prepare(n), then commit(read)
//     while (true) {
//         auto block = reader.next();         // Result<std::optional<CarBlock>>
//         if (!block || !*block) break;       // error, or more bytes are needed
//     }
//     reader.finish();                        // at the end of the input
//
// Nothing is believed: lengths are checked before anything is kept, so at most one section is held
// beyond what was fed. The blocks are not hashed; whoever uses them does that (in bulk), and asks
// itself whether the blocks that came are those that it wanted. Roots are a claim of the author.
// No I/O; not thread-safe. Used by the content server, the trustless client and `assay image`.

#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"
#include "host/ipfs/cid.hpp"
#include "host/ipfs/dag_pb.hpp"

namespace assay::ipfs {

inline constexpr std::size_t kCarHeaderBytesMax = std::size_t{64} << 10;
// Version, codec, hash function, length and the longest digest.
inline constexpr std::size_t kCidBytesMax = 4 * 9 + kIdentityBytesMax;

// Writing: the header once, then for each block its section head and its bytes. Blocks with an
// identity CID are not written; the CID holds them.
[[nodiscard]] Bytes encode_car_header(std::span<const Cid> roots);
[[nodiscard]] Bytes encode_car_section_head(const Cid& cid, std::size_t block_bytes);
void append_car_section(Bytes& out, const Cid& cid, ByteView block);

struct CarHeader {
    int version = 1;  // of the container
    // With any hash function; decode_cid() says whether it is one of ours.
    std::vector<Bytes> roots;
};

// Views into the reader, valid until the next feed() or prepare().
struct CarBlock {
    ByteView cid_bytes;
    ByteView bytes;

    // kCidUnsupported if its hash function is not on the allow-list.
    [[nodiscard]] Result<Cid> cid() const { return decode_cid(cid_bytes); }
};

struct CarLimits {
    std::size_t block_bytes_max = kBlockBytesMax;
    std::uint64_t blocks_max = UINT64_MAX;
};

class CarReader {
  public:
    explicit CarReader(CarLimits limits = {}) : limits_{limits} {}

    void feed(ByteView bytes);
    // Room for the bytes that come next; commit() says how many did.
    [[nodiscard]] std::span<std::byte> prepare(std::size_t bytes_max);
    void commit(std::size_t bytes);

    // The next block, or nothing if more bytes are needed for it. Fails with kMalformed,
    // kUnknownVersion, kBlockTooLarge, kCidUnsupported or kLimitExceeded, and then for ever.
    [[nodiscard]] Result<std::optional<CarBlock>> next();

    // Fails with kContentIncomplete if the input ended in the middle of something. Version 1 does
    // not say where it ends, so what is complete is for the user of the blocks to know.
    [[nodiscard]] Result<void> finish() const;

    // There once the header has been read: next() has been called, and gave a block or enough
    // bytes had come for it.
    [[nodiscard]] const std::optional<CarHeader>& header() const noexcept { return header_; }

  private:
    enum class State { kStart, kV2Header, kPadding, kInnerHeader, kSections, kIndex, kFailed };

    [[nodiscard]] ByteView buffered() const {
        return ByteView(buffer_).subspan(begin_, end_ - begin_);
    }
    void drop(std::uint64_t bytes) noexcept;
    [[nodiscard]] tl::unexpected<Error> stop(tl::unexpected<Error> error);
    // Each does what the bytes at hand allow; false if more are needed.
    [[nodiscard]] Result<bool> advance();
    [[nodiscard]] Result<bool> read_header();
    [[nodiscard]] Result<bool> read_v2_header();
    [[nodiscard]] Result<bool> skip_padding();
    [[nodiscard]] Result<std::optional<CarBlock>> read_section();
    // Its length and the bytes that say it; nothing if more are needed.
    struct Prefix {
        std::uint64_t length;
        std::size_t bytes;
    };
    [[nodiscard]] Result<std::optional<Prefix>> read_prefix(std::string_view what,
                                                            std::uint64_t length_max,
                                                            Refusal too_long) const;

    CarLimits limits_;
    State state_ = State::kStart;
    std::optional<CarHeader> header_;
    std::optional<Error> error_;
    std::uint64_t blocks_ = 0;
    std::uint64_t padding_ = 0;                // version 2: to be skipped
    std::uint64_t payload_left_ = UINT64_MAX;  // version 2: says where the blocks end
    Bytes buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

}  // namespace assay::ipfs
