#include "ledger/core/release_record.hpp"

#include <algorithm>

#include "host/base/text_encoding.hpp"
#include "ledger/core/fields.hpp"

namespace assay::ledger {
namespace {

constexpr std::size_t kListMax = 16;
constexpr std::size_t kTextMax = 256;
constexpr std::size_t kExtensionBytesMax = 4096;

constexpr std::array<std::string_view, 4> kUrgencies = {"routine", "recommended", "urgent",
                                                        "emergency"};
constexpr std::array<std::string_view, 6> kPayloadTypes = {"raw",    "swu",  "raucb",
                                                           "mender", "suit", "zck"};

template <typename Enum, std::size_t N>
std::optional<Enum> parse_name(const std::array<std::string_view, N>& names,
                               std::string_view text) noexcept {
    const auto found = std::find(names.begin(), names.end(), text);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

// CIDv0 is a bare SHA-256 multihash; CIDv1 adds version and codec (raw or dag-pb).
bool is_sha256_cid(ByteView cid) noexcept {
    if (cid.size() == 36) {
        const bool codec = cid[1] == std::byte{0x55} || cid[1] == std::byte{0x70};
        if (cid[0] != std::byte{0x01} || !codec) return false;
        cid = cid.subspan(2);
    }
    return cid.size() == 34 && cid[0] == std::byte{0x12} && cid[1] == std::byte{0x20};
}

Bytes read_cid(Fields& map) {
    Bytes cid = map.bytes(64);
    if (!is_sha256_cid(cid)) map.refuse(Refusal::kCidUnsupported, "not a SHA-256 CID");
    return cid;
}

std::string read_component(Fields& map) {
    std::string name = map.text(1, 64);
    if (!is_component_name(name)) map.refuse(Refusal::kMalformed, "not a component name");
    return name;
}

Result<ImportParameters> read_import(cbor::Decoder& decoder) {
    ImportParameters import;
    Fields map(decoder, "import");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                import.profile = map.text(1, 64);
                break;
            case 2:
                import.chunk_bytes = map.positive(kChunkBytesMax);
                break;
            case 3:
                import.width = map.positive(65'536);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(import), {1, 2, 3});
}

Result<ReleaseImage> read_image(cbor::Decoder& decoder) {
    ReleaseImage image;
    Fields map(decoder, "image");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                image.role = map.one_of(ImageRole::kOther);
                break;
            case 2:
                image.cid = read_cid(map);
                break;
            case 3:
                image.sha256 = map.hash<Sha256Digest>();
                break;
            case 4:
                image.bytes = map.positive(kChunkBytesMax * kChunksMax);
                break;
            case 5:
                image.import = map.take(read_import(decoder)).value_or(ImportParameters{});
                break;
            case 6:
                image.chunk_root = map.hash<LogHash>();
                break;
            case 7:
                image.base_sha256 = map.hash<Sha256Digest>();
                break;
            case 8:
                map.refuse(Refusal::kUnknownVersion, "encrypted images are not supported");
                break;
            default:
                map.unknown();
        }
    }
    auto read = map.finish(std::move(image), {1, 2, 3, 4, 5, 6});
    if (!read) return read;
    if (read->chunk_count() > kChunksMax)
        return fail(Refusal::kLimitExceeded, "image: too many chunks");
    if (read->base_sha256.has_value() != (read->role == ImageRole::kDelta)) {
        return fail(Refusal::kMalformed, "image: a delta, and nothing else, names its base");
    }
    return read;
}

Result<AppliesTo> read_applies_to(cbor::Decoder& decoder) {
    AppliesTo range;
    Fields map(decoder, "applies-to");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                range.from_sequence = map.number();
                break;
            case 2:
                range.to_sequence = map.number();
                break;
            case 3:
                range.bootloader_min = map.number();
                break;
            default:
                map.unknown();
        }
    }
    if (range.to_sequence && range.from_sequence.value_or(0) > *range.to_sequence) {
        map.refuse(Refusal::kMalformed, "from-sequence is above to-sequence");
    }
    return map.finish(range, {});
}

Result<Dependency> read_dependency(cbor::Decoder& decoder) {
    Dependency dependency;
    Fields map(decoder, "depends-on");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                dependency.component = read_component(map);
                break;
            case 2:
                dependency.min_sequence = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(dependency), {1, 2});
}

Result<Attachment> read_attachment(cbor::Decoder& decoder) {
    Attachment attachment;
    Fields map(decoder, "attachment");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                attachment.media_type = map.text(1, kTextMax);
                break;
            case 2:
                attachment.cid = read_cid(map);
                break;
            case 3:
                attachment.sha256 = map.hash<Sha256Digest>();
                break;
            case 4:
                attachment.bytes = map.number();
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(attachment), {1, 2, 3, 4});
}

