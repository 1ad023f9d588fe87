// assay verify: checks a proof offline, by what whoever asks has from elsewhere: a device proof by an
// anchor, a tlog-proof by a policy, a case file by the policies of both ledgers.

#include <fmt/format.h>

#include "gateway/cli/verify_verbs.hpp"
#include "gateway/investigation/case_file.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/device_proof.hpp"
#include "ledger/core/log_policy.hpp"
#include "ledger/core/tlog_proof.hpp"
#include "ledger/core/transaction.hpp"

namespace assay::gateway::cli {
namespace {

// What the proof is about: its own entry, or what was named, or both if they agree.
Answer<ledger::LeafHash> leaf_of(const ledger::EntryProof& proof, const std::string& named) {
    std::optional<ledger::LeafHash> leaf;
    if (!named.empty()) {
        leaf = hash_from_hex<ledger::LeafHash>(named);
        if (!leaf) return give_up(ExitCode::kUsage, "--leaf is 64 hexadecimal digits");
    }
    if (proof.entry.empty()) {
        if (leaf) return *leaf;
        return give_up(ExitCode::kUsage, "the proof does not hold its entry",
                       "Name it with --leaf.");
    }
    const ledger::LeafHash own = crypto::leaf_hash(proof.entry);
    if (leaf && *leaf != own) {
        return give_up(ExitCode::kVerificationFailed,
                       "NOT verified: the proof is of entry " + to_hex(own.view()),
                       "Do not trust this file.");
    }
    return own;
}

// For people: of what the log holds. That its signers may say so is not the policy's to tell.
void describe_entry(ByteView entry, Output& output) {
    const auto tx = ledger::decode_transaction(entry);
    if (!tx) return;
    output.json["issuer"] = tx->issuer;
    output.json["subject"] = tx->subject;
    output.json["chain_id"] = to_hex(tx->body.chain_id.view());
    output.text += fmt::format("  entry       by {}: {}\n", tx->issuer, tx->subject);
    if (tx->body.type != ledger::TxType::kRelease) return;
    const auto release = ledger::decode_release(tx->body.body);
    if (!release) return;
    output.json["component"] = release->component;
    output.json["sequence"] = release->sequence;
    output.json["version"] = release->version;
    output.text += fmt::format("  release     {} {} (sequence {})\n", release->component,
                               release->version, release->sequence);
}

Outcome verify_tlog_proof(const VerifyOptions& options, ByteView text) {
    if (options.policies.size() != 1) {
        return give_up(ExitCode::kUsage, "a tlog-proof is of one log: name one --policy");
    }
    const auto policy = read_log_policy(options.policies.front());
    if (!policy) return tl::unexpected(policy.error());
    const auto proof = ledger::parse_entry_proof(as_text(text));
    if (!proof) return refuse_proof(proof.error());
    const auto leaf = leaf_of(*proof, options.leaf);
    if (!leaf) return tl::unexpected(leaf.error());
    const auto found = ledger::verify_checkpoint(proof->proof.checkpoint, *policy);
    if (!found) return refuse_proof(found.error());
    const ledger::Checkpoint& checkpoint = found->checkpoint;
    if (!crypto::verify_inclusion(*leaf, proof->proof.index, checkpoint.size, proof->proof.path,
                                  checkpoint.root)) {
        return refuse_proof(Error(Refusal::kProofInvalid, "the entry is not under the checkpoint"));
    }
    std::string witnesses;
    for (const std::string& name : found->witnesses) witnesses += " " + name;
    Output output;
    output.json["verified"] = true;
    output.json["leaf"] = to_hex(leaf->view());
    output.json["origin"] = checkpoint.origin;
    output.json["index"] = proof->proof.index;
    output.json["checkpoint_size"] = checkpoint.size;
    output.json["checkpoint_time"] = found->time;
    output.json["cosignatures"] = found->witnesses.size();
    output.text = fmt::format("Verified: entry {} of {} in the log {}\n  leaf        {}\n"
                              "  cosigned    by{}\n",
                              proof->proof.index, checkpoint.size, checkpoint.origin,
                              to_hex(leaf->view()), witnesses);
    describe_entry(proof->entry, output);
    return output;
}

Outcome verify_device_bundle(const VerifyOptions& options) {
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
    if (!verified) return refuse_proof(verified.error());

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

}  // namespace

tl::unexpected<Failure> refuse_proof(const Error& error) {
    Failure failure(error);
    failure.code = ExitCode::kVerificationFailed;
    failure.message = "NOT verified: " + failure.message;
    failure.advice = "Do not trust this file.";
    return tl::unexpected(std::move(failure));
}

Answer<ledger::LogPolicy> read_log_policy(const std::filesystem::path& path) {
    const auto text = read_file(path, ledger::kLogPolicyBytesMax);
    if (!text) return give_up(text.error());
    auto policy = ledger::parse_log_policy(as_text(*text));
    if (!policy) return give_up(Error(policy.error()).within(path.string()));
    return *policy;
}

Outcome verify_proof(const VerifyOptions& options) {
    if (options.anchor.empty() == options.policies.empty()) {
        return give_up(ExitCode::kUsage, "verify wants --policy for a tlog-proof or a case file, or "
                                         "--anchor for a device proof");
    }
    if (!options.more_files.empty() && options.policies.empty()) {
        return give_up(ExitCode::kUsage, "of device proofs one is checked at a time");
    }
    if (options.policies.empty()) return verify_device_bundle(options);
    const auto bytes = read_file(options.file, kCaseFileBytesMax);
    if (!bytes) return give_up(bytes.error());
    if (looks_like_case_file(*bytes)) return verify_cases(options, *bytes);
    if (!options.more_files.empty()) {
        return give_up(ExitCode::kUsage, "of tlog-proofs one is checked at a time");
    }
    return verify_tlog_proof(options, *bytes);
}

}  // namespace assay::gateway::cli
