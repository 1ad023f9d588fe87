// assay release publish, assay release list: an image becomes a signed record on the consortium
// ledger.

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/image_import.hpp"
#include "gateway/cli/submission.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/clock.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/key_file.hpp"
#include "ledger/core/release_record.hpp"

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

Outcome publish_release(const PublishOptions& options) {
    const MemberFolder folder(options.dir);
    auto record = make_record(options);
    if (!record) return tl::unexpected(record.error());
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto key = crypto::load_key(folder.key("tx"));
    if (!key) return give_up(Error(key.error()).within("tx key"));

    const auto imported = import_image(folder, options.file, options.profile);
    if (!imported) return tl::unexpected(imported.error());
    record->images.push_back(describe(*imported));
    const Bytes body = ledger::encode_release(*record);
    if (auto checked = ledger::decode_release(body); !checked) {
        return give_up(ExitCode::kUsage, checked.error().to_string());
    }
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto leaf = sign_and_submit(*daemon, *membership, ledger::TxType::kRelease,
                                      ledger::subject_of(*record), body, *key);
    if (!leaf) return tl::unexpected(leaf.error());
    if (options.wait) {
        if (auto waited = wait_until_final(*daemon, *leaf); !waited) {
            return tl::unexpected(waited.error());
        }
    }

    Output output;
    output.json["leaf"] = *leaf;
    output.json["vendor"] = to_hex(record->vendor);
    output.json["class"] = to_hex(record->device_class);
    output.json["component"] = record->component;
    output.json["sequence"] = record->sequence;
    output.json["version"] = record->version;
    output.json["cid"] = imported->result.cid.to_string();
    output.json["bytes"] = imported->result.bytes;
    output.json["sha256"] = to_hex(imported->result.sha256.view());
    output.json["final"] = options.wait;
    output.text =
        fmt::format("{} {} (sequence {}) is {}\n  release  {}\n  image    {}\n", options.component,
                    options.version, options.sequence, options.wait ? "final" : "submitted", *leaf,
                    imported->result.cid.to_string());
    return output;
}

Outcome list_releases(const FolderOptions& options) {
    const auto daemon = DaemonClient::open(MemberFolder(options.dir));
    if (!daemon) return tl::unexpected(daemon.error());
    auto releases = daemon->get("/v1/releases");
    if (!releases) return tl::unexpected(releases.error());
    Output output;
    for (const auto& value : releases->at("releases").as_array()) {
        const boost::json::object& in = value.as_object();
        output.text += fmt::format("{}  {} {} (sequence {}) by {}, {}{}\n", text_at(in, "leaf"),
                                   text_at(in, "component"), text_at(in, "version"),
                                   text_at(in, "sequence"), text_at(in, "issuer"),
                                   text_at(in, "final") == "true" ? "final" : "not final",
                                   in.contains("stage") ? ", " + text_at(in, "stage") : "");
    }
    if (output.text.empty()) output.text = "No release is on the ledger.\n";
    output.json = std::move(*releases);
    return output;
}

}  // namespace assay::gateway::cli
