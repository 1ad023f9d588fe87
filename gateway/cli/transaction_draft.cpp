#include "gateway/cli/transaction_draft.hpp"

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "gateway/api/member_json.hpp"
#include "gateway/cli/compose_release.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "ledger/core/registry_change.hpp"
#include "ledger/core/vendor_policy.hpp"

namespace assay::gateway::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kDraftBytesMax = 65'535;

// Offline nobody knows the registry; keys say who is meant.
std::string slot_name(ledger::Slot slot) { return "slot " + std::to_string(slot); }

std::string describe_key(const ledger::PolicyKey& key) {
    return slot_name(key.slot) + ", key " + to_hex(crypto::key_id(key.key));
}

// A record decoded, and its subject the one that the transaction carries.
template <typename Record>
Answer<Record> decode_body(const ledger::Transaction& tx,
                           Result<Record> (*decode)(ByteView),
                           std::string (*subject)(const Record&)) {
    auto record = decode(tx.body.body);
    if (!record) return give_up(record.error());
    if (tx.subject != subject(*record)) {
        return give_up(ExitCode::kVerificationFailed, "the subject is not that of what it says",
                       "Do not sign it. Ask for a new draft.");
    }
    return std::move(*record);
}

json::object describe_release_in_full(const ledger::ReleaseRecord& record) {
    json::object out = describe_release(record);
    json::array further;
    for (std::size_t i = 1; i < record.images.size(); ++i) {
        further.push_back(json::string("sha256 " + to_hex(record.images[i].sha256.view())));
    }
    if (!further.empty()) out["further_images"] = std::move(further);
    return out;
}

json::object describe_policy(const ledger::VendorPolicy& policy) {
    json::object out;
    out["vendor"] = to_hex(policy.vendor);
    out["version"] = policy.version;
    out["threshold"] = policy.threshold;
    json::array release_keys;
    for (const auto& key : policy.keys) release_keys.push_back(json::string(describe_key(key)));
    out["release_keys"] = std::move(release_keys);
    json::array delegations;
    for (const ledger::Delegation& delegation : policy.delegations) {
        delegations.push_back(json::string(fmt::format("{}: {}", describe_key(delegation.signer),
                                                       fmt::join(delegation.components, ", "))));
    }
    out["delegations"] = std::move(delegations);
    json::array status_keys;
    for (const auto& key : policy.status_keys) {
        status_keys.push_back(json::string(describe_key(key)));
    }
    out["status_keys"] = std::move(status_keys);
    return out;
}

json::object describe_proposal(const ledger::Proposal& proposal) {
    json::object out = describe_change(proposal.change, slot_name);
    out["expires"] = proposal.expires;
    return out;
}

json::object describe_revocation(const ledger::KeyRevocation& revocation) {
    json::object out;
    out["revokes_key"] = to_hex(revocation.key);
    if (revocation.compromised_since) out["since_entry"] = *revocation.compromised_since;
    return out;
}

Answer<json::object> describe_approval(const ledger::LeafHash& leaf,
                                       const std::filesystem::path& file) {
    json::object out;
    out["approves"] = to_hex(leaf.view());
    const std::filesystem::path beside = proposal_beside(file);
    std::error_code ignored;
    if (!std::filesystem::exists(beside, ignored)) {
        out["proposal"] = "not shown: " + beside.string() + " is missing";
        return out;
    }
    const auto bytes = read_draft(beside);
    if (!bytes) return tl::unexpected(bytes.error());
    if (crypto::leaf_hash(*bytes) != leaf) {
        return give_up(ExitCode::kVerificationFailed,
                       beside.string() + " is not the proposal that the draft approves",
                       "Do not sign it. Ask for a new draft.");
    }
    const auto tx = ledger::decode_transaction(*bytes);
    if (!tx) return give_up(Error(tx.error()).within(beside.string()));
    const auto proposal = ledger::decode_proposal(tx->body.body);
    if (!proposal) return give_up(Error(proposal.error()).within(beside.string()));
    out["proposer"] = tx->issuer;
    for (auto& [key, value] : describe_proposal(*proposal)) out[key] = std::move(value);
    return out;
}

template <typename Record>
Answer<json::object> describe_body(const ledger::Transaction& tx,
                                   Result<Record> (*decode)(ByteView),
                                   std::string (*subject)(const Record&),
                                   json::object (*describe_record)(const Record&)) {
    const auto record = decode_body(tx, decode, subject);
    if (!record) return tl::unexpected(record.error());
    return describe_record(*record);
}

