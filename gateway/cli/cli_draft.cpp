// assay draft show, sign, submit: what is signed by several members, or by a key that is kept where
// there is no network.

#include <algorithm>

#include <fmt/format.h>

#include "gateway/cli/member_verbs.hpp"
#include "gateway/cli/transaction_draft.hpp"
#include "host/base/file.hpp"
#include "host/base/text_encoding.hpp"
#include "host/crypto/key_file.hpp"

namespace assay::gateway::cli {
namespace {

Answer<TransactionDraft> open_draft_file(const std::filesystem::path& file) {
    auto bytes = read_draft(file);
    if (!bytes) return tl::unexpected(bytes.error());
    return open_draft(std::move(*bytes), file);
}

Answer<std::vector<ledger::ChainId>> ledgers_of_signer(const SignDraftOptions& options) {
    if (options.genesis.empty()) {
        const MemberFolder folder(options.dir);
        if (auto found = require_member_folder(folder); !found) {
            found.error().advice =
                "Name the folder with --dir, or the files with --key and --genesis.";
            return tl::unexpected(found.error());
        }
        return read_chain_ids(folder);
    }
    const auto bytes = read_file(options.genesis, ledger::kGenesisBytesMax);
    if (!bytes) return give_up(bytes.error());
    if (const auto genesis = ledger::decode_genesis(*bytes); !genesis) {
        return give_up(Error(genesis.error()).within(options.genesis.string()));
    }
    return std::vector{ledger::chain_id_of(*bytes)};
}

// The one that is named, or all of the folder that may be asked for: a draft may have been made for
// the tx key's successor, or for the root key.
Answer<std::vector<crypto::PrivateKey>> keys_of_signer(const SignDraftOptions& options) {
    std::vector<crypto::PrivateKey> keys;
    if (!options.key.empty()) {
        auto key = crypto::load_key(options.key);
        if (!key) return give_up(key.error());
        keys.push_back(std::move(*key));
        return keys;
    }
    const MemberFolder folder(options.dir);
    for (const std::string_view name : {"tx", "tx.next", "root"}) {
        auto key = crypto::load_key(folder.key(name));
        if (key) {
            keys.push_back(std::move(*key));
        } else if (!key.error().is(std::errc::no_such_file_or_directory)) {
            return give_up(Error(key.error()).within(std::string(name) + " key"));
        }
    }
    return keys;
}

// So that the refusal names who must sign again, and not only that the ledger refuses.
Answer<void> check_signatures(const TransactionDraft& draft, const Membership& membership) {
    for (const crypto::CoseSignature& signature : draft.tx.signatures) {
        const crypto::PublicKey* key = nullptr;
        const auto owner =
            std::ranges::find_if(membership.members, [&](const ledger::Member& member) {
                for (const crypto::PublicKey* const candidate : {&member.tx, &member.root}) {
                    if (crypto::key_id(*candidate) == signature.key_id) key = candidate;
                }
                return key != nullptr;
            });
        if (owner == membership.members.end()) {
            return give_up(ExitCode::kVerificationFailed,
                           "key " + to_hex(signature.key_id) + " is no member's any more",
                           "Make a new draft.");
        }
        if (crypto::is_blank(signature)) {
            return give_up(ExitCode::kNotReady, owner->name + " has not signed yet",
                           "It runs `assay draft sign` on the draft, or hand in its copy too.");
        }
        if (!crypto::verify(signature, *key)) {
            return give_up(ExitCode::kVerificationFailed,
                           "the signature of " + owner->name + " does not verify",
                           "It signs the draft again: `assay draft sign`.");
        }
    }
    return {};
}

// The ledger that the draft is for: one of the member's.
Answer<Membership> membership_for(const MemberFolder& folder,
                                  const DaemonClient& daemon,
                                  const ledger::ChainId& chain_id) {
    const auto ids = read_chain_ids(folder);
    if (!ids) return tl::unexpected(ids.error());
    const auto found = std::ranges::find(*ids, chain_id);
    if (found == ids->end()) {
        return give_up(ExitCode::kUsage, "the draft is for a ledger that this member is not on");
    }
    return find_membership(folder, daemon, found == ids->begin() ? "consortium" : "gateway");
}

}  // namespace

Outcome show_draft(const SignDraftOptions& options) {
    const auto draft = open_draft_file(options.file);
    if (!draft) return tl::unexpected(draft.error());
    return describe_draft(*draft, options.file);
}

Outcome sign_draft(const SignDraftOptions& options) {
    const auto ledgers = ledgers_of_signer(options);
    if (!ledgers) return tl::unexpected(ledgers.error());
    const auto draft = open_draft_file(options.file);
    if (!draft) return tl::unexpected(draft.error());
    if (std::ranges::find(*ledgers, draft->tx.body.chain_id) == ledgers->end()) {
        return give_up(ExitCode::kVerificationFailed,
                       "the draft is for another ledger than this member's",
                       "Do not sign it. Ask whoever made it which consortium it is for.");
    }
    const auto keys = keys_of_signer(options);
    if (!keys) return tl::unexpected(keys.error());
    Bytes signed_bytes = draft->bytes;
    const bool is_signed = std::ranges::any_of(*keys, [&](const crypto::PrivateKey& key) {
        return crypto::cose_sign_draft(signed_bytes, key).has_value();
    });
    if (!is_signed) {
        return give_up(ExitCode::kDenied, "the draft asks for no signature by this member",
                       "It names its signers by their keys: `assay draft show` and `assay key list` "
                       "show them.");
    }
    const std::filesystem::path& out = options.out.empty() ? options.file : options.out;
    const auto done = open_draft(std::move(signed_bytes), options.file);
    if (!done) return tl::unexpected(done.error());
    if (auto written = write_draft(out, done->bytes); !written) {
        return tl::unexpected(written.error());
    }
    Output output = describe_draft(*done, out);
    output.text = "You have signed " + output.text;
    return output;
}

Outcome submit_draft(const SubmitDraftOptions& options) {
    const MemberFolder folder(options.dir);
    const auto daemon = DaemonClient::open(folder);
    if (!daemon) return tl::unexpected(daemon.error());
    std::vector<Bytes> copies;
    for (const std::filesystem::path& file : options.files) {
        auto bytes = read_draft(file);
        if (!bytes) return tl::unexpected(bytes.error());
        copies.push_back(std::move(*bytes));
    }
    auto merged = ledger::merge_drafts(copies);
    if (!merged) return give_up(merged.error());
    const auto draft = open_draft(std::move(*merged), options.files.front());
    if (!draft) return tl::unexpected(draft.error());
    const auto membership = membership_for(folder, *daemon, draft->tx.body.chain_id);
    if (!membership) return tl::unexpected(membership.error());
    if (auto checked = check_signatures(*draft, *membership); !checked) {
        return tl::unexpected(checked.error());
    }
    const auto done = submit(*daemon, membership->ledger, draft->bytes, options.wait);
    if (!done) return tl::unexpected(done.error());
    Output output = describe_draft(*draft, options.files.front());
    output.json["leaf"] = done->leaf;
    output.json["final"] = done->is_final;
    output.text = fmt::format("{} is {}: {}\n", draft->tx.subject,
                              done->is_final ? "final" : "submitted", done->leaf);
    return output;
}

}  // namespace assay::gateway::cli
