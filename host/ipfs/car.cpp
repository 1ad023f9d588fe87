#include "host/ipfs/car.hpp"

#include <algorithm>

#include "host/base/assert.hpp"
#include "host/base/cbor.hpp"
#include "host/base/codec.hpp"
#include "host/ipfs/varint.hpp"

namespace assay::ipfs {
namespace {

constexpr std::uint64_t kCidTag = 42;
constexpr std::byte kCidPrefix{0};  // "multibase identity": DAG-CBOR puts it before binary CIDs
// Version 2: pragma, then characteristics, offset and size of the payload, offset of the index.
constexpr std::uint64_t kPragmaBytes = 11;
constexpr std::uint64_t kV2HeaderBytes = 40;
// Alignment, where anyone uses it; larger gaps would only cost whoever reads.
constexpr std::uint64_t kPaddingMax = std::uint64_t{1} << 20;

Result<std::vector<Bytes>> decode_roots(cbor::Decoder& decoder) {
    // A root takes 4 bytes at least, so the header's bound is theirs, too.
    const auto count = decoder.array(kCarHeaderBytesMax / 4);
    if (!count) return fail(count.error());
    std::vector<Bytes> roots;
    for (std::size_t i = 0; i < *count; ++i) {
        const auto tag = decoder.tag();
        if (!tag) return fail(tag.error());
        if (*tag != kCidTag) {
            return fail(Refusal::kMalformed, "a root with tag " + std::to_string(*tag));
        }
        const auto bytes = decoder.bytes(kCidBytesMax + 1);
        if (!bytes) return fail(bytes.error());
        if (bytes->empty() || bytes->front() != kCidPrefix) {
            return fail(Refusal::kMalformed, "a root without the prefix 00");
        }
        ByteView rest = bytes->subspan(1);
        const auto cid = take_cid_bytes(rest);
        if (!cid) return fail(cid.error());
        if (!rest.empty()) return fail(Refusal::kMalformed, "bytes after a root's CID");
        roots.push_back(to_bytes(*cid));
    }
    return roots;
}

// {"version": 2}, or {"roots": [...], "version": 1}
Result<CarHeader> decode_header(ByteView bytes) {
    cbor::Decoder decoder(bytes);
    const auto pairs = decoder.map(2);
    if (!pairs) return fail(pairs.error());
    CarHeader header;
    bool has_version = false;
    bool has_roots = false;
    for (std::size_t i = 0; i < *pairs; ++i) {
        const auto key = decoder.text(16);
        if (!key) return fail(key.error());
        if (*key == "roots" && i == 0) {
            auto roots = decode_roots(decoder);
            if (!roots) return fail(std::move(roots).error());
            header.roots = std::move(*roots);
            has_roots = true;
        } else if (*key == "version" && !has_version) {
            const auto version = decoder.unsigned_int();
            if (!version) return fail(version.error());
            if (*version != 1 && *version != 2) {
                return fail(Refusal::kUnknownVersion,
                            "version " + std::to_string(*version) + "; 1 and 2 can be read");
            }
            header.version = static_cast<int>(*version);
            has_version = true;
        } else {
            return fail(Refusal::kMalformed, "key '" + std::string(*key) + "'");
        }
    }
    if (auto ended = decoder.finish(); !ended) return fail(std::move(ended).error());
    if (!has_version || has_roots != (header.version == 1)) {
        return fail(Refusal::kMalformed, "neither of version 1, with roots, nor of version 2");
    }
    return header;
}

}  // namespace

Bytes encode_car_header(std::span<const Cid> roots) {
    cbor::Encoder header;
    header.map(2).text("roots").array(roots.size());
    for (const Cid& root : roots) {
        Bytes prefixed{kCidPrefix};
        append(prefixed, root.bytes());
        header.tag(kCidTag).bytes(prefixed);
    }
    header.text("version").unsigned_int(1);
    const Bytes encoded = header.take();
    Bytes out;
    append_varint(out, encoded.size());
    append(out, encoded);
    return out;
}

Bytes encode_car_section_head(const Cid& cid, std::size_t block_bytes) {
    const Bytes name = cid.bytes();
    Bytes out;
    append_varint(out, name.size() + block_bytes);
    append(out, name);
    return out;
}

void append_car_section(Bytes& out, const Cid& cid, ByteView block) {
    append(out, encode_car_section_head(cid, block.size()));
    append(out, block);
}

void CarReader::feed(ByteView bytes) {
    const std::span<std::byte> room = prepare(bytes.size());
    std::copy(bytes.begin(), bytes.end(), room.begin());
    commit(bytes.size());
}

std::span<std::byte> CarReader::prepare(std::size_t bytes_max) {
    if (state_ == State::kFailed) begin_ = end_ = 0;  // nobody will read it
    if (begin_ > 0) {
        std::copy(buffer_.begin() + static_cast<std::ptrdiff_t>(begin_),
                  buffer_.begin() + static_cast<std::ptrdiff_t>(end_), buffer_.begin());
        end_ -= begin_;
        begin_ = 0;
    }
    if (buffer_.size() < end_ + bytes_max) buffer_.resize(end_ + bytes_max);
    return std::span(buffer_).subspan(end_, bytes_max);
}

void CarReader::commit(std::size_t bytes) {
    ASSAY_ASSERT(bytes <= buffer_.size() - end_);
    end_ += bytes;
}

void CarReader::drop(std::uint64_t bytes) noexcept { begin_ += static_cast<std::size_t>(bytes); }

tl::unexpected<Error> CarReader::stop(tl::unexpected<Error> error) {
    error_ = std::move(error.value()).within("CAR");
    state_ = State::kFailed;
    begin_ = end_ = 0;
    return fail(*error_);
}

Result<std::optional<CarReader::Prefix>> CarReader::read_prefix(std::string_view what,
                                                                std::uint64_t length_max,
                                                                Refusal too_long) const {
    ByteView rest = buffered();
    const auto is_last = [](std::byte byte) { return (byte & std::byte{0x80}) == std::byte{0}; };
    if (rest.size() < kMultiformatVarintBytes && std::none_of(rest.begin(), rest.end(), is_last)) {
        return std::optional<Prefix>();
    }
    const auto length = take_varint(rest, kMultiformatVarintBytes);
    if (!length) return fail(Error(length.error()).within(what));
    if (*length == 0) return fail(Refusal::kMalformed, std::string(what) + " of 0 bytes");
    if (*length > length_max) {
        return fail(too_long, std::string(what) + " of " + std::to_string(*length) +
                                  " bytes, at most " + std::to_string(length_max));
    }
    if (*length > rest.size()) return std::optional<Prefix>();
    return Prefix{*length, buffered().size() - rest.size()};
}

Result<bool> CarReader::read_header() {
    const auto prefix = read_prefix("header", kCarHeaderBytesMax, Refusal::kLimitExceeded);
    if (!prefix) return fail(prefix.error());
    if (!*prefix) return false;
    auto header = decode_header(buffered().subspan((*prefix)->bytes, (*prefix)->length));
    if (!header) return fail(std::move(header).error().within("header"));
    const std::uint64_t taken = (*prefix)->bytes + (*prefix)->length;
    drop(taken);
    if (header->version == 2) {
        if (state_ == State::kInnerHeader) {
            return fail(Refusal::kMalformed, "version 2 inside of version 2");
        }
        state_ = State::kV2Header;
        return true;
    }
    if (state_ == State::kInnerHeader) {
        if (taken > payload_left_) {
            return fail(Refusal::kMalformed, "the header ends behind the payload");
        }
        payload_left_ -= taken;
        header->version = 2;
    }
    header_ = std::move(*header);
    state_ = State::kSections;
    return true;
}

Result<bool> CarReader::read_v2_header() {
    if (buffered().size() < kV2HeaderBytes) return false;
    Reader reader(buffered().first(kV2HeaderBytes));
    (void)reader.bytes(16);  // characteristics: of the index
    const std::uint64_t offset = reader.u64();
    const std::uint64_t size = reader.u64();
    const std::uint64_t index = reader.u64();
    const std::uint64_t least = kPragmaBytes + kV2HeaderBytes;
    // A sum that wraps around would lie before the payload.
    if (offset < least || size == 0 || offset + size < offset ||
        (index != 0 && index < offset + size)) {
        return fail(Refusal::kMalformed, "version 2: payload at " + std::to_string(offset) + "+" +
                                             std::to_string(size) + ", index at " +
                                             std::to_string(index));
    }
    if (offset - least > kPaddingMax) {
        return fail(Refusal::kLimitExceeded,
                    "version 2: " + std::to_string(offset - least) + " bytes of padding");
    }
    drop(kV2HeaderBytes);
    padding_ = offset - least;
    payload_left_ = size;
    state_ = State::kPadding;
    return true;
}

Result<bool> CarReader::skip_padding() {
    const std::uint64_t skipped = std::min<std::uint64_t>(padding_, buffered().size());
    drop(skipped);
    padding_ -= skipped;
    if (padding_ > 0) return false;
    state_ = State::kInnerHeader;
    return true;
}

Result<bool> CarReader::advance() {
    switch (state_) {
        case State::kStart:
        case State::kInnerHeader:
            return read_header();
        case State::kV2Header:
            return read_v2_header();
        case State::kPadding:
            return skip_padding();
        case State::kIndex:
            drop(buffered().size());
            return false;
        case State::kSections:
        case State::kFailed:
            break;
    }
    return false;
}

Result<std::optional<CarBlock>> CarReader::next() {
    if (state_ == State::kFailed) return fail(*error_);
    while (state_ != State::kSections) {
        auto advanced = advance();
        if (!advanced) return stop(fail(std::move(advanced).error()));
        if (!*advanced) return std::optional<CarBlock>();
    }
    auto block = read_section();
    if (!block) return stop(fail(std::move(block).error()));
    return block;
}

Result<std::optional<CarBlock>> CarReader::read_section() {
    if (payload_left_ == 0) {
        state_ = State::kIndex;
        drop(buffered().size());
        return std::optional<CarBlock>();
    }
    const std::string name = "section " + std::to_string(blocks_);
    const auto prefix =
        read_prefix(name, limits_.block_bytes_max + kCidBytesMax, Refusal::kBlockTooLarge);
    if (!prefix) return fail(prefix.error());
    if (!*prefix) return std::optional<CarBlock>();
    const std::uint64_t taken = (*prefix)->bytes + (*prefix)->length;
    if (taken > payload_left_) {
        return fail(Refusal::kMalformed, name + " ends behind the payload");
    }
    ByteView section = buffered().subspan((*prefix)->bytes, (*prefix)->length);
    const auto cid = take_cid_bytes(section);
    if (!cid) return fail(Error(cid.error()).within(name));
    if (section.size() > limits_.block_bytes_max) {
        return fail(Refusal::kBlockTooLarge, name + ": " + std::to_string(section.size()) +
                                                 " bytes, at most " +
                                                 std::to_string(limits_.block_bytes_max));
    }
    if (blocks_ == limits_.blocks_max) {
        return fail(Refusal::kLimitExceeded,
                    "more than " + std::to_string(limits_.blocks_max) + " blocks");
    }
    ++blocks_;
    // A version 2 payload ends where its header said; version 1 counts down for nothing.
    payload_left_ -= header_->version == 2 ? taken : 0;
    drop(taken);
    return CarBlock{*cid, section};
}

Result<void> CarReader::finish() const {
    if (error_) return fail(*error_);
    const bool whole = state_ == State::kIndex ||
                       (state_ == State::kSections && buffered().empty() &&
                        (header_->version == 1 || payload_left_ == 0));
    if (whole) return {};
    return fail(Refusal::kContentIncomplete,
                "CAR ends early, after " + std::to_string(blocks_) + " blocks");
}

}  // namespace assay::ipfs
