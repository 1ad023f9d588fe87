#include "gateway/cli/compose_release.hpp"

#include "gateway/cli/image_import.hpp"
#include "host/base/clock.hpp"
#include "host/base/text_encoding.hpp"
#include "host/ipfs/cid.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::uint64_t kYearSeconds = 31'556'952;

ledger::ReleaseImage describe(const ImportedImage& imported) {
    ledger::ReleaseImage image;
    image.cid = imported.result.cid.bytes();
    image.sha256 = imported.result.sha256;
    image.bytes = imported.result.bytes;
    image.import.profile = imported.profile.name;
    image.import.chunk_bytes = imported.profile.chunk_bytes;
    image.import.width = imported.profile.width;
    image.chunk_root = imported.result.chunk_root;
    return image;
}

// All but the image, which takes longer than finding a mistake here.
Answer<ledger::ReleaseRecord> make_record(const PublishOptions& options) {
    ledger::ReleaseRecord record;
    record.vendor = ledger::vendor_id_of(options.vendor);
    record.device_class = ledger::class_id_of(record.vendor, options.device_class);
    record.component = options.component;
    record.sequence = options.sequence;
    record.version = options.version;
    if (!ledger::is_component_name(options.component)) {
        return give_up(ExitCode::kUsage, "\"" + options.component + "\" is not a component name",
                       "Use 1 to 64 characters of a-z, 0-9, '.', '_', '/' and '-'.");
    }
    const auto payload = ledger::parse_payload_type(options.payload);
    if (!payload) {
        return give_up(ExitCode::kUsage, "there is no payload type \"" + options.payload + "\"",
                       "Types are raw, swu, raucb, mender, suit and zck.");
    }
    record.payload_type = *payload;
    const auto urgency = ledger::parse_urgency(options.urgency);
    if (!urgency) {
        return give_up(ExitCode::kUsage, "there is no urgency \"" + options.urgency + "\"",
                       "It is routine, recommended, urgent or emergency.");
    }
    record.urgency = *urgency;
    if (options.min_sequence != 0) record.min_sequence = options.min_sequence;
    const auto now = static_cast<std::uint64_t>(SystemClock().now().time_since_epoch().count());
    record.retain_until = now + options.retain_years * kYearSeconds;
    return record;
}

}  // namespace

Answer<ledger::ReleaseRecord> compose_release(const MemberFolder& folder,
                                              const PublishOptions& options) {
    auto record = make_record(options);
    if (!record) return record;
    ImageOptions image;
    image.dir = folder.dir();
    image.file = options.file;
    image.import = options.import;
    image.kubo_copy = KuboCopy::kIfConfigured;  // before anyone reads of the release
    const auto imported = import_image(image, record->retain_until);
    if (!imported) return tl::unexpected(imported.error());
    record->images.push_back(describe(*imported));
    return record;
}

boost::json::object describe_release(const ledger::ReleaseRecord& record) {
    boost::json::object out;
    out["vendor"] = to_hex(record.vendor);
    out["class"] = to_hex(record.device_class);
    out["component"] = record.component;
    out["sequence"] = record.sequence;
    out["version"] = record.version;
    if (record.images.empty()) return out;
    const ledger::ReleaseImage& image = record.images.front();
    const auto cid = ipfs::decode_cid(image.cid);
    out["cid"] = cid ? cid->to_string() : to_hex(image.cid);
    out["bytes"] = image.bytes;
    out["sha256"] = to_hex(image.sha256.view());
    return out;
}

}  // namespace assay::gateway::cli