Result<SecurityNote> read_security(cbor::Decoder& decoder) {
    SecurityNote note;
    Fields map(decoder, "security");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                note.severity = map.number(4);
                break;
            case 2:
                note.cves = map.texts(64, 32);
                break;
            case 3:
                note.advisory_url = map.text(1, kTextMax);
                break;
            default:
                map.unknown();
        }
    }
    return map.finish(std::move(note), {});
}

// Keys 7 and up, all optional but 12 to 14.
void read_detail(Fields& map, cbor::Decoder& decoder, std::uint64_t key, ReleaseRecord& release) {
    switch (key) {
        case 7:
            release.min_sequence = map.number();
            break;
        case 8:
            release.applies_to = map.take(read_applies_to(decoder));
            break;
        case 9:
            release.depends_on = map.list(1, kListMax, read_dependency);
            break;
        case 10:
            release.not_before = map.number();
            break;
        case 11:
            release.expires = map.number();
            break;
        case 12:
            release.urgency = map.one_of(Urgency::kEmergency);
            break;
        case 13:
            release.payload_type = map.one_of(PayloadType::kZck);
            break;
        case 14:
            release.retain_until = map.number();
            break;
        case 15:
            release.attachments = map.list(1, kListMax, read_attachment);
            break;
        case 16:
            release.supersedes =
                map.list(1, kListMax, [](cbor::Decoder& d) { return d.hash<LogHash>(); });
            break;
        case 17:
            release.security = map.take(read_security(decoder));
            break;
        case 18:
            release.rxswin = map.texts(kListMax, kTextMax);
            break;
        case 19:
            release.support_until = map.number();
            break;
        case 99:
            release.extensions = map.extensions(kExtensionBytesMax);
            break;
        default:
            map.unknown();
    }
}

Result<ReleaseRecord> read_release(cbor::Decoder& decoder) {
    ReleaseRecord release;
    Fields map(decoder, "release");
    while (const auto key = map.next()) {
        switch (*key) {
            case 1:
                release.vendor = map.uuid();
                break;
            case 2:
                release.device_class = map.uuid();
                break;
            case 3:
                release.component = read_component(map);
                break;
            case 4:
                release.sequence = map.positive();
                break;
            case 5:
                release.version = map.text(1, 64);
                break;
            case 6:
                release.images = map.list(1, kListMax, read_image);
                break;
            default:
                read_detail(map, decoder, *key, release);
        }
    }
    if (release.min_sequence.value_or(0) > release.sequence) {
        map.refuse(Refusal::kMalformed, "min-sequence is above the release's own sequence");
    }
    if (release.expires && release.not_before.value_or(0) >= *release.expires) {
        map.refuse(Refusal::kMalformed, "expires before it becomes valid");
    }
    return map.finish(std::move(release), {1, 2, 3, 4, 5, 6, 12, 13, 14});
}

void put_image(cbor::Encoder& out, const ReleaseImage& image) {
    out.map(image.base_sha256 ? 7 : 6);
    out.unsigned_int(1).unsigned_int(static_cast<std::uint64_t>(image.role));
    out.unsigned_int(2).bytes(image.cid);
    out.unsigned_int(3).bytes(image.sha256.view());
    out.unsigned_int(4).unsigned_int(image.bytes);
    out.unsigned_int(5).map(3);
    out.unsigned_int(1).text(image.import.profile);
    out.unsigned_int(2).unsigned_int(image.import.chunk_bytes);
    out.unsigned_int(3).unsigned_int(image.import.width);
    out.unsigned_int(6).bytes(image.chunk_root.view());
    if (image.base_sha256) out.unsigned_int(7).bytes(image.base_sha256->view());
}

void put_texts(cbor::Encoder& out, const std::vector<std::string>& texts) {
    out.array(texts.size());
    for (const std::string& text : texts) out.text(text);
}

void put_optional(cbor::Encoder& out, unsigned key, const std::optional<std::uint64_t>& value) {
    if (value) out.unsigned_int(key).unsigned_int(*value);
}

void put_applies_to(cbor::Encoder& out, const AppliesTo& range) {
    out.map(std::size_t{range.from_sequence.has_value()} +
            std::size_t{range.to_sequence.has_value()} +
            std::size_t{range.bootloader_min.has_value()});
    put_optional(out, 1, range.from_sequence);
    put_optional(out, 2, range.to_sequence);
    put_optional(out, 3, range.bootloader_min);
}

