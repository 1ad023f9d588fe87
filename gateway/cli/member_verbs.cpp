#include "gateway/cli/member_verbs.hpp"

#include "gateway/cli/cli11_support.hpp"

namespace assay::gateway::cli {
namespace {

void add_member_options(CLI::App& verb, MemberOptions& common) {
    add_dir(verb, common.dir);
    verb.add_option("--ledger", common.ledger, "consortium or gateway")->capture_default_str();
    verb.add_flag("--wait", common.wait, "Return when it is final");
}

void add_root_key(CLI::App& verb, RootSigning& root) {
    verb.add_option("--root-key", root.key,
                    "Decide as the member that holds this root key (default: this folder's)")
        ->check(CLI::ExistingFile);
}

void add_decision_options(CLI::App& verb, MemberOptions& common) {
    add_member_options(verb, common);
    add_root_options(verb, common.root);
}

void add_propose_verb(CLI::App& member, ProposeOptions& propose, std::function<void()> choose) {
    CLI::App* const verb =
        add_verb(member, "propose", "Propose a change of members; signed with the root key",
                 "assay member propose add-member --card new.card --dir oem\n"
                 "  assay member propose set-roles --member lab --roles supplier,node --dir oem",
                 std::move(choose));
    verb->add_option("kind", propose.kind,
                     "add-member, remove, set-roles, set-param or recover-key")
        ->required();
    verb->add_option("--member", propose.member, "Whom it is about");
    verb->add_option("--card", propose.card, "The new member's card, or the one with the new root key")
        ->check(CLI::ExistingFile);
    verb->add_option("--roles", propose.roles, "oem, supplier, node, gateway, auditor")
        ->delimiter(',');
    verb->add_option("--param", propose.param, "status-period or evidence-blocks-max");
    verb->add_option("--value", propose.value, "Its new value");
    verb->add_option("--blocks", propose.blocks, "How long it may be approved")
        ->capture_default_str();
    add_decision_options(*verb, propose.common);
}

void add_key_verbs(CLI::App& member, MemberRequest& request, std::function<Outcome()>& chosen) {
    CLI::App* const rotate =
        add_verb(member, "rotate", "Replace a key of this member; signed with the root key",
                 "assay member rotate --key seal --dir oem",
                 [&request, &chosen] { chosen = [&request] { return rotate_key(request.rotate); }; });
    rotate->add_option("--key", request.rotate.key, "tx, seal, vote, cosign, log or tls")
        ->required();
    add_decision_options(*rotate, request.rotate.common);
    CLI::App* const revoke =
        add_verb(member, "revoke", "Disown a tx key of this member; signed with the root key",
                 "assay member revoke --dir oem",
                 [&request, &chosen] { chosen = [&request] { return revoke_key(request.revoke); }; });
    revoke->add_option("--key-id", request.revoke.key_id, "Which (default: the one in use)");
    revoke->add_option("--since", request.revoke.since,
                       "Log entry from which it is not to be believed (default: from now on)");
    add_decision_options(*revoke, request.revoke.common);
}

}  // namespace

void add_root_options(CLI::App& verb, RootSigning& root) {
    add_root_key(verb, root);
    CLI::Option* const draft =
        verb.add_option("--draft", root.draft,
                        "Sign nothing: write the draft here, for `assay draft sign` where the root "
                        "key is kept");
    draft->excludes("--root-key");
    verb.add_option("--as", root.as_member, "Whose decision the draft is (default: this member's)")
        ->needs(draft);
}

void add_member_verbs(CLI::App& app, MemberRequest& request, std::function<Outcome()>& chosen) {
    CLI::App* const member = add_group(app, "member", "Members and how they change");
    add_member_options(
        *add_verb(*member, "list", "Show members, proposals, and what waits for an epoch",
                  "assay member list --dir oem",
                  [&request, &chosen] {
                      chosen = [&request] { return list_members(request.common); };
                  }),
        request.common);
    add_propose_verb(*member, request.propose, [&request, &chosen] {
        chosen = [&request] { return propose_change(request.propose); };
    });
    CLI::App* const approve =
        add_verb(*member, "approve", "Approve a proposal; signed with the root key",
                 "assay member approve LEAF --dir lab\n"
                 "  assay member approve LEAF --draft approval.draft --dir lab",
                 [&request, &chosen] {
                     chosen = [&request] { return approve_change(request.approve); };
                 });
    approve->add_option("leaf", request.approve.leaf, "The proposal: 64 hexadecimal digits")
        ->required();
    add_decision_options(*approve, request.approve.common);
    add_key_verbs(*member, request, chosen);

    CLI::App* const recover = add_verb(
        *member, "recover", "Sign the epoch that is due with the root key, when a quorum is lost",
        "assay member recover --dir oem --root-key lab-root.pem", [&request, &chosen] {
            chosen = [&request] { return recover_epoch(request.common); };
        });
    add_member_options(*recover, request.common);
    add_root_key(*recover, request.common.root);
    add_member_options(
        *add_verb(*member, "resume", "Vote again after the record of own votes was lost",
                  "assay member resume --dir oem",
                  [&request, &chosen] {
                      chosen = [&request] { return resume_voting(request.common); };
                  }),
        request.common);
}

void add_draft_verbs(CLI::App& app, DraftRequest& request, std::function<Outcome()>& chosen) {
    CLI::App* const group =
        add_group(app, "draft", "What is signed by several, or where there is no network");
    SignDraftOptions& options = request.sign;
    CLI::App* const show =
        add_verb(*group, "show", "Show what a draft says, and who has signed it",
                 "assay draft show fw.draft", [&request, &chosen] {
                     chosen = [&request] { return show_draft(request.sign); };
                 });
    CLI::App* const sign = add_verb(
        *group, "sign", "Show a draft and sign it; needs no daemon and no network",
        "assay draft sign fw.draft --dir lab\n"
        "  assay draft sign approval.draft --key root.pem --genesis consortium.genesis",
        [&request, &chosen] { chosen = [&request] { return sign_draft(request.sign); }; });
    for (CLI::App* const verb : {show, sign}) {
        verb->add_option("draft", options.file, "The draft")->required()->check(CLI::ExistingFile);
    }
    sign->add_option("--out", options.out, "Write the signed copy here instead");
    CLI::Option* const key =
        sign->add_option("--key", options.key, "The key to sign with (default: the folder's)");
    key->check(CLI::ExistingFile);
    sign->add_option("--genesis", options.genesis,
                     "Genesis of the ledger it is for (default: the folder's)")
        ->check(CLI::ExistingFile)
        ->needs(key);
    add_dir(*sign, options.dir);

    CLI::App* const submit =
        add_verb(*group, "submit", "Put a draft that all have signed on its ledger",
                 "assay draft submit fw.draft fw.lab.draft --dir oem --wait",
                 [&request, &chosen] {
                     chosen = [&request] { return submit_draft(request.submit); };
                 });
    submit->add_option("drafts", request.submit.files, "The draft, or the signers' copies of it")
        ->required()
        ->check(CLI::ExistingFile);
    submit->add_flag("--wait", request.submit.wait, "Return when it is final");
    add_dir(*submit, request.submit.dir);
}

}  // namespace assay::gateway::cli
