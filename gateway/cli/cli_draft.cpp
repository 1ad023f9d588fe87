// assay release draft, sign, submit: a release that several members sign without meeting. The draft
// is the transaction itself with its signatures missing, so it carries everything that is signed;
// every signer is shown it, and needs neither a daemon nor a network.

#include <algorithm>

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include "gateway/cli/compose_release.hpp"
#include "gateway/cli/submission.hpp"
#include "gateway/cli/verbs.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway::cli {
namespace {

constexpr std::size_t kDraftBytesMax = 65'535;

// A draft and what it says. The transaction points into the bytes, which therefore never move.
struct OpenDraft {
    explicit OpenDraft(Bytes read) : bytes{std::move(read)} {}
    Bytes bytes;
    ledger::Transaction tx;
    ledger::ReleaseRecord record;
};

Answer<void> open_draft(OpenDraft& draft, const std::string& file) {
    auto tx = ledger::decode_transaction(draft.bytes);
    if (!tx) return give_up(Error(tx.error()).within(file));
    if (tx->body.type != ledger::TxType::kRelease) {
        return give_up(ExitCode::kUsage, file + " is not the draft of a release");
    }
    auto record = ledger::decode_release(tx->body.body);
    if (!record) return give_up(Error(record.error()).within(file));
    if (tx->subject != ledger::subject_of(*record)) {
        return give_up(ExitCode::kVerificationFailed,
                       file + ": the subject is not that of the release",
                       "Do not sign it. Ask for a new draft.");
    }
    draft.tx = std::move(*tx);
    draft.record = std::move(*record);
    return {};
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

// Everything that a signature will stand for.
Output describe(const OpenDraft& draft, const std::filesystem::path& file) {
    Output output;
    output.json = describe_release(draft.record);
    output.json["draft"] = file.string();
    output.json["chain_id"] = to_hex(draft.tx.body.chain_id.view());
    output.json["issuer"] = draft.tx.issuer;
    output.json["valid_until"] = draft.tx.body.valid_until;
    std::size_t missing = 0;
    boost::json::array signatures;
    for (const crypto::CoseSignature& signature : draft.tx.signatures) {
        boost::json::object entry;
        entry["key"] = to_hex(signature.key_id);
        entry["signed"] = !crypto::is_blank(signature);
        missing += crypto::is_blank(signature) ? 1 : 0;
        signatures.push_back(std::move(entry));
    }
    output.json["signatures"] = std::move(signatures);
    output.json["missing"] = missing;
    output.text = fmt::format(
        "{} {} (sequence {})\n  vendor   {}\n  class    {}\n  image    {}, {} bytes\n"
        "  sha256   {}\n  ledger   {}, until block {}\n  {} of {} signatures are missing\n",
        draft.record.component, draft.record.version, draft.record.sequence,
        text_at(output.json, "vendor"), text_at(output.json, "class"), text_at(output.json, "cid"),
        text_at(output.json, "bytes"), text_at(output.json, "sha256"),
        text_at(output.json, "chain_id"), draft.tx.body.valid_until, missing,
        draft.tx.signatures.size());
    for (const ledger::ReleaseImage& image : draft.record.images) {
        if (&image == &draft.record.images.front()) continue;
        output.text += fmt::format("  image    sha256 {}\n", to_hex(image.sha256.view()));
    }
    return output;
}

// The members that are to sign, by ascending slot: an order that the ledger insists on.
Answer<std::vector<ledger::Member>> choose_signers(const DraftOptions& options,
                                                   const DaemonClient& daemon,
                                                   const Membership& membership,
                                                   const ledger::Uuid& vendor) {
    std::vector<ledger::Member> signers;
    std::vector<std::string> names = options.signers;
    if (names.empty()) names.push_back(membership.self.name);
    for (const std::string& name : names) {
        const ledger::Member* const member = membership.find(name);
        if (member == nullptr) {
            return give_up(ExitCode::kUsage,
                           "the consortium has no active member \"" + name + "\"");
        }
        signers.push_back(*member);
    }
    std::ranges::sort(signers, {}, &ledger::Member::slot);
    const auto policy = daemon.get("/v1/policies/" + to_hex(vendor));
    if (!policy) return tl::unexpected(policy.error());
    const auto& holders = policy->at("release_keys").as_array();
    const bool is_release_key = std::ranges::any_of(holders, [&](const auto& holder) {
        return holder.as_string() == signers.front().name;
    });
    const auto threshold = policy->at("threshold").to_number<std::size_t>();
    if (is_release_key && signers.size() != threshold) {
        return give_up(ExitCode::kUsage,
                       fmt::format("{} signers, the vendor policy asks for exactly {}",
                                   signers.size(), threshold),
                       "Name each with --signer; see `assay ledger status` for the members.");
    }
    return signers;
}

}  // namespace

Outcome draft_release(const DraftOptions& options) {
    const MemberFolder folder(options.release.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    const auto signers = choose_signers(options, *daemon, *membership,
                                        ledger::vendor_id_of(options.release.vendor));
    if (!signers) return tl::unexpected(signers.error());
    const auto record = compose_release(folder, options.release);
    if (!record) return tl::unexpected(record.error());
    const auto statement = make_statement(ledger::TxType::kRelease, *record, ledger::encode_release,
                                          ledger::decode_release);
    if (!statement) return tl::unexpected(statement.error());

    ledger::TxBody body;
    body.type = statement->type;
    body.chain_id = membership->chain_id;
    body.slot = signers->front().slot;
    body.valid_until = membership->valid_until();
    body.body = statement->body;
    std::vector<crypto::PublicKey> keys;
    for (const ledger::Member& signer : *signers) keys.push_back(signer.tx);
    auto bytes =
        ledger::draft_transaction(body, {signers->front().name, statement->subject, keys});
    if (!bytes) return give_up(bytes.error());
    OpenDraft draft(std::move(*bytes));
    if (auto opened = open_draft(draft, options.out.string()); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto written = write_draft(options.out, draft.bytes); !written) {
        return tl::unexpected(written.error());
    }
    Output output = describe(draft, options.out);
    output.text += fmt::format("Drafted. Each signer runs `assay release sign {}`.\n",
                               options.out.filename().string());
    return output;
}

Outcome sign_draft(const SignDraftOptions& options) {
    const MemberFolder folder(options.dir);
    const auto chain_id = read_chain_id(folder);
    if (!chain_id) return tl::unexpected(chain_id.error());
    auto bytes = read_draft(options.file);
    if (!bytes) return tl::unexpected(bytes.error());
    OpenDraft draft(std::move(*bytes));
    if (auto opened = open_draft(draft, options.file.string()); !opened) {
        return tl::unexpected(opened.error());
    }
    if (draft.tx.body.chain_id != *chain_id) {
        return give_up(ExitCode::kVerificationFailed,
                       "the draft is for another ledger than this member's",
                       "Do not sign it. Ask whoever made it which consortium it is for.");
    }
    const auto key = load_key(folder, "tx");
    if (!key) return tl::unexpected(key.error());
    Bytes signed_bytes = draft.bytes;
    auto made = crypto::cose_sign_draft(signed_bytes, *key);
    if (!made) {  // it may have been made for the key's successor
        const auto next = crypto::load_key(folder.key("tx.next"));
        if (next) made = crypto::cose_sign_draft(signed_bytes, *next);
    }
    if (!made) {
        return give_up(ExitCode::kDenied, "the draft asks for no signature by this member",
                       "It names its signers by their tx keys: `assay key list` shows this one's.");
    }
    OpenDraft done(std::move(signed_bytes));
    const std::filesystem::path& out = options.out.empty() ? options.file : options.out;
    if (auto opened = open_draft(done, out.string()); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto written = write_draft(out, done.bytes); !written) {
        return tl::unexpected(written.error());
    }
    Output output = describe(done, out);
    output.text = "You have signed:\n" + output.text;
    return output;
}

namespace {

// So that the refusal names who must sign again, and not only that the ledger refuses.
Answer<void> check_signatures(const OpenDraft& draft, const Membership& membership) {
    for (const crypto::CoseSignature& signature : draft.tx.signatures) {
        const auto owner =
            std::ranges::find_if(membership.members, [&](const ledger::Member& member) {
                return crypto::key_id(member.tx) == signature.key_id;
            });
        if (owner == membership.members.end()) {
            return give_up(ExitCode::kVerificationFailed,
                           "key " + to_hex(signature.key_id) + " is no member's tx key any more",
                           "Make a new draft: `assay release draft`.");
        }
        if (crypto::is_blank(signature)) {
            return give_up(ExitCode::kNotReady, owner->name + " has not signed yet",
                           "It runs `assay release sign` on the draft, or hand in its copy too.");
        }
        if (!crypto::verify(signature, owner->tx)) {
            return give_up(ExitCode::kVerificationFailed,
                           "the signature of " + owner->name + " does not verify",
                           "It signs the draft again: `assay release sign`.");
        }
    }
    return {};
}

}  // namespace

Outcome submit_draft(const SubmitDraftOptions& options) {
    const MemberFolder folder(options.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    const auto membership = find_membership(folder, *daemon);
    if (!membership) return tl::unexpected(membership.error());
    std::vector<Bytes> copies;
    for (const std::filesystem::path& file : options.files) {
        auto bytes = read_draft(file);
        if (!bytes) return tl::unexpected(bytes.error());
        copies.push_back(std::move(*bytes));
    }
    auto merged = ledger::merge_drafts(copies);
    if (!merged) return give_up(merged.error());
    OpenDraft draft(std::move(*merged));
    if (auto opened = open_draft(draft, options.files.front().string()); !opened) {
        return tl::unexpected(opened.error());
    }
    if (auto checked = check_signatures(draft, *membership); !checked) {
        return tl::unexpected(checked.error());
    }
    const auto done = submit(*daemon, "consortium", draft.bytes, options.wait);
    if (!done) return tl::unexpected(done.error());
    Output output = describe(draft, options.files.front());
    output.json["leaf"] = done->leaf;
    output.json["final"] = done->is_final;
    output.text = fmt::format("{} {} (sequence {}) is {}\n  release  {}\n", draft.record.component,
                              draft.record.version, draft.record.sequence,
                              done->is_final ? "final" : "submitted", done->leaf);
    return output;
}

}  // namespace assay::gateway::cli