void put_security(cbor::Encoder& out, const SecurityNote& note) {
    out.map(std::size_t{note.severity.has_value()} + std::size_t{!note.cves.empty()} +
            std::size_t{note.advisory_url.has_value()});
    put_optional(out, 1, note.severity);
    if (!note.cves.empty()) put_texts(out.unsigned_int(2), note.cves);
    if (note.advisory_url) out.unsigned_int(3).text(*note.advisory_url);
}

void put_lists(cbor::Encoder& out, const ReleaseRecord& release) {
    if (!release.attachments.empty()) {
        out.unsigned_int(15).array(release.attachments.size());
        for (const Attachment& item : release.attachments) {
            out.map(4).unsigned_int(1).text(item.media_type).unsigned_int(2).bytes(item.cid);
            out.unsigned_int(3).bytes(item.sha256.view()).unsigned_int(4).unsigned_int(item.bytes);
        }
    }
    if (!release.supersedes.empty()) {
        out.unsigned_int(16).array(release.supersedes.size());
        for (const LogHash& leaf : release.supersedes) out.bytes(leaf.view());
    }
}

std::size_t pairs_of(const ReleaseRecord& release) {
    const bool optional_present[] = {
        release.min_sequence.has_value(), release.applies_to.has_value(),
        !release.depends_on.empty(),      release.not_before.has_value(),
        release.expires.has_value(),      !release.attachments.empty(),
        !release.supersedes.empty(),      release.security.has_value(),
        !release.rxswin.empty(),          release.support_until.has_value(),
        !release.extensions.empty()};
    return 9 + static_cast<std::size_t>(
                   std::count(std::begin(optional_present), std::end(optional_present), true));
}

}  // namespace

std::string_view to_string(Urgency urgency) noexcept {
    return kUrgencies.at(static_cast<std::size_t>(urgency));
}
std::string_view to_string(PayloadType type) noexcept {
    return kPayloadTypes.at(static_cast<std::size_t>(type));
}
std::optional<Urgency> parse_urgency(std::string_view text) noexcept {
    return parse_name<Urgency>(kUrgencies, text);
}
std::optional<PayloadType> parse_payload_type(std::string_view text) noexcept {
    return parse_name<PayloadType>(kPayloadTypes, text);
}

Bytes encode_release(const ReleaseRecord& release) {
    cbor::Encoder out;
    out.map(pairs_of(release));
    out.unsigned_int(1).bytes(release.vendor);
    out.unsigned_int(2).bytes(release.device_class);
    out.unsigned_int(3).text(release.component);
    out.unsigned_int(4).unsigned_int(release.sequence);
    out.unsigned_int(5).text(release.version);
    out.unsigned_int(6).array(release.images.size());
    for (const ReleaseImage& image : release.images) put_image(out, image);
    put_optional(out, 7, release.min_sequence);
    if (release.applies_to) put_applies_to(out.unsigned_int(8), *release.applies_to);
    if (!release.depends_on.empty()) {
        out.unsigned_int(9).array(release.depends_on.size());
        for (const Dependency& item : release.depends_on) {
            out.map(2).unsigned_int(1).text(item.component);
            out.unsigned_int(2).unsigned_int(item.min_sequence);
        }
    }
    put_optional(out, 10, release.not_before);
    put_optional(out, 11, release.expires);
    out.unsigned_int(12).unsigned_int(static_cast<std::uint64_t>(release.urgency));
    out.unsigned_int(13).unsigned_int(static_cast<std::uint64_t>(release.payload_type));
    out.unsigned_int(14).unsigned_int(release.retain_until);
    put_lists(out, release);
    if (release.security) put_security(out.unsigned_int(17), *release.security);
    if (!release.rxswin.empty()) put_texts(out.unsigned_int(18), release.rxswin);
    put_optional(out, 19, release.support_until);
    if (!release.extensions.empty()) out.unsigned_int(99).encoded(release.extensions);
    return out.take();
}

Result<ReleaseRecord> decode_release(ByteView input) { return decode_whole(input, read_release); }

std::string subject_of(const ReleaseRecord& release) {
    return to_hex(release.vendor) + "/" + to_hex(release.device_class) + "/" + release.component;
}

bool is_component_name(std::string_view name) noexcept {
    const auto fine = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
               c == '/' || c == '-';
    };
    return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), fine);
}

LogHash chunk_root(std::span<const Sha256Digest> chunk_digests) {
    crypto::CompactRange range;
    for (const Sha256Digest& digest : chunk_digests) range.append(crypto::leaf_hash(digest.view()));
    return range.root();
}

}  // namespace assay::ledger
