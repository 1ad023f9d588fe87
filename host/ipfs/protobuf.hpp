// The corner of protobuf that IPFS uses: fields of varints and of length-delimited bytes.
//
// dag-pb and UnixFS each read fields in ascending order and know them all, so the reader refuses
// everything else: other wire types, long varints, lengths past the end. Views into the input;
// nothing is allocated.

#pragma once

#include <cstdint>
#include <string_view>

#include "host/base/bytes.hpp"
#include "host/base/result.hpp"

namespace assay::ipfs {

struct ProtobufField {
    std::uint64_t number = 0;
    bool is_bytes = false;
    std::uint64_t value = 0;  // when not is_bytes
    ByteView bytes;           // when is_bytes
};

class ProtobufReader {
  public:
    // `message` names the message in errors.
    ProtobufReader(ByteView input, std::string_view message) noexcept
        : rest_{input}, message_{message} {}

    [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }
    // Precondition: !at_end().
    [[nodiscard]] Result<ProtobufField> next();
    [[nodiscard]] tl::unexpected<Error> unexpected_field(const ProtobufField& field) const;

  private:
    ByteView rest_;
    std::string_view message_;
};

void append_varint_field(Bytes& out, std::uint64_t number, std::uint64_t value);
void append_bytes_field(Bytes& out, std::uint64_t number, ByteView value);

}  // namespace assay::ipfs