Answer<json::object> describe_statement(const ledger::Transaction& tx,
                                        const std::filesystem::path& file) {
    switch (tx.body.type) {
        case ledger::TxType::kRelease:
            return describe_body<ledger::ReleaseRecord>(
                tx, ledger::decode_release, ledger::subject_of, describe_release_in_full);
        case ledger::TxType::kVendorPolicy:
            return describe_body<ledger::VendorPolicy>(tx, ledger::decode_vendor_policy,
                                                       ledger::subject_of, describe_policy);
        case ledger::TxType::kPropose:
            return describe_body<ledger::Proposal>(tx, ledger::decode_proposal, ledger::subject_of,
                                                   describe_proposal);
        case ledger::TxType::kRotateKey:
            return describe_body<ledger::RegistryChange>(
                tx, ledger::decode_change, ledger::rotation_subject,
                [](const ledger::RegistryChange& change) {
                    return describe_change(change, slot_name);
                });
        case ledger::TxType::kRevokeKey:
            return describe_body<ledger::KeyRevocation>(tx, ledger::decode_revocation,
                                                        ledger::subject_of, describe_revocation);
        case ledger::TxType::kApprove: {
            const auto leaf = decode_body<ledger::LeafHash>(tx, ledger::decode_approval,
                                                            ledger::approval_subject);
            if (!leaf) return tl::unexpected(leaf.error());
            return describe_approval(*leaf, file);
        }
        default:
            return give_up(ExitCode::kUsage, "it is not a draft of anything that members sign");
    }
}

std::string_view title_of(ledger::TxType type) {
    switch (type) {
        case ledger::TxType::kRelease:
            return "a release";
        case ledger::TxType::kVendorPolicy:
            return "a vendor policy";
        case ledger::TxType::kPropose:
            return "a proposal";
        case ledger::TxType::kApprove:
            return "an approval";
        case ledger::TxType::kRotateKey:
            return "a new key of a member";
        case ledger::TxType::kRevokeKey:
            return "the revocation of a key";
        default:
            return "a transaction";
    }
}

void add_line(std::string& text, std::string_view name, const json::value& value) {
    const std::string shown =
        value.is_string() ? std::string(value.as_string()) : json::serialize(value);
    text += fmt::format("  {:<14} {}\n", name, shown);
}

// One line for each member, and for each element of a list.
std::string table_of(const json::object& statement) {
    std::string text;
    for (const auto& [name, value] : statement) {
        if (!value.is_array()) {
            add_line(text, name, value);
            continue;
        }
        for (const json::value& element : value.as_array()) add_line(text, name, element);
    }
    return text;
}

}  // namespace

Answer<TransactionDraft> open_draft(Bytes bytes, const std::filesystem::path& file) {
    TransactionDraft draft;
    draft.bytes = std::move(bytes);
    auto tx = ledger::decode_transaction(draft.bytes);
    if (!tx) return give_up(Error(tx.error()).within(file.string()));
    auto statement = describe_statement(*tx, file);
    if (!statement) {
        statement.error().message = file.string() + ": " + statement.error().message;
        return tl::unexpected(statement.error());
    }
    draft.tx = std::move(*tx);
    draft.statement = std::move(*statement);
    return draft;
}

Answer<Bytes> read_draft(const std::filesystem::path& file) {
    auto bytes = read_file(file, kDraftBytesMax);
    if (!bytes) return give_up(bytes.error());
    return std::move(*bytes);
}

Answer<void> write_draft(const std::filesystem::path& file, ByteView bytes) {
    if (auto written = write_file_durable(file, bytes); !written) return give_up(written.error());
    return {};
}

std::filesystem::path proposal_beside(const std::filesystem::path& draft) {
    return draft.string() + ".proposal";
}

Output describe_draft(const TransactionDraft& draft, const std::filesystem::path& file) {
    Output output;
    output.json = draft.statement;
    output.json["draft"] = file.string();
    output.json["chain_id"] = to_hex(draft.tx.body.chain_id.view());
    output.json["issuer"] = draft.tx.issuer;
    output.json["subject"] = draft.tx.subject;
    output.json["valid_until"] = draft.tx.body.valid_until;
    std::size_t missing = 0;
    json::array signatures;
    for (const crypto::CoseSignature& signature : draft.tx.signatures) {
        json::object entry;
        entry["key"] = to_hex(signature.key_id);
        entry["signed"] = !crypto::is_blank(signature);
        missing += crypto::is_blank(signature) ? 1 : 0;
        signatures.push_back(std::move(entry));
    }
    output.json["signatures"] = std::move(signatures);
    output.json["missing"] = missing;
    output.text = fmt::format(
        "{} by {}\n{}  {:<14} {}, until block {}\n  {} of {} signatures are missing\n",
        title_of(draft.tx.body.type), draft.tx.issuer, table_of(draft.statement), "ledger",
        text_at(output.json, "chain_id"), draft.tx.body.valid_until, missing,
        draft.tx.signatures.size());
    return output;
}

}  // namespace assay::gateway::cli
