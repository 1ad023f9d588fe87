#include "host/ipfs/protobuf.hpp"

#include "host/ipfs/varint.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kWireVarint = 0;
constexpr std::uint64_t kWireBytes = 2;

}  // namespace

Result<ProtobufField> ProtobufReader::next() {
    const auto named = [this](Error error) { return std::move(error).within(message_); };
    auto key = take_varint(rest_, kProtobufVarintBytes);
    if (!key) return fail(named(std::move(key).error()));
    ProtobufField field;
    field.number = *key >> 3;
    const std::uint64_t wire = *key & 7;
    if (wire != kWireVarint && wire != kWireBytes) {
        return fail(Refusal::kMalformed, std::string(message_) + ": field " +
                                             std::to_string(field.number) + " has wire type " +
                                             std::to_string(wire));
    }
    auto value = take_varint(rest_, kProtobufVarintBytes);
    if (!value) return fail(named(std::move(value).error()));
    field.is_bytes = wire == kWireBytes;
    if (!field.is_bytes) {
        field.value = *value;
        return field;
    }
    if (*value > rest_.size()) {
        return fail(Refusal::kMalformed, std::string(message_) + ": field " +
                                             std::to_string(field.number) + " claims " +
                                             std::to_string(*value) + " bytes, " +
                                             std::to_string(rest_.size()) + " are left");
    }
    field.bytes = rest_.first(*value);
    rest_ = rest_.subspan(*value);
    return field;
}

tl::unexpected<Error> ProtobufReader::unexpected_field(const ProtobufField& field) const {
    return fail(Refusal::kMalformed, std::string(message_) + ": field " +
                                         std::to_string(field.number) +
                                         " is unknown, repeated or out of order");
}

void append_varint_field(Bytes& out, std::uint64_t number, std::uint64_t value) {
    append_varint(out, number << 3 | kWireVarint);
    append_varint(out, value);
}

void append_bytes_field(Bytes& out, std::uint64_t number, ByteView value) {
    append_varint(out, number << 3 | kWireBytes);
    append_varint(out, value.size());
    append(out, value);
}

}  // namespace assay::ipfs
