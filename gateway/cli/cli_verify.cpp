// assay verify: checks a device proof offline, by an anchor that whoever asks has from elsewhere.

#include <fmt/format.h>

#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/device_proof.hpp"

namespace assay::gateway::cli {
namespace {

Outcome refuse(const Error& error) {
    Failure failure(error);
    failure.code = ExitCode::kVerificationFailed;
    failure.message = "NOT verified: " + failure.message;
    failure.advice = "Do not trust this release.";
    return tl::unexpected(std::move(failure));
}

}  // namespace

Outcome verify_proof(const VerifyOptions& options) {
    const auto proof = read_file(options.file, ledger::kAuditProofBytesMax);
    if (!proof) return give_up(proof.error());
    const auto anchor_bytes = read_file(options.anchor, ledger::kAnchorBytesMax);
    if (!anchor_bytes) return give_up(anchor_bytes.error());
    const auto anchor = ledger::decode_anchor(*anchor_bytes);
    if (!anchor) return give_up(Error(anchor.error()).within(options.anchor.string()));
    ledger::DeviceTrust trust{.anchor = *anchor,
                              .checkpoint = std::nullopt,
                              .policy_version = 0,
                              .now = std::nullopt,
                              .checkpoint_age_max_s = 0,
                              .device = std::nullopt};
    const auto verified = ledger::verify_device_proof(*proof, trust);
    if (!verified) return refuse(verified.error());

    const ledger::ReleaseRecord& record = verified->release;
    Output output;
    output.json["verified"] = true;
    output.json["leaf"] = to_hex(verified->leaf.view());
    output.json["issuer"] = verified->release_issuer;
    output.json["vendor"] = to_hex(record.vendor);
    output.json["class"] = to_hex(record.device_class);
    output.json["component"] = record.component;
    output.json["sequence"] = record.sequence;
    output.json["version"] = record.version;
    output.json["origin"] = anchor->origin;
    output.json["checkpoint_size"] = verified->checkpoint.size;
    output.json["checkpoint_time"] = verified->checkpoint.time;
    output.json["cosignatures"] = verified->cosignatures;
    output.json["epoch"] = verified->epoch.epoch;
    output.json["key_revoked_later"] = verified->is_key_revoked_later;
    output.text = fmt::format(
        "Verified: {} {} (sequence {}), released by {}\n"
        "  release     {}\n"
        "  log         {}, entry {} of {}\n"
        "  cosigned    by {} members, {} needed\n",
        record.component, record.version, record.sequence, verified->release_issuer,
        to_hex(verified->leaf.view()), anchor->origin, verified->log_index,
        verified->checkpoint.size, verified->cosignatures, verified->epoch.quorum);
    if (verified->is_key_revoked_later) {
        output.text += "  note        the key was revoked later; the release was signed in time\n";
    }
    return output;
}

}  // namespace assay::gateway::cli
