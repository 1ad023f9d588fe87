// The release record (docs/formats.md, section 7): what an OEM or a supplier signs about a firmware
// release. One record for every consumer; field names after RFC 9124. Times are seconds since 1970,
// sizes are bytes. Pure values and functions.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "host/base/cbor.hpp"
#include "host/crypto/merkle_tree.hpp"
#include "ledger/core/uuid.hpp"

namespace assay::ledger {

enum class ImageRole : std::uint8_t { kFull, kDelta, kBootloader, kOther };
enum class Urgency : std::uint8_t { kRoutine, kRecommended, kUrgent, kEmergency };
enum class PayloadType : std::uint8_t { kRaw, kSwu, kRaucb, kMender, kSuit, kZck };

[[nodiscard]] std::string_view to_string(Urgency urgency) noexcept;
[[nodiscard]] std::string_view to_string(PayloadType type) noexcept;
[[nodiscard]] std::optional<Urgency> parse_urgency(std::string_view text) noexcept;
[[nodiscard]] std::optional<PayloadType> parse_payload_type(std::string_view text) noexcept;

inline constexpr std::uint64_t kChunkBytesMax = 2 * 1024 * 1024;  // a chunk is a block of content
inline constexpr std::uint64_t kChunksMax = 1024 * 1024;          // so a chunk list has 32 MiB

// With these anyone can recompute the CID from the image.
struct ImportParameters {
    std::string profile;  // "unixfs-v1-2025"
    std::uint64_t chunk_bytes = 0;
    std::uint64_t width = 0;
    friend bool operator==(const ImportParameters&, const ImportParameters&) = default;
};

struct ReleaseImage {
    ImageRole role = ImageRole::kFull;
    Bytes cid;  // binary
    Sha256Digest sha256;
    std::uint64_t bytes = 0;
    ImportParameters import;
    LogHash chunk_root;                       // RFC 6962 over the SHA-256 of each chunk
    std::optional<Sha256Digest> base_sha256;  // deltas only

    [[nodiscard]] std::uint64_t chunk_count() const noexcept {
        return (bytes + import.chunk_bytes - 1) / import.chunk_bytes;
    }
    friend bool operator==(const ReleaseImage&, const ReleaseImage&) = default;
};

struct AppliesTo {
    std::optional<std::uint64_t> from_sequence, to_sequence, bootloader_min;
    friend bool operator==(const AppliesTo&, const AppliesTo&) = default;
};

struct Dependency {
    std::string component;
    std::uint64_t min_sequence = 0;
    friend bool operator==(const Dependency&, const Dependency&) = default;
};

struct Attachment {
    std::string media_type;
    Bytes cid;
    Sha256Digest sha256;
    std::uint64_t bytes = 0;
    friend bool operator==(const Attachment&, const Attachment&) = default;
};

struct SecurityNote {
    std::optional<std::uint64_t> severity;  // 0 none to 4 critical
    std::vector<std::string> cves;
    std::optional<std::string> advisory_url;
    friend bool operator==(const SecurityNote&, const SecurityNote&) = default;
};

struct ReleaseRecord {
    Uuid vendor, device_class;
    std::string component;
    std::uint64_t sequence = 0;
    std::string version;
    std::vector<ReleaseImage> images;
    std::optional<std::uint64_t> min_sequence;
    std::optional<AppliesTo> applies_to;
    std::vector<Dependency> depends_on;
    std::optional<std::uint64_t> not_before, expires;
    Urgency urgency = Urgency::kRoutine;
    PayloadType payload_type = PayloadType::kRaw;
    std::uint64_t retain_until = 0;
    std::vector<Attachment> attachments;
    std::vector<LogHash> supersedes;
    std::optional<SecurityNote> security;
    std::vector<std::string> rxswin;
    std::optional<std::uint64_t> support_until;
    Bytes extensions;  // an encoded CBOR map with text keys, or empty

    friend bool operator==(const ReleaseRecord&, const ReleaseRecord&) = default;
};

[[nodiscard]] Bytes encode_release(const ReleaseRecord& release);
// Checks the layout and what can be known from the record alone.
[[nodiscard]] Result<ReleaseRecord> decode_release(ByteView input);

// "<vendor hex>/<class hex>/<component>": the subject its transaction must carry.
[[nodiscard]] std::string subject_of(const ReleaseRecord& release);

// [a-z0-9._/-], 1 to 64 characters.
[[nodiscard]] bool is_component_name(std::string_view name) noexcept;

// RFC 6962 root over the chunks' SHA-256 digests: what `ReleaseImage::chunk_root` commits to.
[[nodiscard]] LogHash chunk_root(std::span<const Sha256Digest> chunk_digests);

}  // namespace assay::ledger
