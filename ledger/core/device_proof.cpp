#include "ledger/core/device_proof.hpp"

#include <algorithm>

#include "ledger/core/compact_proof.hpp"
#include "ledger/core/fields.hpp"
#include "ledger/core/policy_check.hpp"
#include "ledger/core/registry_change.hpp"
#include "ledger/core/status_record.hpp"
#include "ledger/core/tlog_proof.hpp"

namespace assay::ledger {
namespace {

constexpr std::uint64_t kFormat = 2;

// The text of the checkpoint in a proof, which the proofs behind it leave out.
std::string checkpoint_of(std::string_view proof) {
    auto parsed = parse_tlog_proof(proof);
    return parsed ? std::move(parsed->checkpoint) : std::string();
}

Result<DeviceProof> read_proof(cbor::Decoder& decoder) {
    DeviceProof proof;
    bool has_revocation = false;
    bool has_status = false;
    bool steps_alone = true;
    std::string checkpoint;
    const auto proof_text = [&](Fields& fields) {
        return fields.take(decode_compact_proof(decoder, checkpoint)).value_or(std::string());
    };
    Fields map(decoder, "device-proof");
    while (const auto key = map.next()) {
        steps_alone = steps_alone && (*key == 0 || *key == 5);
        switch (*key) {
            case 0:
                if (map.number() != kFormat) {
                    map.refuse(Refusal::kUnknownVersion, "version is not 2");
                }
                break;
            case 1:
                proof.release_tx = map.bytes(65'535);
                break;
            case 2:
                proof.release_proof = proof_text(map);
                checkpoint = checkpoint_of(proof.release_proof);
                break;
            case 3:
                proof.policy_tx = map.bytes(65'535);
                break;
            case 4:
                proof.policy_proof = proof_text(map);
                break;
            case 5:
                proof.epochs = map.list(0, kProofEpochsMax, [](cbor::Decoder& in) {
                    return decode_epoch_transition(in);
                });
                break;
            case 6:
                proof.revocation_tx = map.bytes(65'535);
                has_revocation = true;
                break;
            case 7:
                proof.revocation_proof = proof_text(map);
                break;
            case 8:
                proof.status_tx = map.bytes(65'535);
                has_status = true;
                break;
            case 9:
                proof.status_proof = proof_text(map);
                break;
            default:
                map.unknown();
        }
    }
    if (has_revocation == proof.revocation_proof.empty()) {
        map.refuse(Refusal::kMalformed, "a revocation comes with its proof");
    }
    if (has_status == proof.status_proof.empty()) {
        map.refuse(Refusal::kMalformed, "a status comes with its proof");
    }
    if (steps_alone == proof.is_whole() || (steps_alone && proof.epochs.empty())) {
        map.refuse(Refusal::kMalformed, "neither a release nor a step is in it");
    }
    if (steps_alone) return map.finish(std::move(proof), {0, 5});
    return map.finish(std::move(proof), {0, 1, 2, 3, 4, 5});
}

struct Decoded {
    DeviceProof proof;
    Transaction release_tx, policy_tx;  // views into `proof`
    ReleaseRecord release;
    VendorPolicy policy;
    TlogProof release_path, policy_path;
};

Result<Transaction> decode_of_type(ByteView bytes, TxType type, const ChainId& chain) {
    auto tx = decode_transaction(bytes);
    if (!tx) return tx;
    if (tx->body.chain_id != chain) {
        return fail(Refusal::kChainIdMismatch, "the transaction is of another ledger");
    }
    if (tx->body.type != type) return fail(Refusal::kMalformed, "unexpected transaction type");
    return tx;
}

// Step 1: everything decodes and is of this chain; a subject that contradicts the body is
// malformed.
Result<void> decode_all(Decoded& out, const Anchor& anchor) {
    auto release_tx = decode_of_type(out.proof.release_tx, TxType::kRelease, anchor.chain_id);
    if (!release_tx) return fail(std::move(release_tx).error().within("release"));
    auto policy_tx = decode_of_type(out.proof.policy_tx, TxType::kVendorPolicy, anchor.chain_id);
    if (!policy_tx) return fail(std::move(policy_tx).error().within("vendor policy"));
    auto release = decode_release(release_tx->body.body);
    if (!release) return fail(std::move(release).error());
    auto policy = decode_vendor_policy(policy_tx->body.body);
    if (!policy) return fail(std::move(policy).error());
    if (release_tx->subject != subject_of(*release) || policy_tx->subject != subject_of(*policy)) {
        return fail(Refusal::kMalformed, "a subject is not that of its body");
    }
    auto release_path = parse_tlog_proof(out.proof.release_proof);
    if (!release_path) return fail(std::move(release_path).error());
    auto policy_path = parse_tlog_proof(out.proof.policy_proof);
    if (!policy_path) return fail(std::move(policy_path).error());
    if (release_path->checkpoint != policy_path->checkpoint) {
        return fail(Refusal::kProofInvalid, "the two proofs are under different checkpoints");
    }
    out.release_tx = std::move(*release_tx);
    out.policy_tx = std::move(*policy_tx);
    out.release = std::move(*release);
    out.policy = std::move(*policy);
    out.release_path = std::move(*release_path);
    out.policy_path = std::move(*policy_path);
    return {};
}

// Step 2: from the epoch that is known to the one whose members cosigned, each signed by a quorum
// of the one before.
Result<EpochRecord> newest_epoch(const DeviceProof& proof, const DeviceTrust& trust) {
    EpochRecord known = trust.epoch.value_or(trust.anchor.epoch);
    for (const EpochTransition& next : proof.epochs) {
        if (next.record.epoch < known.epoch) continue;
        if (next.record == known) continue;
        if (auto follows = check_epoch_transition(next, known); !follows) {
            return fail(std::move(follows).error());
        }
        known = next.record;
    }
    return known;
}

// Step 3: not back in the log, not another log of the same size, not too old. An older time alone
// is no way back: it comes of members' clocks, or of a gateway that has older cosignatures of the
// same log. What was learnt of the time keeps counting where there is no clock.
Result<void> check_freshness(const QuorumCheckpoint& found, const DeviceTrust& trust) {
    std::uint64_t now = trust.now.value_or(0);
    if (trust.checkpoint) {
        const TrustedCheckpoint& stored = *trust.checkpoint;
        const bool forked =
            found.checkpoint.size == stored.size && found.checkpoint.root != stored.root;
        if (found.checkpoint.size < stored.size || forked) {
            return fail(Refusal::kCheckpointRolledBack,
                        "checkpoint of size " + std::to_string(found.checkpoint.size) +
                            "; known is size " + std::to_string(stored.size) +
                            (forked ? " with another root" : ""));
        }
        now = std::max(now, stored.time);
    }
    if (found.time < now && now - found.time > trust.checkpoint_age_max_s) {
        return fail(Refusal::kCheckpointStale,
                    "checkpoint is " + std::to_string(now - found.time) + " s old");
    }
    return {};
}

// Whether the path leads from the transaction to the one checkpoint of all proofs.
bool is_under(const Transaction& tx,
              const TlogProof& proof,
              const Decoded& in,
              const Checkpoint& checkpoint) {
    return proof.checkpoint == in.release_path.checkpoint &&
           crypto::verify_inclusion(tx.leaf, proof.index, checkpoint.size, proof.path,
                                    checkpoint.root);
}

// Step 4.
Result<void> check_inclusion(const Decoded& in, const Checkpoint& checkpoint) {
    if (!is_under(in.release_tx, in.release_path, in, checkpoint)) {
        return fail(Refusal::kProofInvalid, "the release is not under the checkpoint");
    }
    if (!is_under(in.policy_tx, in.policy_path, in, checkpoint)) {
        return fail(Refusal::kProofInvalid, "the vendor policy is not under the checkpoint");
    }
    return {};
}

// Step 6, of keys that were revoked: whether the release was signed in time. That the revocation is
// its owner's is what the ledger has checked.
Result<bool> check_revocation(const Decoded& in, const Checkpoint& checkpoint) {
    if (in.proof.revocation_proof.empty()) return false;
    const auto tx = decode_of_type(in.proof.revocation_tx, TxType::kRevokeKey,
                                   in.release_tx.body.chain_id);
    if (!tx) return fail(Error(tx.error()).within("revocation"));
    const auto revocation = decode_revocation(tx->body.body);
    if (!revocation) return fail(revocation.error());
    const auto path = parse_tlog_proof(in.proof.revocation_proof);
    if (!path) return fail(path.error());
    if (!is_under(*tx, *path, in, checkpoint)) {
        return fail(Refusal::kProofInvalid, "the revocation is not under the checkpoint");
    }
    const bool concerns =
        std::any_of(in.release_tx.signatures.begin(), in.release_tx.signatures.end(),
                    [&](const auto& signature) { return signature.key_id == revocation->key; });
    if (!concerns) return fail(Refusal::kMalformed, "the revocation is of another key");
    const std::uint64_t since =
        std::min(revocation->compromised_since.value_or(path->index), path->index);
    if (in.release_path.index >= since) {
        return fail(Refusal::kKeyRevoked,
                    "the key that signed the release was revoked, from entry " +
                        std::to_string(since) + " of the log on");
    }
    return true;
}

// Step 5.
Result<void> check_policy(const Decoded& in, const DeviceTrust& trust) {
    if (!verify_single_signature(in.policy_tx, trust.anchor.oem_root)) {
        return fail(Refusal::kSignatureInvalid,
                    "the vendor policy is not signed by the OEM's root key");
    }
    if (in.policy.vendor != trust.anchor.vendor) {
        return fail(Refusal::kVendorMismatch, "the vendor policy is of another vendor");
    }
    if (in.policy.version < trust.policy_version) {
        return fail(Refusal::kPolicyVersionNotIncreasing,
                    "vendor policy " + std::to_string(in.policy.version) + "; known is " +
                        std::to_string(trust.policy_version));
    }
    return {};
}

// That a status key of the policy signed it, and that it is of this release's vendor, class and
// component.
Result<StatusRecord> genuine_status(const Decoded& in, const Checkpoint& checkpoint) {
    const auto tx =
        decode_of_type(in.proof.status_tx, TxType::kStatus, in.release_tx.body.chain_id);
    if (!tx) return fail(Error(tx.error()).within("status"));
    auto status = decode_status(tx->body.body);
    if (!status) return status;
    if (tx->subject != subject_of(*status)) {
        return fail(Refusal::kMalformed, "status: the subject is not that of the body");
    }
    const auto path = parse_tlog_proof(in.proof.status_proof);
    if (!path) return fail(path.error());
    if (!is_under(*tx, *path, in, checkpoint)) {
        return fail(Refusal::kProofInvalid, "the status is not under the checkpoint");
    }
    const auto signed_by = [&](const PolicyKey& key) {
        return key.slot == tx->body.slot && verify_single_signature(*tx, key.key).has_value();
    };
    if (std::none_of(in.policy.status_keys.begin(), in.policy.status_keys.end(), signed_by)) {
        return fail(Refusal::kSignerNotPermitted, "the status is by no status key of the policy");
    }
    if (status->vendor != in.release.vendor || status->device_class != in.release.device_class ||
        status->component != in.release.component) {
        return fail(Refusal::kStatusMissing, "the status is of other devices or another component");
    }
    return status;
}

// Step 8, of a device that asks for a status: what a gateway that hides a recall cannot show. `now`
// is the least that the time can be.
Result<StatusRecord> check_status(const Decoded& in,
                                  const Checkpoint& checkpoint,
                                  const DeviceState& device,
                                  std::uint64_t now) {
    if (in.proof.status_proof.empty()) {
        return fail(Refusal::kStatusMissing, "the proof has none, and this device asks for one");
    }
    auto status = genuine_status(in, checkpoint);
    if (!status) return status;
    if (status->serial < device.status_serial) {
        return fail(Refusal::kStatusRolledBack,
                    "status " + std::to_string(status->serial) + "; known is " +
                        std::to_string(device.status_serial));
    }
    if (status->not_after < now) {
        return fail(Refusal::kStatusExpired, "the status held until " +
                                                 std::to_string(status->not_after) +
                                                 ", it is at least " + std::to_string(now));
    }
    if (status->release != in.release_tx.leaf) {
        return fail(Refusal::kReleaseNotCurrent, "the status names another release");
    }
    if (in.release.sequence < status->min_sequence) {
        return fail(Refusal::kSequenceBelowFloor,
                    "sequence " + std::to_string(in.release.sequence) +
                        "; the floor of the status is " + std::to_string(status->min_sequence));
    }
    return status;
}

// Step 7.
Result<void> check_suitable(const ReleaseRecord& release, const DeviceState& device) {
    if (release.device_class != device.device_class) {
        return fail(Refusal::kClassMismatch, "the release is for another hardware class");
    }
    if (release.component != device.component) {
        return fail(Refusal::kComponentMismatch,
                    "the release is for component " + release.component);
    }
    if (std::find(device.payloads.begin(), device.payloads.end(), release.payload_type) ==
        device.payloads.end()) {
        return fail(Refusal::kPayloadUnsupported,
                    "payload type " + std::string(to_string(release.payload_type)));
    }
    const auto whole =
        std::find_if(release.images.begin(), release.images.end(),
                     [](const auto& image) { return image.role == ImageRole::kFull; });
    if (whole == release.images.end()) {
        return fail(Refusal::kPayloadUnsupported, "the release has no full image");
    }
    return {};
}

// Step 9.
Result<void> check_order(const ReleaseRecord& release,
                         const DeviceState& device,
                         std::optional<std::uint64_t> now) {
    const std::uint64_t sequence = release.sequence;
    if (sequence < device.sequence_floor ||
        (device.installed_sequence && sequence <= *device.installed_sequence)) {
        return fail(Refusal::kSequenceBelowFloor,
                    "sequence " + std::to_string(sequence) + "; installed is " +
                        std::to_string(device.installed_sequence.value_or(0)) + ", floor is " +
                        std::to_string(device.sequence_floor));
    }
    if (release.applies_to) {
        const std::uint64_t installed = device.installed_sequence.value_or(0);
        const AppliesTo& range = *release.applies_to;
        if (installed < range.from_sequence.value_or(0) ||
            installed > range.to_sequence.value_or(UINT64_MAX) ||
            range.bootloader_min.value_or(0) > 0) {
            return fail(Refusal::kFromVersionNotAllowed,
                        "the release does not apply to sequence " + std::to_string(installed));
        }
    }
    if (!release.depends_on.empty()) {
        return fail(Refusal::kDependencyMissing,
                    "component " + release.depends_on.front().component + " is not installed here");
    }
    if (now && release.not_before.value_or(0) > *now) {
        return fail(Refusal::kReleaseNotYetValid,
                    "not before " + std::to_string(*release.not_before));
    }
    if (now && release.expires && *release.expires <= *now) {
        return fail(Refusal::kReleaseExpired, "expired at " + std::to_string(*release.expires));
    }
    return {};
}

Result<DeviceProof> decode_for(ByteView bundle, const DeviceTrust& trust) {
    if (trust.device && bundle.size() > kDeviceProofBytesMax) {
        return fail(Refusal::kLimitExceeded, "device proof is too large");
    }
    return decode_device_proof(bundle);
}

}  // namespace

Bytes encode_device_proof(const DeviceProof& proof) {
    const std::string checkpoint = checkpoint_of(proof.release_proof);
    cbor::Encoder out;
    out.map((proof.is_whole() ? 6U : 2U) + (proof.revocation_proof.empty() ? 0U : 2U) +
            (proof.status_proof.empty() ? 0U : 2U));
    out.unsigned_int(0).unsigned_int(kFormat);
    if (proof.is_whole()) {
        out.unsigned_int(1).bytes(proof.release_tx);
        out.unsigned_int(2).encoded(encode_compact_proof(proof.release_proof));
        out.unsigned_int(3).bytes(proof.policy_tx);
        out.unsigned_int(4).encoded(encode_compact_proof(proof.policy_proof, checkpoint));
    }
    out.unsigned_int(5).array(proof.epochs.size());
    for (const EpochTransition& next : proof.epochs) out.encoded(encode_epoch_transition(next));
    if (!proof.revocation_proof.empty()) {
        out.unsigned_int(6).bytes(proof.revocation_tx);
        out.unsigned_int(7).encoded(encode_compact_proof(proof.revocation_proof, checkpoint));
    }
    if (!proof.status_proof.empty()) {
        out.unsigned_int(8).bytes(proof.status_tx);
        out.unsigned_int(9).encoded(encode_compact_proof(proof.status_proof, checkpoint));
    }
    return out.take();
}

Result<DeviceProof> decode_device_proof(ByteView input) {
    if (input.size() > kAuditProofBytesMax) {
        return fail(Refusal::kLimitExceeded, "device proof is too large");
    }
    return decode_whole(input, read_proof);
}

Result<std::optional<EpochRecord>> follow_epoch_steps(ByteView bundle, const DeviceTrust& trust) {
    auto proof = decode_for(bundle, trust);
    if (!proof) return fail(std::move(proof).error());
    if (proof->is_whole()) return std::nullopt;
    auto reached = newest_epoch(*proof, trust);
    if (!reached) return fail(std::move(reached).error());
    const std::uint64_t known = trust.epoch.value_or(trust.anchor.epoch).epoch;
    if (reached->epoch <= known) {
        return fail(Refusal::kEpochUnknown,
                    "no step leads beyond epoch " + std::to_string(known) + ", which is known");
    }
    return std::optional(*std::move(reached));
}

Result<VerifiedRelease> verify_device_proof(ByteView bundle, const DeviceTrust& trust) {
    auto proof = decode_for(bundle, trust);
    if (!proof) return fail(std::move(proof).error());
    if (!proof->is_whole()) {
        return fail(Refusal::kMalformed, "steps between epochs alone: no release is proved");
    }
    Decoded in;
    in.proof = std::move(*proof);
    if (auto r = decode_all(in, trust.anchor); !r) return fail(std::move(r).error());

    auto epoch = newest_epoch(in.proof, trust);
    if (!epoch) return fail(std::move(epoch).error());
    auto found = verify_checkpoint(in.release_path.checkpoint, trust.anchor.origin, *epoch);
    if (!found) return fail(std::move(found).error());
    if (auto r = check_freshness(*found, trust); !r) return fail(std::move(r).error());
    if (auto r = check_inclusion(in, found->checkpoint); !r) return fail(std::move(r).error());
    if (auto r = check_policy(in, trust); !r) return fail(std::move(r).error());
    if (auto r = release_policy_satisfied(in.release_tx, in.release.component, in.policy); !r) {
        return fail(std::move(r).error());
    }
    const auto revoked_later = check_revocation(in, found->checkpoint);
    if (!revoked_later) return fail(revoked_later.error());
    if (in.release.vendor != trust.anchor.vendor) {
        return fail(Refusal::kVendorMismatch, "the release is for another vendor's devices");
    }
    VerifiedRelease verified;
    if (trust.device) {
        if (auto r = check_suitable(in.release, *trust.device); !r)
            return fail(std::move(r).error());
        // Without a clock the newest checkpoint's time is the best lower bound there is.
        const std::uint64_t known = trust.checkpoint ? trust.checkpoint->time : 0;
        const std::uint64_t now = std::max({trust.now.value_or(0), found->time, known});
        if (trust.device->requires_status) {
            auto status = check_status(in, found->checkpoint, *trust.device, now);
            if (!status) return fail(std::move(status).error());
            verified.status_serial = status->serial;
            verified.status_floor = status->min_sequence;
        }
        if (auto r = check_order(in.release, *trust.device, now); !r)
            return fail(std::move(r).error());
    }

    verified.leaf = in.release_tx.leaf;
    verified.release_issuer = in.release_tx.issuer;
    verified.release = std::move(in.release);
    verified.policy_version = in.policy.version;
    verified.checkpoint = {found->checkpoint.size, found->checkpoint.root, found->time};
    verified.cosignatures = found->cosignatures.size();
    verified.log_index = in.release_path.index;
    verified.epoch = std::move(*epoch);
    verified.is_key_revoked_later = *revoked_later;
    return verified;
}

}  // namespace assay::ledger
