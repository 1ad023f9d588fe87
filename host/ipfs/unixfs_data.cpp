#include "host/ipfs/unixfs_data.hpp"

#include "host/base/codec.hpp"
#include "host/ipfs/protobuf.hpp"
#include "host/ipfs/varint.hpp"

namespace assay::ipfs {
namespace {

constexpr std::byte kSecondsKey{0x08};      // field 1, varint
constexpr std::byte kNanosecondsKey{0x15};  // field 2, fixed32
constexpr std::uint32_t kNanosecondsMax = 999'999'999;

// Seconds, and nanoseconds only where there are some.
Result<void> check_mtime(ByteView bytes) {
    const auto malformed = [](std::string why) {
        return fail(Refusal::kMalformed, "UnixFS modification time " + std::move(why));
    };
    if (bytes.empty() || bytes.front() != kSecondsKey) return malformed("without seconds");
    ByteView rest = bytes.subspan(1);
    if (auto seconds = take_varint(rest, kProtobufVarintBytes); !seconds) {
        return fail(std::move(seconds).error().within("UnixFS modification time"));
    }
    if (rest.empty()) return {};
    Reader reader(rest.subspan(1));
    const std::uint32_t nanoseconds = reader.u32();
    if (rest.front() != kNanosecondsKey || rest.size() != 5) return malformed("with other fields");
    if (nanoseconds == 0 || nanoseconds > kNanosecondsMax) {
        return malformed("with " + std::to_string(nanoseconds) + " nanoseconds");
    }
    return {};
}

Result<void> take_field(UnixFsData& out, const ProtobufField& field) {
    switch (field.number) {
        case UnixFsField::kType:
            if (field.value > static_cast<std::uint64_t>(UnixFsType::kShard)) {
                return fail(Refusal::kMalformed, "UnixFS type " + std::to_string(field.value));
            }
            out.type = static_cast<UnixFsType>(field.value);
            break;
        case UnixFsField::kData:
            out.data = field.bytes;
            break;
        case UnixFsField::kFileSize:
            out.file_size = field.value;
            break;
        case UnixFsField::kBlockSizes:
            out.block_sizes.push_back(field.value);
            break;
        case UnixFsField::kHashType:
            out.hash_type = field.value;
            break;
        case UnixFsField::kFanout:
            out.fanout = field.value;
            break;
        case UnixFsField::kMtime:
            return check_mtime(field.bytes);
        default:
            break;  // mode
    }
    return {};
}

}  // namespace

std::string_view name_of(UnixFsType type) noexcept {
    constexpr std::string_view kNames[] = {"raw leaf", "directory",     "file",
                                           "metadata", "symbolic link", "sharded directory"};
    return kNames[static_cast<std::size_t>(type)];
}

Result<UnixFsData> decode_unixfs_data(ByteView bytes) {
    ProtobufReader reader(bytes, "UnixFS node");
    UnixFsData out;
    std::uint64_t last = 0;
    while (!reader.at_end()) {
        auto field = reader.next();
        if (!field) return fail(std::move(field).error());
        const bool repeats = field->number == last && last == UnixFsField::kBlockSizes;
        // Type is required, so it must come first.
        const bool in_order =
            last == 0 ? field->number == UnixFsField::kType : field->number > last;
        const bool is_message =
            field->number == UnixFsField::kData || field->number == UnixFsField::kMtime;
        if ((!in_order && !repeats) || field->is_bytes != is_message ||
            field->number > UnixFsField::kMtime) {
            return reader.unexpected_field(*field);
        }
        last = field->number;
        if (auto taken = take_field(out, *field); !taken) return fail(std::move(taken).error());
    }
    if (last == 0) return fail(Refusal::kMalformed, "UnixFS node without a type");
    return out;
}

}  // namespace assay::ipfs
